import { type Kysely, type RawBuilder, sql } from 'kysely';
import { LockTimeoutError } from './connect.ts';
import type { Database } from './schema.ts';

/** A table whose due rows are deleted in ranges of a key. */
export interface SweptTable {
  table: string;
  /** The columns of an index in its order, with their types; together they tell rows apart. */
  key: readonly { column: string; type: string }[];
  /** What is due, with the terms of the index's own condition. */
  due: RawBuilder<unknown>;
}

/** A key's values as text that means the same in every session. */
export type RangeKey = readonly (string | null)[];

export interface RangeOptions {
  /** The first key of the range; null for all that come before. */
  from: RangeKey | null;
  /** How many rows the range holds as it is read. */
  rows: number;
  /** Never more than `rows`, not even with rows that came since; about half as fast. */
  exact: boolean;
}

export interface RangeDeleted {
  deleted: number;
  /** Where the next range starts; null when this was the last. */
  next: RangeKey | null;
}

/**
 * Holds for one statement, which is a transaction of its own. A delete that waits for a lock gives up after 50 ms. A
 * commit returns before it is on disk: a delete that a crash undoes is made again.
 */
const quickly = sql`(select set_config('lock_timeout', '50ms', true) || set_config('synchronous_commit', 'off', true)) is not null`;

/**
 * Deletes the next `rows` due rows from a key on, in one transaction. Ranges cost about as much as one large DELETE, where
 * batches that look for the first rows again walk the dead entries of the index each time: 1.3 to 12 times.
 * Rows that somebody else holds locked are passed over.
 */
export async function deleteRange(
  db: Kysely<Database>,
  swept: SweptTable,
  { from, rows, exact }: RangeOptions,
): Promise<RangeDeleted> {
  const start = from === null ? sql`true` : compare(swept, '>=', from);
  const next = await readKeyAfter(db, swept, start, rows);
  const range = next === null ? start : sql`${start} and ${compare(swept, '<', next)}`;
  // A key that more rows share than a batch holds: the range is empty, and the batch is cut within the key.
  if (next !== null && String(next) === String(from)) {
    const deleted = await deleteFree(db, swept, start, rows);
    return { deleted, next: deleted === 0 ? null : next };
  }
  if (exact) return { deleted: await deleteFree(db, swept, range, rows), next };
  try {
    return { deleted: await deleteAll(db, swept, range), next };
  } catch (error) {
    if (!(error instanceof LockTimeoutError)) throw error;
    return { deleted: await deleteFree(db, swept, range, rows), next };
  }
}

function compare({ key }: SweptTable, operator: '>=' | '<', values: RangeKey): RawBuilder<unknown> {
  const texts = key.map(({ type }, i) => sql`${values[i] ?? null}::${sql.raw(type)}`);
  return sql`(${columnsOf(key)}) ${sql.raw(operator)} (${sql.join(texts)})`;
}

function columnsOf(key: SweptTable['key']): RawBuilder<unknown> {
  return sql.join(key.map(({ column }) => sql.ref(column)));
}

/** The rows passed on the way are counted and not made text: that took most of the time. */
async function readKeyAfter(
  db: Kysely<Database>,
  { table, key, due }: SweptTable,
  start: RawBuilder<unknown>,
  rows: number,
): Promise<RangeKey | null> {
  // JSON has one way to write a time, whatever the session's DateStyle.
  const texts = sql.join(key.map(({ column }) => sql`to_jsonb(${sql.ref(column)}) #>> '{}'`));
  const { rows: found } = await sql<{ key: RangeKey }>`
    select array[${texts}] as key from (
      select ${columnsOf(key)} from ${sql.table(table)}
      where ${due} and ${start} order by ${columnsOf(key)} offset ${rows} limit 1
    ) as after`.execute(db);
  return found[0]?.key ?? null;
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
