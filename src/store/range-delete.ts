import { type Kysely, type RawBuilder, sql } from 'kysely';
import { addToDaily } from './daily-counts.ts';
import { LockTimeoutError, type RowFault, rowFault } from './database-error.ts';
import type { Database } from './schema.ts';
import { askAgain, mayKeepInSilence, type StandingRow } from './silent-rows.ts';
import { type Deleted, nothingKept, type SweptTable } from './swept-table.ts';

/**
 * Where a range starts: before the first row with this value, among the many that share it, or after the last of them.
 * The value is text that means the same in every session. Where a range is exact: behind the rows that are kept.
 */
export type Place =
  | { at: 'start' }
  | { at: 'before' | 'after'; value: string }
  | { at: 'among'; value: string; kept: readonly string[] }
  | { at: 'behind'; kept: readonly string[] };

export interface RangeOptions {
  from: Place;
  /** How many rows the range holds at most, as it is read. */
  rows: number;
  /** Never more than `rows`, not even with rows that came since; half as fast. */
  exact: boolean;
}

export interface RangeDeleted extends Deleted {
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
  if (exact) return deleteBehind(db, swept, from.at === 'behind' ? from.kept : [], rows);
  if (from.at === 'among') return deleteAmong(db, swept, from, rows);
  const last = await readLastValue(db, swept, start, rows);
  if (from.at === 'before' && last === from.value) return deleteAmong(db, swept, { value: last }, rows);
  const range = last === null ? start : sql`${start} and ${sql.ref(swept.column)} < ${last}`;
  return {
    ...(await deleteAll(db, swept, range, rows)),
    next: last === null ? null : { at: 'before', value: last },
  };
}

/** So many rows that are kept are passed over; behind more of them nothing is reached in this pass. */
const mostPassedOver = 10_000;

/** What the database keeps would come first again, and is passed over. */
async function deleteBehind(
  db: Kysely<Database>,
  swept: SweptTable,
  passed: readonly string[],
  rows: number,
): Promise<RangeDeleted> {
  const batch = await deleteFirstOf(db, swept, notAt(passed), rows);
  const next = nextPassed(passed, batch, rows);
  return { ...batch, next: next === null ? null : { at: 'behind', kept: next } };
}

/** Within one value there are no ranges, but its rows stand in the index in the order in which they stand in the table. */
async function deleteAmong(
  db: Kysely<Database>,
  swept: SweptTable,
  { value, kept: passed = [] }: { value: string; kept?: readonly string[] },
  rows: number,
): Promise<RangeDeleted> {
  const column = sql.ref(swept.column);
  const range = sql`${column} >= ${value} and ${column} <= ${value} and ${notAt(passed)}`;
  const batch = await deleteFirstOf(db, swept, range, rows);
  const next = nextPassed(passed, batch, rows);
  return { ...batch, next: next === null ? { at: 'after', value } : { at: 'among', value, kept: next } };
}

const notAt = (places: readonly string[]): RawBuilder<unknown> =>
  places.length === 0 ? sql`true` : sql`tableoid || ' ' || ctid <> all(${[...places]}::text[])`;

/** As `deleteFirst`; where fewer went than were asked, those that are kept without a word are named as well. */
async function deleteFirstOf(
  db: Kysely<Database>,
  swept: SweptTable,
  range: RawBuilder<unknown>,
  rows: number,
): Promise<Deleted> {
  const batch = await deleteFirst(db, swept, range, rows);
  const { deleted, kept, metLock } = batch;
  if (deleted === rows || metLock || kept.places.length > 0) return batch;
  if (!(await mayKeepInSilence(db, swept.table))) return batch;
  const again = await askAgain(db, swept, range, rows - deleted);
  return { deleted: deleted + again.deleted, metLock, kept: again.kept };
}

/** @returns what the next batch passes over; null where there is none */
function nextPassed(passed: readonly string[], { deleted, kept: { places } }: Deleted, rows: number): string[] | null {
  if (deleted + places.length < rows || passed.length + places.length > mostPassedOver) return null;
  return [...passed, ...places];
}

