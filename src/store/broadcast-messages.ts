import { type Kysely, type RawBuilder, sql } from 'kysely';
import { dueBroadcasts } from './broadcast-due.ts';
import { addToDaily } from './daily-counts.ts';
import { deletable } from './deletable.ts';
import { mayBeTried } from './due.ts';
import { instant, instantText } from './instant.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;

/** A row of the ledger as a pass works on it. What a bot wrote is checked by the job. */
export interface LedgerRow {
  broadcast_id: string;
  chat_id: string;
  message_id: string;
  attempts: number;
  refusals: number;
  /** Seconds since the first of the refusals; 0 where there was none. */
  refused_for: number;
  /** Seconds since the message was sent; null where nobody knows. */
  age: number | null;
  /** Where the next page starts; null for one that nobody dated. */
  sent_key: string | null;
}

/** Everything as text that means the same in every session. */
const columns = (now: string) => sql`
  broadcast_id::text, chat_id::text, message_id::text, attempts, refusals,
  coalesce(extract(epoch from ${now}::timestamptz - refused_since), 0)::numeric as refused_for,
  (extract(epoch from ${now}::timestamptz) - extract(epoch from sent_at))::numeric as age,
  ${sql.raw(instantText('sent_at'))} as sent_key`;

const tooOld = (now: string) => sql`sent_at <= ${now}::timestamptz - ${sql.raw(deletable)}`;
const dueIds = (now: string) => sql.raw(`select id from (${dueBroadcasts(`'${instant(now)}'::timestamptz`)}) as due`);
const mayBeTriedAt = (now: string) => sql.raw(mayBeTried(`'${instant(now)}'::timestamptz`));

/** What only a table without a key can hold: no write could find it again. */
const isNamed = sql`chat_id is not null and message_id is not null`;

/** Gives up rows that name no chat or no message. @returns the reason of each */
export async function failUnnamedMessages(db: Db, broadcastIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ failure: string }>`
    with failed as (
      update $bots.broadcast_messages set failed_at = now(), next_attempt_at = null,
        failure = case when chat_id is null then 'bad_chat_id' else 'bad_message_id' end
      where broadcast_id = any(${[...broadcastIds]}::bigint[]) and failed_at is null and not (${isNamed})
      returning failure
    ), counted as (
      ${sql.raw(addToDaily(`select $today as day, 'broadcast_messages_failed' as metric, count(*) as value from failed`))}
    )
    select failure from failed`.execute(db);
  return rows.map(({ failure }) => failure);
}

/**
 * The next rows of the broadcasts in the order of their 48-hour deadline, undated ones last. Each broadcast gives its own first
 * rows from the index, so that no page sorts a whole ledger. Rows past 48 hours are not read.
 * @param after the last row of the page before; null for the first page
 */
export async function readLedgerPage(
  db: Db,
  now: string,
  broadcastIds: readonly string[],
  after: LedgerRow | null,
  limit: number,
): Promise<LedgerRow[]> {
  const place = after && sql`${after.chat_id}::bigint, ${after.message_id}::bigint`;
  if (after?.sent_key === null) {
    const from = sql`sent_at is null and (chat_id, message_id) > (${place})`;
    return readPart(db, now, broadcastIds, from, limit);
  }
  const inTime = sql`sent_at > ${now}::timestamptz - ${sql.raw(deletable)}`;
  const from =
    after === null ? inTime : sql`(sent_at, chat_id, message_id) > (${after.sent_key}::timestamptz, ${place})`;
  const rows = await readPart(db, now, broadcastIds, from, limit);
  if (rows.length === limit) return rows;
  return [...rows, ...(await readPart(db, now, broadcastIds, sql`sent_at is null`, limit - rows.length))];
}

async function readPart(
  db: Db,
  now: string,
  broadcastIds: readonly string[],
  from: RawBuilder<unknown>,
  limit: number,
): Promise<LedgerRow[]> {
  const { rows } = await sql<LedgerRow>`
    select page.* from unnest(${[...broadcastIds]}::bigint[]) as expired (id)
    cross join lateral (
      select ${columns(now)} from $bots.broadcast_messages
      where broadcast_id = expired.id and ${mayBeTriedAt(now)} and ${isNamed} and ${from}
      order by broadcast_messages.sent_at, broadcast_messages.chat_id, broadcast_messages.message_id limit ${limit}
    ) as page
    order by page.age desc, page.chat_id::bigint, page.message_id::bigint limit ${limit}`.execute(db);
  return rows;
}

