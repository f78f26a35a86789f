import { type Kysely, sql } from 'kysely';
import { anyDueDeletion, isDueDeletion } from './due.ts';
import { instant, instantText } from './instant.ts';
import { leaseSeconds } from './runs.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;

/** A due record as a pass works on it. What a bot wrote is checked by the job. */
export interface DueRecord {
  id: string;
  chat_id: string | null;
  user_id: string | null;
  message_ids: (string | null)[] | null;
  unique_id: string | null;
  attempts: number;
  refusals: number;
  /** Seconds since the first of the refusals; 0 where there was none. */
  refused_for: number;
  /** Seconds since the messages were sent; null where nobody knows. */
  age: number | null;
  /** Seconds since they were to go, by the database's clock when the row was read. */
  late: number;
  messages_deleted: boolean;
  /** A pass before this one was about to send the notice and never learned what became of it. */
  notice_open: boolean;
  /** The notice was sent; the database did not let the record go. */
  notice_sent: boolean;
  /** Where the next page starts; null for one that nobody dated. */
  created_key: string | null;
}

/** The end of the last page: records are read in the order of (created_at, id), undated ones last. */
export interface PageKey {
  created_key: string | null;
  id: string;
}

const due = (now: string) => sql.raw(isDueDeletion(`'${instant(now)}'::timestamptz`));

/** Everything as text that means the same in every session; the driver hands an `integer` back as a number. */
const columns = (now: string) => sql`
    id::text, chat_id::text, user_id::text, message_ids::text[], unique_id::text, attempts, refusals,
    coalesce(extract(epoch from ${now}::timestamptz - refused_since), 0)::numeric as refused_for,
    (extract(epoch from ${now}::timestamptz) - extract(epoch from created_at))::numeric as age,
    (extract(epoch from clock_timestamp()) - extract(epoch from delete_at))::numeric as late,
    messages_deleted_at is not null as messages_deleted, notice_started_at is not null as notice_open,
    notice_sent_at is not null as notice_sent, ${sql.raw(instantText('created_at'))} as created_key`;

/**
 * The next records whose messages are to be deleted, or that an earlier pass left in doubt, in the order of work: nearest to
 * 48 hours after sending first. Those that are owed a notice alone come by `readOwedRecords`.
 * @param after the last record of the page before; null for the first page
 */
export async function readDueRecords(db: Db, now: string, after: PageKey | null, limit: number): Promise<DueRecord[]> {
  const dated =
    after === null
      ? sql`created_at is not null`
      : sql`(created_at, id) > (${after.created_key}::timestamptz, ${after.id}::bigint)`;
  const from = after?.created_key === null ? sql`created_at is null and id > ${after.id}::bigint` : dated;
  const { rows } = await sql<DueRecord>`
    select ${columns(now)} from $bots.pending_deletions
    where ${due(now)} and ${from}
      and (messages_deleted_at is null or notice_started_at is not null or notice_sent_at is not null)
    order by pending_deletions.created_at, pending_deletions.id limit ${limit}`.execute(db);
  if (rows.length === limit || after?.created_key === null) return rows;
  const { rows: undated } = await sql<DueRecord>`
    select ${columns(now)} from $bots.pending_deletions
    where ${due(now)} and created_at is null
      and (messages_deleted_at is null or notice_started_at is not null or notice_sent_at is not null)
    order by pending_deletions.id limit ${limit - rows.length}`.execute(db);
  return [...rows, ...undated];
}

/**
 * Where a table has no statistics, or old ones from when it was empty, PostgreSQL takes "is null" for 1 row in 200: with two more of
 * them it thought that one row is owed, and sorted all for each chat, 20 s for 500 chats among 200,000 rows.
 */
const isOwed = (now: string) =>
  sql`${due(now)} and messages_deleted_at is not null and num_nulls(notice_started_at, notice_sent_at) > 1`;

/**
 * Records whose messages are deleted and whose readers are owed a notice: the first of each chat, from one chat to the next
 * without reading all that one of them is owed.
 * @param after the last chat of the read before; null for the first
 */
export async function readOwedRecords(
  db: Db,
  now: string,
  after: string | null,
  limits: { chats: number; ofChat: number },
): Promise<DueRecord[]> {
  const { rows } = await sql<DueRecord>`
    with recursive chats (chat_id, n) as (
      (select chat_id::bigint, 1 from $bots.pending_deletions
       where ${isOwed(now)} and ${after === null ? sql`true` : sql`chat_id > ${after}::bigint`} order by 1 limit 1)
      union all
      select (select record.chat_id::bigint from $bots.pending_deletions as record
              where ${isOwed(now)} and record.chat_id > chats.chat_id order by record.chat_id limit 1), n + 1
      from chats where chats.chat_id is not null and n < ${limits.chats}
    )
    select owed.* from chats cross join lateral (
      select ${columns(now)} from $bots.pending_deletions
      where ${isOwed(now)} and pending_deletions.chat_id = chats.chat_id
      order by pending_deletions.created_at, pending_deletions.id limit ${limits.ofChat}
    ) as owed where chats.chat_id is not null`.execute(db);
  return rows;
}

/** How many records are due, for the progress. */
export async function countDueRecords(db: Db, now: string): Promise<number> {
  const { rows } = await sql<{
    n: number;
  }>`select count(*)::int as n from $bots.pending_deletions where ${due(now)}`.execute(db);
  return rows[0]?.n ?? 0;
}

/** What a pass that stays finds where it has nothing to do. */
export interface NextDue {
  /** The database's clock, as `JobContext.now`. */
  now: string;
  leaseHeld: boolean;
  /** Some are due now, perhaps those that are at work. */
  due: boolean;
  /** Seconds until the next one becomes due; null where none is to come. */
  seconds: number | null;
}

/** One cheap question, which keeps the lease as well. */
export async function readNextDue(db: Db, job: string, runId: string): Promise<NextDue> {
  const { rows } = await sql<{ now: string; lease_held: boolean; due: boolean; seconds: number | null }>`
    with lease as (
      update telesweep.leases set expires_at = clock_timestamp() + make_interval(secs => ${sql.lit(leaseSeconds)})
      where schema_name = $schema and job = ${job} and run_id = ${runId} returning 1
    )
    select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now,
           exists (select from lease) as lease_held, ${sql.raw(anyDueDeletion)} as due,
           (select extract(epoch from delete_at) - extract(epoch from now()) from $bots.pending_deletions
            where failed_at is null and delete_at > now() order by delete_at limit 1)::numeric as seconds`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('the question for what is due next returned no row');
  return { now: row.now, leaseHeld: row.lease_held, due: row.due, seconds: row.seconds };
}

/** What a pass would find, for a dry run: per record, so that the same rules judge it as in a real pass. */
export async function* readAllDueRecords(db: Db, now: string, limit: number | null): AsyncGenerator<DueRecord> {
  const page = 1_000;
  let left = limit ?? Number.POSITIVE_INFINITY;
  for (let after: PageKey | null = null; left > 0; ) {
    const records: DueRecord[] = await readDueRecords(db, now, after, Math.min(page, left));
    yield* records;
    left -= records.length;
    const last = records.at(-1);
    if (last === undefined || records.length < page) break;
    after = last;
  }
  const chats = { chats: page, ofChat: 1_000_000 };
  for (let after: string | null = null; left > 0; ) {
    const records: DueRecord[] = await readOwedRecords(db, now, after, chats);
    yield* records.slice(0, left);
    left -= records.length;
    const last = records.at(-1)?.chat_id ?? null;
    if (last === null) break;
    after = last;
  }
}
