import { type Kysely, type RawBuilder, sql } from 'kysely';
import { LockTimeoutError } from './connect.ts';
import type { Database } from './schema.ts';

/** A table whose due rows are deleted in ranges of an index. */
export interface SweptTable {
  table: string;
  /** The columns of the index. Many rows may share the first; the second tells these apart. */
  index: readonly [first: string, second: string];
  /** What is due, with the terms of the index's own condition. */
  due: RawBuilder<unknown>;
}

/** A place in the index: before all rows with this first value, or after one of them. Text that means the same in every session. */
export interface Place {
  first: string;
  afterSecond: string | null;
}

export interface RangeOptions {
  /** Null for the start of the index. */
  from: Place | null;
  /** How many rows the range holds at most, as it is read. */
  rows: number;
  /** Never more than `rows`, not even with rows that came since; about half as fast. */
  exact: boolean;
}

export interface RangeDeleted {
  deleted: number;
  /** Where the next range starts; null when this was the last. */
  next: Place | null;
}

/**
 * Holds for one statement, which is a transaction of its own. A delete that waits for a lock gives up after 50 ms. A
 * commit returns before it is on disk: a delete that a crash undoes is made again.
 */
const quickly = sql`(select set_config('lock_timeout', '50ms', true) || set_config('synchronous_commit', 'off', true)) is not null`;

/**
 * Deletes the next due rows from a place on, in one transaction. Ranges cost about as much as one large DELETE, where
 * batches that look for the first rows again walk the dead entries of the index each time.
 * Rows that somebody else holds locked are passed over.
 */
export async function deleteRange(
  db: Kysely<Database>,
  swept: SweptTable,
  { from, rows, exact }: RangeOptions,
): Promise<RangeDeleted> {
  const last = await readLastKey(db, swept, from, rows);
  const { range, next } = rangeUpTo(swept, from, last);
  const all = exact ? null : await unlessLocked(() => deleteAll(db, swept, range));
  // A row of another table may be locked that a foreign key ties to one of these: then they are all passed over.
  const deleted = all ?? (await unlessLocked(() => deleteFree(db, swept, range, rows))) ?? 0;
  return { deleted, next };
}

async function unlessLocked<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LockTimeoutError) return null;
    throw error;
  }
}

interface Key {
  first: string;
  second: string;
}

/** The last of the next `rows` due rows; null where there are fewer. */
async function readLastKey(
  db: Kysely<Database>,
  { table, index, due }: SweptTable,
  from: Place | null,
  rows: number,
): Promise<Key | null> {
  const [first, second] = index.map((column) => sql.ref(column));
  let start = sql`true`;
  if (from?.afterSecond === null) start = sql`${first} >= ${from.first}`;
  else if (from) start = sql`(${first}, ${second}) > (${from.first}, ${from.afterSecond})`;
  // JSON has one way to write a time, whatever the session's DateStyle. Only the one row is made text.
  const { rows: found } = await sql<Key>`
    select to_jsonb(${first}) #>> '{}' as first, to_jsonb(${second}) #>> '{}' as second from (
      select ${first}, ${second} from ${sql.table(table)} where ${due} and ${start} and ${second} is not null
      order by ${first}, ${second} offset ${rows - 1} limit 1
    ) as last`.execute(db);
  return found[0] ?? null;
}

/**
 * A range of the first column, or within one value of it where a whole batch shares that. Comparing both columns at once
 * would need no cases, but then the planner misjudges the range, and PostgreSQL 18 reads the index on to its end.
 */
function rangeUpTo(
  { index }: SweptTable,
  from: Place | null,
  last: Key | null,
): { range: RawBuilder<unknown>; next: Place | null } {
  const [first, second] = index.map((column) => sql.ref(column));
  if (last !== null && last.first === from?.first) {
    const start = from.afterSecond === null ? sql`true` : sql`${second} > ${from.afterSecond}`;
    return {
      range: sql`${first} = ${last.first} and ${start} and ${second} <= ${last.second}`,
      next: { first: last.first, afterSecond: last.second },
    };
  }
  const start = from === null ? sql`true` : sql`${first} >= ${from.first}`;
  if (last === null) return { range: start, next: null };
  return { range: sql`${start} and ${first} < ${last.first}`, next: { first: last.first, afterSecond: null } };
}

async function deleteAll(
  db: Kysely<Database>,
  { table, due }: SweptTable,
  range: RawBuilder<unknown>,
): Promise<number> {
  const result = await sql`delete from ${sql.table(table)} where ${due} and ${range} and ${quickly}`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

/** Slower, but it passes over what somebody else holds locked, and takes no more than it is told. */
async function deleteFree(
  db: Kysely<Database>,
  { table, due }: SweptTable,
  range: RawBuilder<unknown>,
  rows: number,
): Promise<number> {
  const result = await sql`
    delete from ${sql.table(table)} where ${quickly} and ctid = any(array(
      select ctid from ${sql.table(table)} where ${due} and ${range} limit ${rows} for update skip locked))`.execute(
    db,
  );
  return Number(result.numAffectedRows ?? 0);
}