/** What the other broadcasts put into the same chats, so that it travels in the same calls. */
export async function readSameChats(
  db: Db,
  now: string,
  broadcastIds: readonly string[],
  chatIds: readonly string[],
): Promise<LedgerRow[]> {
  const { rows } = await sql<LedgerRow>`
    select ${columns(now)} from $bots.broadcast_messages
    where broadcast_id = any(${[...broadcastIds]}::bigint[]) and chat_id = any(${[...chatIds]}::bigint[])
      and ${mayBeTriedAt(now)} and message_id is not null and ${tooOld(now)} is not true`.execute(db);
  return rows;
}

/** Gives up rows past 48 hours, some thousands a statement. @returns how many; 0 when none is left */
export async function failTooOldMessages(
  db: Db,
  now: string,
  broadcastIds: readonly string[],
  limit: number,
): Promise<number> {
  const due = sql`broadcast_id = any(${[...broadcastIds]}::bigint[]) and failed_at is null and ${tooOld(now)}`;
  const { rows } = await sql<{ failed: number }>`
    with failed as (
      update $bots.broadcast_messages set failed_at = now(), failure = 'too_old', next_attempt_at = null
      where ${due} and ctid = any(array(
        select ctid from $bots.broadcast_messages where ${due} limit ${limit} for update skip locked))
      returning failed_at
    ), counted as (
      ${sql.raw(
        addToDaily(`
          select $today as day, metric, count(failed_at) as value
          from failed cross join unnest('{broadcast_messages_failed,broadcast_messages_too_old}'::text[]) as metric group by metric`),
      )}
    )
    select count(failed_at)::int as failed from failed`.execute(db);
  return rows[0]?.failed ?? 0;
}

/** Messages of the due broadcasts that may be tried now: 0.16 s a million, where `countLedger` takes 2.5 s. */
export async function countDueMessages(db: Db, now: string): Promise<number> {
  const { rows } = await sql<{ messages: number }>`
    select count(*)::int as messages from $bots.broadcast_messages
    where broadcast_id in (${dueIds(now)}) and ${mayBeTriedAt(now)}`.execute(db);
  return rows[0]?.messages ?? 0;
}

export interface LedgerCount {
  messages: number;
  too_old: number;
  bad: number;
  /** Calls that delete them, messages of one chat together. */
  calls: number;
}

/** What a pass would find, for a dry run. @param limit messages at most; null for all */
export async function countLedger(db: Db, now: string, limit: number | null): Promise<LedgerCount> {
  const { rows } = await sql<LedgerCount>`
    with due as (
      select chat_id, message_id, ${tooOld(now)} as too_old, (message_id between 1 and 2147483647 and chat_id <> 0) is not true as bad
      from $bots.broadcast_messages
      where broadcast_id in (${dueIds(now)})
        and ${mayBeTriedAt(now)}
      order by sent_at limit ${limit}
    ), chats as (
      select count(distinct message_id) as messages from due where not too_old and not bad group by chat_id
    )
    select (select count(*)::int from due where not too_old and not bad) as messages,
           (select count(*)::int from due where too_old) as too_old,
           (select count(*)::int from due where bad and not too_old) as bad,
           (select coalesce(sum(ceil(messages / 100.0)), 0)::int from chats) as calls`.execute(db);
  return rows[0] ?? { messages: 0, too_old: 0, bad: 0, calls: 0 };
}

export interface BroadcastSample {
  id: string;
  text: string | null;
  messages: number;
  failed: number;
  past_48h: number;
  /** False for one whose rows were never written, as far as a pass before this one has seen. */
  had_ledger: boolean;
}

/** The expired broadcasts, for a person. */
export async function sampleExpiredBroadcasts(db: Db, now: string, limit: number): Promise<BroadcastSample[]> {
  const { rows } = await sql<BroadcastSample>`
    select broadcast.id::text, coalesce(text, caption, file_id) as text, messages, failed, past_48h,
           deletion_started_at is not null as had_ledger
    from $bots.broadcasts as broadcast
    cross join lateral (
      select count(*) filter (where failed_at is null)::int as messages,
             count(failed_at)::int as failed,
             count(*) filter (where failed_at is null and ${tooOld(now)})::int as past_48h
      from $bots.broadcast_messages where broadcast_id = broadcast.id
    ) as ledger
    where broadcast.delete_at <= ${now}::timestamptz and broadcast.failed_at is null
    order by broadcast.id limit ${limit}`.execute(db);
  return rows;
}
