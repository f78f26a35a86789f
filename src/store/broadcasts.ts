import { type Kysely, sql } from 'kysely';
import { finishedBroadcasts, withLateLedger } from './broadcast-due.ts';
import { addToDaily } from './daily-counts.ts';
import { keptInSilence, type RowFault, rowFault } from './database-error.ts';
import { deletable } from './deletable.ts';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;

export interface Started {
  id: string;
  /** Seconds since its messages were to go; null for one whose rows came late, so that nobody knows since when they wait. */
  late: number | null;
}

/**
 * The next expired broadcasts, oldest first, so that the 48-hour rule is met in the order of work. Those that have a ledger are
 * noted, before its first row goes.
 */
export async function startBroadcasts(db: Db, now: string, after: string | null, limit: number): Promise<Started[]> {
  try {
    return await start(db, now, after, limit);
  } catch (error) {
    const fault = rowFault(error);
    if (fault === null) throw error;
    if (limit > 1) return startBroadcasts(db, now, after, Math.ceil(limit / 2));
    // Its messages go all the same; that it cannot be written is told of in the end.
    return (await sql<Started>`${expiredBroadcasts(now, after, 1)}`.execute(db)).rows;
  }
}

const expiredBroadcasts = (now: string, after: string | null, limit: number) => sql`
      select id::text, (extract(epoch from clock_timestamp()) - extract(epoch from delete_at))::numeric as late from $bots.broadcasts
      where delete_at <= ${now}::timestamptz and failed_at is null
        and ${after === null ? sql`true` : sql`id > ${after}::bigint`}
      order by broadcasts.id limit ${limit}`;

async function start(db: Db, now: string, after: string | null, limit: number): Promise<Started[]> {
  const { rows } = await sql<Started>`
    with expired as (
      select id::bigint, late from (${expiredBroadcasts(now, after, limit)}) as broadcast
    ), started as (
      update $bots.broadcasts as broadcast set deletion_started_at = now() from expired
      where broadcast.id = expired.id and deletion_started_at is null
        and exists (select from $bots.broadcast_messages where broadcast_id = broadcast.id)
    )
    select id::text, late from expired order by expired.id`.execute(db);
  return rows;
}

/** So many a pass: there are few. */
const mostLate = 100;

/**
 * Broadcasts whose ledger rows came late: those that telesweep has finished, and those that were given up for want of a ledger,
 * which are opened again. Rows whose broadcast somebody else removed are left alone: so an operator calls a deletion off.
 */
export async function openLateBroadcasts(db: Db): Promise<Started[]> {
  const late = sql`
    (select id::text from $bots.broadcasts as broadcast where ${isLate} order by broadcast.id limit ${mostLate})
    union all
    (select id::text from (${sql.raw(finishedBroadcasts)}) as finished
     where exists (select from $bots.broadcast_messages where broadcast_id = finished.id and failed_at is null)
     order by finished.id limit ${mostLate})`;
  const opened = sql`
    with opened as (
      update $bots.broadcasts as broadcast
      set failed_at = null, failure = null, failure_detail = null, deletion_started_at = now() where ${isLate}
    ) ${late}`;
  const started = ({ rows }: { rows: { id: string }[] }): Started[] => rows.map(({ id }) => ({ id, late: null }));
  try {
    return started(await sql<{ id: string }>`${opened}`.execute(db));
  } catch (error) {
    if (rowFault(error) === null) throw error;
    // Its messages go all the same.
    return started(await sql<{ id: string }>`${late}`.execute(db));
  }
}

const isLate = sql.raw(withLateLedger('broadcast'));

export interface Finished {
  id: string;
  /** Null for one that is removed. */
  failure: 'no_ledger' | 'messages_failed' | 'held_by_database' | null;
  /** PostgreSQL's words where it does not let the broadcast go. */
  detail?: string;
}

/**
 * Ends broadcasts with no row left to try: removes those whose rows are all settled, and keeps as failed those that
 * never had a ledger or still hold failed rows. The others stay as they are.
 */
