import { type Kysely, sql } from 'kysely';
import { mayBeTried } from './due.ts';
import { instant } from './instant.ts';
import { retryWaitSeconds } from './retry-wait.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;

/** A row of the ledger as a pass works on it. What a bot wrote is checked by the job. */
export interface LedgerRow {
  broadcast_id: string;
  chat_id: string;
  message_id: string;
  attempts: number;
  sent_key: string | null;
}

const tooOld = (now: string) => sql`sent_at <= ${now}::timestamptz - interval '48 hours'`;
const expiredBroadcasts = (now: string) =>
  sql`select id from broadcasts where delete_at <= ${now}::timestamptz and failed_at is null`;
const mayBeTriedAt = (now: string) => sql.raw(mayBeTried(`'${instant(now)}'::timestamptz`));

/**
 * The next rows of the broadcasts in the order of their 48-hour deadline. Each broadcast gives its own first rows from
 * the index, so that no page sorts a whole ledger. Rows past 48 hours are not read.
 * @param after the last row of the page before; null for the first page
 */
export async function readLedgerPage(
  db: Db,
  now: string,
  broadcastIds: readonly string[],
  after: LedgerRow | null,
  limit: number,
): Promise<LedgerRow[]> {
  const from =
    after === null
      ? sql`true`
      : sql`(message.sent_at, message.chat_id, message.message_id)
            > (${after.sent_key}::timestamptz, ${after.chat_id}::bigint, ${after.message_id}::bigint)`;
  const { rows } = await sql<LedgerRow>`
    select page.broadcast_id::text, page.chat_id::text, page.message_id::text, page.attempts, page.sent_at::text as sent_key
    from unnest(${[...broadcastIds]}::bigint[]) as expired (id)
    cross join lateral (
      select broadcast_id, chat_id, message_id, attempts, sent_at from broadcast_messages as message
      where message.broadcast_id = expired.id and ${mayBeTriedAt(now)}
        and message.sent_at > ${now}::timestamptz - interval '48 hours' and ${from}
      order by message.sent_at, message.chat_id, message.message_id limit ${limit}
    ) as page
    order by page.sent_at, page.chat_id, page.message_id limit ${limit}`.execute(db);
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
    select broadcast_id::text, chat_id::text, message_id::text, attempts, sent_at::text as sent_key
    from broadcast_messages
    where broadcast_id = any(${[...broadcastIds]}::bigint[]) and chat_id = any(${[...chatIds]}::bigint[])
      and ${mayBeTriedAt(now)} and not ${tooOld(now)}`.execute(db);
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
  const result = await sql`
    update broadcast_messages set failed_at = now(), failure = 'too_old', next_attempt_at = null
    where ${due} and ctid = any(array(
      select ctid from broadcast_messages where ${due} limit ${limit} for update skip locked))`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

type Key = Pick<LedgerRow, 'broadcast_id' | 'chat_id' | 'message_id'>;

/** Removes settled rows. A row that somebody else holds locked stays for a later pass. */
export async function removeMessages(db: Db, rows: readonly Key[]): Promise<void> {
  await sql`
    with ${settled(rows)}
    delete from broadcast_messages as message using settled
    where ${sameKey} and message.ctid = any(array(${placesOf(sql`for update skip locked`)}))`.execute(db);
}

/** Keeps rows for the operator, with the reason; they are not tried again by themselves. */
export async function failMessages(db: Db, rows: readonly (Key & { failure: string })[]): Promise<void> {
  await sql`
    with ${settled(rows, sql`, ${rows.map(({ failure }) => failure)}::text[]`, sql`, failure`)}
    update broadcast_messages as message
    set failed_at = now(), failure = settled.failure, attempts = attempts + 1, next_attempt_at = null
    from settled where ${sameKey} and message.ctid = any(array(${placesOf()}))`.execute(db);
}

/** Leaves rows for a later pass, after a wait that grows with each attempt. */
export async function deferMessages(db: Db, rows: readonly (Key & { attempts: number })[]): Promise<void> {
  const attempts = rows.map((row) => row.attempts + 1);
  await sql`
    with ${settled(rows, sql`, ${attempts}::int[], ${attempts.map(retryWaitSeconds)}::float8[]`, sql`, attempts, wait`)}
    update broadcast_messages as message
    set attempts = settled.attempts,
        next_attempt_at = least(
          now() + make_interval(secs => settled.wait),
          greatest(message.sent_at + interval '47 hours 50 minutes', now() + interval '30 seconds'))
    from settled where ${sameKey} and message.ctid = any(array(${placesOf()}))`.execute(db);
}

/** Beside the ctid, which the tables of a partitioned ledger may use for another row. */
const sameKey = sql`message.broadcast_id = settled.broadcast_id and message.chat_id = settled.chat_id
      and message.message_id = settled.message_id`;

function settled(rows: readonly Key[], moreValues = sql``, moreNames = sql``) {
  return sql`settled (broadcast_id, chat_id, message_id${moreNames}) as materialized (
      select * from unnest(
        ${rows.map((row) => row.broadcast_id)}::bigint[], ${rows.map((row) => row.chat_id)}::bigint[],
        ${rows.map((row) => row.message_id)}::bigint[]${moreValues}))`;
}

/**
 * Each row by the index, which the offset holds the planner to: it would read a ledger of 100,000 rows from end to end, 11 ms
 * for a thousand rows instead of 4.
 */
const placesOf = (locking = sql``) => sql`
      select place from settled cross join lateral (
        select ctid as place from broadcast_messages as message where ${sameKey} offset 0 ${locking}) as found`;

/** Messages of the expired broadcasts that may be tried now: 0.16 s a million, where `countLedger` takes 2.5 s. */
export async function countDueMessages(db: Db, now: string): Promise<number> {
  const { rows } = await sql<{ messages: number }>`
    select count(*)::int as messages from broadcast_messages
    where broadcast_id in (${expiredBroadcasts(now)}) and ${mayBeTriedAt(now)}`.execute(db);
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
      select chat_id, message_id, ${tooOld(now)} as too_old, message_id < 1 or message_id > 2147483647 or chat_id = 0 as bad
      from broadcast_messages
      where broadcast_id in (${expiredBroadcasts(now)})
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
    from broadcasts as broadcast
    cross join lateral (
      select count(*) filter (where failed_at is null)::int as messages,
             count(failed_at)::int as failed,
             count(*) filter (where failed_at is null and ${tooOld(now)})::int as past_48h
      from broadcast_messages where broadcast_id = broadcast.id
    ) as ledger
    where broadcast.delete_at <= ${now}::timestamptz and broadcast.failed_at is null
    order by broadcast.id limit ${limit}`.execute(db);
  return rows;
}
