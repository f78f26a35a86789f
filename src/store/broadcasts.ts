import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;

/** The next expired broadcasts, oldest first, so that the 48-hour rule is met in the order of work. */
export async function readExpiredBroadcasts(
  db: Db,
  now: string,
  after: string | null,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select broadcast.id::text as id from broadcasts as broadcast
    where delete_at <= ${now}::timestamptz and failed_at is null
      and ${after === null ? sql`true` : sql`broadcast.id > ${after}::bigint`}
    order by broadcast.id limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

/** Notes which of the broadcasts have a ledger, before its first row goes. */
export async function startDeletion(db: Db, ids: readonly string[]): Promise<void> {
  await sql`
    update broadcasts as broadcast set deletion_started_at = now()
    where id = any(${[...ids]}::bigint[]) and deletion_started_at is null
      and exists (select from broadcast_messages where broadcast_id = broadcast.id)`.execute(db);
}

export interface Finished {
  id: string;
  /** Null for one that is removed. */
  failure: 'no_ledger' | 'messages_failed' | null;
}

/**
 * Ends broadcasts with no row left to try: removes those whose rows are all settled, and keeps as failed those that
 * never had a ledger or still hold failed rows. The others stay as they are.
 */
export async function finishBroadcasts(db: Db, ids: readonly string[]): Promise<Finished[]> {
  const { rows } = await sql<Finished>`
    with ending as (
      select id, deletion_started_at is not null as had_ledger,
             exists (select from broadcast_messages where broadcast_id = broadcast.id) as holds_failed
      from broadcasts as broadcast
      where id = any(${[...ids]}::bigint[]) and failed_at is null
        and not exists (select from broadcast_messages where broadcast_id = broadcast.id and failed_at is null)
      for update skip locked
    ), removed as (
      delete from broadcasts where id in (select id from ending where had_ledger and not holds_failed)
      returning id, null as failure
    ), kept as (
      update broadcasts set failed_at = now(), failure = case when holds_failed then 'messages_failed' else 'no_ledger' end
      from ending where broadcasts.id = ending.id and (holds_failed or not had_ledger)
      returning broadcasts.id, failure
    )
    select id::text, failure from removed union all select id::text, failure from kept`.execute(db);
  return rows;
}

/** The broadcasts that a pass would remove whole: with a ledger, and nothing in it that would be given up. */
export async function countRemovableBroadcasts(db: Db, now: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from broadcasts as broadcast
    where delete_at <= ${now}::timestamptz and failed_at is null
      and (deletion_started_at is not null or exists (select from broadcast_messages where broadcast_id = broadcast.id))
      and not exists (
        select from broadcast_messages where broadcast_id = broadcast.id
          and (failed_at is not null or next_attempt_at > ${now}::timestamptz or chat_id = 0
               or message_id < 1 or message_id > 2147483647
               or sent_at <= ${now}::timestamptz - interval '48 hours'))`.execute(db);
  return rows[0]?.n ?? 0;
}
