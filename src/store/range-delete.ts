import { type Kysely, type RawBuilder, sql } from 'kysely';
import { LockTimeoutError } from './connect.ts';
import type { Database } from './schema.ts';

/** A table whose due rows are deleted in ranges of an indexed column. */
export interface SweptTable {
  table: string;
  column: string;
  /** What is due, with the terms of the index's own condition. */
  due: RawBuilder<unknown>;
}

/**
 * Where a range starts: before the first row with this value, among the many that share it, or after the last of them.
 * The value is text that means the same in every session.
 */
export type Place = { at: 'start' } | { at: 'before' | 'among' | 'after'; value: string };

export interface RangeOptions {
  from: Place;
  /** How many rows the range holds at most, as it is read. */
  rows: number;
  /** Never more than `rows`, not even with rows that came since; half as fast. */
  exact: boolean;
}

export interface RangeDeleted {
  deleted: number;
  /** Whether a lock was met: then rows of the range may be left. */
  metLock: boolean;
  /** Where the next range starts; null when this was the last. */
  next: Place | null;
}

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
  const start = startOf(swept, from);
  if (exact) {
    const batch = await deleteFirst(db, swept, start, rows);
    return { ...batch, next: batch.deleted < rows ? null : from };
  }
  if (from.at === 'among') return deleteAmong(db, swept, from.value, rows);
  const last = await readLastValue(db, swept, start, rows);
  if (from.at === 'before' && last === from.value) return deleteAmong(db, swept, last, rows);
  const range = last === null ? start : sql`${start} and ${sql.ref(swept.column)} < ${last}`;
  return {
    ...(await deleteAll(db, swept, range, rows)),
    next: last === null ? null : { at: 'before', value: last },
  };
}

/** Within one value there are no ranges, but its rows stand in the index in the order in which they stand in the table. */
async function deleteAmong(
  db: Kysely<Database>,
  swept: SweptTable,
  value: string,
  rows: number,
): Promise<RangeDeleted> {
  const column = sql.ref(swept.column);
  const batch = await deleteFirst(db, swept, sql`${column} >= ${value} and ${column} <= ${value}`, rows);
  return { ...batch, next: { at: batch.deleted < rows ? 'after' : 'among', value } };
}

function startOf({ column }: SweptTable, from: Place): RawBuilder<unknown> {
  if (from.at === 'start') return sql`true`;
  return sql`${sql.ref(column)} ${from.at === 'after' ? sql`>` : sql`>=`} ${from.value}`;
}

/** The value of the last of the next `rows` due rows; null where there are fewer. */
async function readLastValue(
  db: Kysely<Database>,
  { table, column, due }: SweptTable,
  start: RawBuilder<unknown>,
  rows: number,
): Promise<string | null> {
  // JSON has one way to write a time, whatever the session's DateStyle. Only the one row is made text.
  const { rows: found } = await sql<{ value: string }>`
    select to_jsonb(${sql.ref(column)}) #>> '{}' as value from (
      select ${sql.ref(column)} from ${sql.table(table)} where ${due} and ${start}
      order by ${sql.ref(column)} offset ${rows - 1} limit 1
    ) as last`.execute(db);
  return found[0]?.value ?? null;
}

/**
 * Holds for one statement, which is a transaction of its own. A delete that waits for a lock gives up after 50 ms. A
 * commit returns before it is on disk: a delete that a crash undoes is made again.
 */
const quickly = sql`(select set_config('lock_timeout', '50ms', true) || set_config('synchronous_commit', 'off', true)) is not null`;

type Batch = Omit<RangeDeleted, 'next'>;

async function deleteAll(
  db: Kysely<Database>,
  swept: SweptTable,
  range: RawBuilder<unknown>,
  rows: number,
): Promise<Batch> {
  const { table, due } = swept;
  const deleted = await unlessLocked(db, sql`delete from ${sql.table(table)} where ${due} and ${range} and ${quickly}`);
  return deleted === null
    ? { ...(await deleteFirst(db, swept, range, rows)), metLock: true }
    : { deleted, metLock: false };
}

/** Slower, but takes no more than it is told, and passes over what somebody else holds locked. */
async function deleteFirst(
  db: Kysely<Database>,
  { table, column, due }: SweptTable,
  range: RawBuilder<unknown>,
  rows: number,
): Promise<Batch> {
  const first = sql`
    select ctid from ${sql.table(table)} where ${due} and ${range} order by ${sql.ref(column)} limit ${rows}`;
  // The tables of a partitioned one may use the same ctid for a row that is not due.
  const those = (ctids: RawBuilder<unknown>) => sql`
    delete from ${sql.table(table)} where ${due} and ${quickly} and ctid = any(array(${ctids}))`;
  const deleted = await unlessLocked(db, those(first));
  if (deleted !== null) return { deleted, metLock: false };
  // A row of another table may be locked that a foreign key ties to one of these: then they are all passed over.
  const free = await unlessLocked(db, those(sql`${first} for update skip locked`));
  return { deleted: free ?? 0, metLock: true };
}

/** @returns how many rows were deleted; null where a lock was met, and nothing was deleted */
async function unlessLocked(db: Kysely<Database>, statement: RawBuilder<unknown>): Promise<number | null> {
  try {
    const result = await statement.execute(db);
    return Number(result.numAffectedRows ?? 0);
  } catch (error) {
    if (error instanceof LockTimeoutError) return null;
    throw error;
  }
}
