import { CompiledQuery, type Kysely, sql } from 'kysely';
import { addToDaily } from './daily-counts.ts';
import { type SlotSettings, slotRule, writtenSlot } from './guide-due.ts';
import { slotsFrom } from './guide-slots.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;

export type PostState = 'posting' | 'posted' | 'failed' | 'uncertain';

/** ISO 8601 in UTC with microseconds, so that the same instant can go back into a statement. */
const iso = (instant: string): string => `to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** When the slot of an instant began, as its posts have it. */
export async function readSlotStart(db: Db, now: string, settings: SlotSettings): Promise<string> {
  const text = `select ${iso(writtenSlot('$2::timestamptz', settings))} as start`;
  const { rows } = await db.executeQuery<{ start: string }>(CompiledQuery.raw(text, [settings.timeZone, now]));
  const [row] = rows;
  if (row === undefined) throw new Error('the slot returned no row');
  return row.start;
}

export interface UpcomingSlot {
  /** ISO 8601 in UTC. */
  start: string;
  /** In TIMEZONE: `2026-05-01 04:00`. */
  local: string;
  /** Channels have, or are to have, a guide in it already. */
  begun: boolean;
}

/** The slot of an instant and those after it. */
export async function readSlotsFrom(
  db: Db,
  now: string,
  settings: SlotSettings,
  count: number,
): Promise<UpcomingSlot[]> {
  const text = `
    select ${iso('start')} as start, to_char(start at time zone $1::text, 'YYYY-MM-DD HH24:MI') as local,
           exists (select from telesweep.guide_posts
             where schema_name = $schema and slot = case when start <= $2::timestamptz then ${writtenSlot('$2::timestamptz', settings)} else start end) as begun
    from (${slotsFrom('$2::timestamptz', slotRule(settings), count)}) as slots order by 1`;
  const { rows } = await db.executeQuery<UpcomingSlot>(CompiledQuery.raw(text, [settings.timeZone, now]));
  return rows;
}

export interface SlotPost {
  chat_id: string;
  guide_id: string;
  state: PostState;
  /** The chat's id where it is another than the configured one. */
  sent_to: string | null;
}

/** What is written of a slot, in order of the chats. */
export async function readPostsOfSlot(db: Db, slot: string): Promise<SlotPost[]> {
  const { rows } = await sql<SlotPost>`
    select chat_id, guide_id, state, sent_to from telesweep.guide_posts
    where schema_name = $schema and slot = ${slot}::timestamptz order by chat_id`.execute(db);
  return rows;
}

/** A guide's place in the rotation when it was posted. */
export interface LastGuide {
  id: string;
  position: number | null;
}

/** The guide of the latest slot, whatever became of its posts; null where there was none. */
export async function readLastGuide(db: Db): Promise<LastGuide | null> {
  const { rows } = await sql<LastGuide>`
    select guide_id as id, position::float8 as position from telesweep.guide_posts
    where schema_name = $schema order by slot desc, state = 'failed' limit 1`.execute(db);
  return rows[0] ?? null;
}

/** The start of the latest slot in which each guide was posted: ISO in UTC, and in the zone. */
export async function readLastPosted(
  db: Db,
  timeZone: string,
): Promise<ReadonlyMap<string, { start: string; local: string }>> {
  const { rows } = await sql<{ guide_id: string; start: string; local: string }>`
    select guide_id, ${sql.raw(iso('max(slot)'))} as start,
           to_char(max(slot) at time zone ${timeZone}::text, 'YYYY-MM-DD HH24:MI') as local
    from telesweep.guide_posts where schema_name = $schema and state = 'posted' group by guide_id`.execute(db);
  return new Map(rows.map(({ guide_id, start, local }) => [guide_id, { start, local }]));
}

/** A post of the chat `asked` that stands, or may stand, in it under another of its names. */
export const isOfOtherName = sql`other.chat_id <> asked.chat_id and other.state <> 'failed'
          and (lower(other.chat_id) = lower(asked.chat_id) or other.sent_to = asked.chat_id
               or other.chat_id = asked.sent_to or other.sent_to = asked.sent_to)`;

/** Whether a chat has its post in the slot under another of its names. */
export async function hasPostByOtherName(
  db: Db,
  slot: string,
  { chatId, sentTo }: { chatId: string; sentTo: string | null },
): Promise<boolean> {
  const { rows } = await sql<{ has: boolean }>`
    select exists (
      select from telesweep.guide_posts as other, (select ${chatId}::text as chat_id, ${sentTo}::text as sent_to) as asked
      where other.schema_name = $schema and other.slot = ${slot}::timestamptz and ${isOfOtherName}) as has`.execute(db);
  return rows[0]?.has === true;
}

/** Posts that an ended pass was about to make: whether they arrived cannot be known any more. */
export async function settleOpenPosts(db: Db): Promise<{ slot: string; chat_id: string; guide_id: string }[]> {
  const { rows } = await sql<{ slot: string; chat_id: string; guide_id: string }>`
    with post as (
      update telesweep.guide_posts
      set state = 'uncertain', error = 'the pass that was sending it ended before the answer came'
      where schema_name = $schema and state = 'posting'
      returning slot, chat_id, guide_id, state
    ), counted as (${addToTotals}), figures as (${postFigures}), noted as (${addTodays})
    select ${sql.raw(iso('slot'))} as slot, chat_id, guide_id from post order by slot, chat_id`.execute(db);
  return rows;
}

/** Fails the posts of a guide that cannot be posted, without a call. */
export async function failPosts(
  db: Db,
  slot: string,
  guide: LastGuide,
  chatIds: readonly string[],
  error: string,
): Promise<void> {
  await sql`
    with post as (
      insert into telesweep.guide_posts as post (schema_name, slot, chat_id, guide_id, position, state, error)
      select $schema, ${slot}::timestamptz, chat_id, ${guide.id}::text, ${guide.position}::bigint, 'failed', ${error}::text
      from unnest(${[...chatIds]}::text[]) as channel (chat_id)
      on conflict (schema_name, slot, chat_id) do update
        set guide_id = excluded.guide_id, position = excluded.position, error = excluded.error
        where post.state = 'failed'
      returning state
    ), figures as (${postFigures}), noted as (${addTodays}) ${addToTotals}`.execute(db);
}

/** Forgets posts past their time; those of the last slot stay, because the rotation goes on from it. */
export async function prunePosts(db: Db, days: { posted: number; failed: number }): Promise<void> {
  await sql`
    delete from telesweep.guide_posts
    where schema_name = $schema and slot < now() - make_interval(days => case when state = 'posted' then ${days.posted}::int else ${days.failed}::int end)
      and slot < (select max(slot) from telesweep.guide_posts where schema_name = $schema)`.execute(db);
}

export const addToTotals = sql`
  insert into telesweep.guide_totals as totals (schema_name, status, total)
  select $schema, state, count(*) from post group by state
  on conflict (schema_name, status) do update set total = totals.total + excluded.total`;

/** Each failed try counts, so that what fails first and is posted then is in both. */
export const postFigures = sql`select 'guides_' || state as metric, count(*) as value from post group by state`;

const addTodays = sql.raw(addToDaily('select $today as day, metric, value from figures'));