export async function finishBroadcasts(db: Db, ids: readonly string[]): Promise<Finished[]> {
  try {
    const ended = await finish(db, ids);
    const silent = ended.filter(({ failure }) => failure === 'held_by_database');
    for (const broadcast of silent) Object.assign(broadcast, await holdBroadcast(db, broadcast.id, keptInSilence));
    return ended;
  } catch (error) {
    const fault = rowFault(error);
    const [id] = ids;
    if (fault === null || id === undefined) throw error;
    if (ids.length === 1) return [await holdBroadcast(db, id, fault)];
    // They are few.
    const half = Math.ceil(ids.length / 2);
    return [...(await finishBroadcasts(db, ids.slice(0, half))), ...(await finishBroadcasts(db, ids.slice(half)))];
  }
}

/** Keeps a broadcast that the database does not let go, as far as it lets that be written. */
async function holdBroadcast(db: Db, id: string, { words }: RowFault): Promise<Finished> {
  try {
    await sql`
      update $bots.broadcasts set failed_at = now(), failure = 'held_by_database', failure_detail = ${words}
      where id = ${id}::bigint and failed_at is null`.execute(db);
  } catch (error) {
    if (rowFault(error) === null) throw error;
  }
  return { id, failure: 'held_by_database', detail: words };
}

async function finish(db: Db, ids: readonly string[]): Promise<Finished[]> {
  const { rows } = await sql<Finished>`
    with ending as (
      select id, deletion_started_at is not null as had_ledger,
             exists (select from $bots.broadcast_messages where broadcast_id = broadcast.id) as holds_failed
      from $bots.broadcasts as broadcast
      where id = any(${[...ids]}::bigint[]) and failed_at is null
        and not exists (select from $bots.broadcast_messages where broadcast_id = broadcast.id and failed_at is null)
      for update skip locked
    ), removed as (
      delete from $bots.broadcasts where id in (select id from ending where had_ledger and not holds_failed)
      returning id, null as failure
    ), remembered as (
      insert into telesweep.finished_broadcasts (schema_name, broadcast_id, finished_at) select $schema, id, now() from removed
      on conflict (schema_name, broadcast_id) do update set finished_at = excluded.finished_at
    ), counted as (
      ${sql.raw(addToDaily(`select $today as day, 'broadcasts_removed' as metric, count(*) as value from removed`))}
    ), kept as (
      update $bots.broadcasts set failed_at = now(), failure = case when ending.holds_failed then 'messages_failed' else 'no_ledger' end
      from ending where broadcasts.id = ending.id and (ending.holds_failed or not ending.had_ledger)
      returning broadcasts.id, coalesce(failure, 'held_by_database') as failure
    )
    select id::text, failure from removed union all select id::text, failure from kept
    union all select id::text, 'held_by_database' from ending
    where id not in (select id from removed union all select id from kept)`.execute(db);
  return rows;
}

/** The broadcasts that a pass would remove whole: with a ledger, and nothing in it that would be given up. */
export async function countRemovableBroadcasts(db: Db, now: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from $bots.broadcasts as broadcast
    where delete_at <= ${now}::timestamptz and failed_at is null
      and (deletion_started_at is not null or exists (select from $bots.broadcast_messages where broadcast_id = broadcast.id))
      and not exists (
        select from $bots.broadcast_messages where broadcast_id = broadcast.id
          and (failed_at is not null or next_attempt_at > ${now}::timestamptz or chat_id = 0
               or message_id < 1 or message_id > 2147483647
               or sent_at <= ${now}::timestamptz - ${sql.raw(deletable)}))`.execute(db);
  return rows[0]?.n ?? 0;
}

/** The broadcasts that a pass would give up because nobody has written their ledger. */
export async function countWithoutLedger(db: Db, now: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from $bots.broadcasts as broadcast
    where delete_at <= ${now}::timestamptz and failed_at is null and deletion_started_at is null
      and not exists (select from $bots.broadcast_messages where broadcast_id = broadcast.id)`.execute(db);
  return rows[0]?.n ?? 0;
}
