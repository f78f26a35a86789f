import { type Kysely, sql } from 'kysely';
import { isDueDeletion } from './due.ts';
import { instant } from './instant.ts';
import { retryWaitSeconds } from './retry-wait.ts';
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
  /** 48 hours have passed since the messages were sent. */
  too_old: boolean;
  messages_deleted: boolean;
  /** A pass before this one was about to send the notice and never learned what became of it. */
  notice_open: boolean;
  /** Where the next page starts. */
  created_key: string;
}

/** The end of the last page: records are read in the order of (created_at, id). */
export interface PageKey {
  created_key: string;
  id: string;
}

/** The driver hands an `integer` back as a number, and ids are compared as text. */
const idText = sql<string>`id::text`.as('id');

const due = (now: string) => sql.raw(isDueDeletion(`'${instant(now)}'::timestamptz`));

/**
 * The next records in the order of work: nearest to 48 hours after sending first, then oldest due.
 * @param after the last record of the page before; null for the first page
 */
export async function readDueRecords(db: Db, now: string, after: PageKey | null, limit: number): Promise<DueRecord[]> {
  const { rows } = await sql<DueRecord>`
    select id::text, chat_id::text, user_id::text, message_ids::text[], unique_id::text, attempts,
           created_at <= ${now}::timestamptz - interval '48 hours' as too_old,
           messages_deleted_at is not null as messages_deleted,
           notice_started_at is not null as notice_open,
           created_at::text as created_key
    from pending_deletions as record
    where ${due(now)}
      and ${after === null ? sql`true` : sql`(record.created_at, record.id) > (${after.created_key}::timestamptz, ${after.id}::bigint)`}
    order by record.created_at, record.id
    limit ${limit}`.execute(db);
  return rows;
}

/** How many records are due, for the progress. */
export async function countDueRecords(db: Db, now: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from pending_deletions where ${due(now)}`.execute(
    db,
  );
  return rows[0]?.n ?? 0;
}

/** Marks records whose messages Telegram has all answered for, so that a later pass goes straight to the notice. */
export async function markMessagesDeleted(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db
    .updateTable('pending_deletions')
    .set({ messages_deleted_at: sql`now()` })
    .where('id', 'in', lockable(db, ids))
    .returning(idText)
    .execute();
  return new Set(rows.map((row) => row.id));
}

/**
 * Commits the intent to send the notices of records. The intent of another pass stays as it is, and a pass that lost
 * its lease gets none.
 * @returns the records whose notices may be sent now
 */
export async function startNotices(db: Db, runId: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db
    .updateTable('pending_deletions')
    .set({ notice_started_at: sql`now()` })
    .where('id', 'in', lockable(db, ids))
    .where('notice_started_at', 'is', null)
    .where('failed_at', 'is', null)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('telesweep.leases')
          .select('job')
          .where('job', '=', 'delete-due')
          .where('run_id', '=', runId)
          .where('expires_at', '>', sql<Date>`clock_timestamp()`),
      ),
    )
    .returning(idText)
    .execute();
  return new Set(rows.map((row) => row.id));
}

/** Takes a pass's own intents back: it is proven that these notices were not sent. @returns those taken back */
export async function takeBackNotices(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db
    .updateTable('pending_deletions')
    .set({ notice_started_at: null })
    .where('id', 'in', lockable(db, ids))
    .returning(idText)
    .execute();
  return new Set(rows.map((row) => row.id));
}

/** Removes settled records. A record that a bot holds locked is not waited for. @returns those that are gone now */
export async function removeRecords(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db
    .deleteFrom('pending_deletions')
    .where('id', 'in', lockable(db, ids))
    .returning(idText)
    .execute();
  return new Set(rows.map((row) => row.id));
}

/** A record to write down; `claimed` where the pass itself committed the intent to send its notice. */
interface Written {
  id: string;
  claimed: boolean;
}

export interface FailedRecord extends Written {
  failure: string;
}

export interface DeferredRecord extends Written {
  /** Before this one. */
  attempts: number;
}

/**
 * The intent of another pass stays, and its record with it: one that lost its lease without knowing would else clear
 * the intent of the one that took over.
 */
const notOfAnother = sql`(written.claimed or record.notice_started_at is null)`;

/**
 * Keeps records for the operator, with the reason; they are not tried again by themselves. The pass's own intent is
 * taken back.
 * @returns the records that were written
 */
export async function failRecords(db: Db, failures: readonly FailedRecord[]): Promise<ReadonlySet<FailedRecord>> {
  const { rows } = await sql<{ id: string }>`
    update pending_deletions as record
    set failed_at = now(), failure = written.failure, attempts = attempts + 1, next_attempt_at = null, notice_started_at = null
    from unnest(${failures.map(({ id }) => id)}::bigint[], ${failures.map(({ claimed }) => claimed)}::boolean[],
                ${failures.map(({ failure }) => failure)}::text[]) as written (id, claimed, failure)
    where record.id in (${lockable(db, idsOf(failures))}) and record.id = written.id and ${notOfAnother}
    returning record.id::text as id`.execute(db);
  return chosen(failures, rows);
}

/**
 * Leaves records for a later pass, after a wait that grows with each attempt. The pass's own intent is taken back.
 * @returns the records that were written
 */
export async function deferRecords(db: Db, records: readonly DeferredRecord[]): Promise<ReadonlySet<DeferredRecord>> {
  const attempts = records.map((record) => record.attempts + 1);
  const { rows } = await sql<{ id: string }>`
    update pending_deletions as record
    set attempts = written.attempts, notice_started_at = null,
        next_attempt_at = least(
          now() + make_interval(secs => written.wait),
          greatest(record.created_at + interval '47 hours 50 minutes', now() + interval '30 seconds'))
    from unnest(${records.map(({ id }) => id)}::bigint[], ${records.map(({ claimed }) => claimed)}::boolean[],
                ${attempts}::int[], ${attempts.map(retryWaitSeconds)}::float8[]) as written (id, claimed, attempts, wait)
    where record.id in (${lockable(db, idsOf(records))}) and record.id = written.id and ${notOfAnother}
    returning record.id::text as id`.execute(db);
  return chosen(records, rows);
}

const idsOf = (records: readonly Written[]): string[] => records.map(({ id }) => id);

function chosen<T extends Written>(records: readonly T[], rows: readonly { id: string }[]): ReadonlySet<T> {
  const ids = new Set(rows.map(({ id }) => id));
  return new Set(records.filter(({ id }) => ids.has(id)));
}

/** Locks what is free among the records and passes over what somebody else holds: nobody waits for a bot's lock. */
function lockable(db: Db, ids: readonly string[]) {
  return db
    .selectFrom('pending_deletions')
    .select('id')
    .where('id', '=', sql<string>`any(${[...ids]}::bigint[])`)
    .forUpdate()
    .skipLocked();
}

/** What a pass would find, for a dry run: per record, so that the same rules judge it as in a real pass. */
export async function* readAllDueRecords(db: Db, now: string, limit: number | null): AsyncGenerator<DueRecord> {
  const page = 1_000;
  let after: PageKey | null = null;
  for (let left = limit ?? Number.POSITIVE_INFINITY; left > 0; ) {
    const records: DueRecord[] = await readDueRecords(db, now, after, Math.min(page, left));
    yield* records;
    const last = records.at(-1);
    if (last === undefined || records.length < page) return;
    after = last;
    left -= records.length;
  }
}