function startOf({ column }: SweptTable, from: Place): RawBuilder<unknown> {
  if (from.at === 'start' || from.at === 'behind') return sql`true`;
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
export const quickly = sql`(select set_config('lock_timeout', '50ms', true) || set_config('synchronous_commit', 'off', true)) is not null`;

async function deleteAll(
  db: Kysely<Database>,
  swept: SweptTable,
  range: RawBuilder<unknown>,
  rows: number,
): Promise<Deleted> {
  const { due } = swept;
  const result = await tryDelete(db, swept, sql`${due} and ${range} and ${quickly}`);
  if (result.kind === 'deleted') return { deleted: result.deleted, metLock: false, kept: nothingKept };
  if (result.kind === 'refused') return deleteInHalves(db, swept, sql`${due} and ${range}`);
  return { ...(await deleteFirst(db, swept, range, rows)), metLock: true };
}

/** Slower, but takes no more than it is told, and passes over what somebody else holds locked. */
async function deleteFirst(
  db: Kysely<Database>,
  swept: SweptTable,
  range: RawBuilder<unknown>,
  rows: number,
): Promise<Deleted> {
  const { table, column, due } = swept;
  const first = sql`
    select ctid from ${sql.table(table)} where ${due} and ${range} order by ${sql.ref(column)} limit ${rows}`;
  const result = await deleteChosen(db, swept, first);
  if (result !== null) return result;
  return deleteInHalves(db, swept, sql`${due} and ctid = any(array(${first}))`);
}

/** @param chosen a select of ctids @returns null where the database refuses a row of them, and nothing was deleted */
export async function deleteChosen(
  db: Kysely<Database>,
  swept: SweptTable,
  chosen: RawBuilder<unknown>,
): Promise<Deleted | null> {
  // The tables of a partitioned one may use the same ctid for a row that is not due.
  const those = (ctids: RawBuilder<unknown>) => sql`${swept.due} and ${quickly} and ctid = any(array(${ctids}))`;
  const all = await tryDelete(db, swept, those(chosen));
  if (all.kind === 'deleted') return { deleted: all.deleted, metLock: false, kept: nothingKept };
  if (all.kind === 'refused') return null;
  // A row of another table may be locked that a foreign key ties to one of these: then they are all passed over.
  const free = await tryDelete(db, swept, those(sql`${chosen} for update skip locked`));
  if (free.kind === 'refused') return null;
  return { deleted: free.kind === 'deleted' ? free.deleted : 0, metLock: true, kept: nothingKept };
}

/**
 * Deletes rows of which the database refuses some: in halves, until those at fault are alone, so that all the others go. About
 * twice the logarithm of their number in statements for each one that is kept.
 */
export async function deleteInHalves(
  db: Kysely<Database>,
  swept: SweptTable,
  where: RawBuilder<unknown>,
): Promise<Deleted> {
  const { table, due, name } = swept;
  const { rows } = await sql<{ place: string }>`
    select ctid::text as place from ${sql.table(table)} where ${where}`.execute(db);
  const total: Deleted = { deleted: 0, metLock: false, kept: { places: [], example: null } };
  const waiting = [rows.map(({ place }) => place)];
  for (let places = waiting.pop(); places !== undefined; places = waiting.pop()) {
    if (places.length === 0) continue;
    const those = sql`${due} and ctid = any(${places}::tid[])`;
    const result = await tryDelete(db, swept, sql`${those} and ${quickly}`);
    if (result.kind === 'deleted') total.deleted += result.deleted;
    else if (places.length > 1) {
      const half = Math.ceil(places.length / 2);
      waiting.push(places.slice(half), places.slice(0, half));
    } else if (result.kind === 'locked') total.metLock = true;
    else {
      const { rows: there } = await sql<StandingRow>`
        select tableoid || ' ' || ctid as place, ${name} as name from ${sql.table(table)} where ${those}`.execute(db);
      total.kept.places.push(...there.map(({ place }) => place));
      total.kept.example ??= { name: there[0]?.name ?? null, words: result.fault.words };
    }
  }
  return total;
}

type Tried = { kind: 'deleted'; deleted: number } | { kind: 'locked' } | { kind: 'refused'; fault: RowFault };

/** Deletes rows and counts them for the figures. Where a lock is met or a row is refused, nothing was deleted. */
export async function tryDelete(
  db: Kysely<Database>,
  { table, figures }: SweptTable,
  where: RawBuilder<unknown>,
): Promise<Tried> {
  try {
    const { rows } = await sql<{ deleted: number }>`
      with gone as (delete from ${sql.table(table)} where ${where} returning ${figures.of}),
      kinds as materialized (${figures.kinds}),
      counted as (${sql.raw(addToDaily(figures.days))})
      select coalesce(sum(n), 0)::int as deleted from kinds`.execute(db);
    return { kind: 'deleted', deleted: rows[0]?.deleted ?? 0 };
  } catch (error) {
    if (error instanceof LockTimeoutError) return { kind: 'locked' };
    const fault = rowFault(error);
    if (fault === null) throw error;
    return { kind: 'refused', fault };
  }
}
