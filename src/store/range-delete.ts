import { type Kysely, type RawBuilder, sql } from 'kysely';
import { LockTimeoutError } from './connect.ts';
import type { Database } from './schema.ts';

/** A table whose due rows are deleted in ranges of a key. */
export interface SweptTable {
  table: RawBuilder<unknown>;
  /** The columns that a partial or full index has in this order, as a row value: `(date, user_id)`. */
  key: RawBuilder<unknown>;
  /** The key as text that goes back into `from`. */
  keyText: RawBuilder<string>;
  /** Turns such a text into a row value again. */
  keyFrom(text: string): RawBuilder<unknown>;
  /** What is due, with the terms of the index's own condition. */
  due: RawBuilder<unknown>;
}

export interface RangeDeleted {
  deleted: number;
  next: string | null;
}

/**
 * A delete that waits for a lock gives up after this time. The setting counts for its own statement alone, which is a
 * transaction of its own; so does the one that lets the commit return before it is on disk: a lost delete is made again.
 */
const quickly = sql`(select set_config('lock_timeout', '50ms', true) || set_config('synchronous_commit', 'off', true)) is not null`;

/**
 * Deletes the next `rows` due rows from a key on. Ranges of the key cost 1.05 to 1.2 times one large DELETE, where
 * batches that look for the first rows again walk the dead entries of the index each time: 1.3 to 12 times.
 * Rows that somebody else holds locked are passed over.
 */
export async function deleteRange(
  db: Kysely<Database>,
  swept: SweptTable,
  from: string | null,
  rows: number,
): Promise<RangeDeleted> {
  const start = from === null ? sql`true` : sql`${swept.key} >= ${swept.keyFrom(from)}`;
  const next = await readKeyAfter(db, swept, start, rows);
  const range = next === null ? start : sql`${start} and ${swept.key} < ${swept.keyFrom(next)}`;
  // More rows than a batch holds may share one key: then the range is empty, and the batch is cut within the key.
  if (next !== null && next === from) {
    const deleted = await deleteFree(db, swept, start, rows);
    return { deleted, next: deleted === 0 ? null : next };
  }
  try {
    const result = await sql`delete from ${swept.table} where ${swept.due} and ${range} and ${quickly}`.execute(db);
    return { deleted: Number(result.numAffectedRows ?? 0), next };
  } catch (error) {
    if (!(error instanceof LockTimeoutError)) throw error;
    return { deleted: await deleteFree(db, swept, range, rows), next };
  }
}

async function readKeyAfter(
  db: Kysely<Database>,
  swept: SweptTable,
  start: RawBuilder<unknown>,
  rows: number,
): Promise<string | null> {
  const { rows: found } = await sql<{ key: string }>`
    select ${swept.keyText} as key from ${swept.table}
    where ${swept.due} and ${start} order by ${swept.key} offset ${rows} limit 1`.execute(db);
  return found[0]?.key ?? null;
}

/** Slower, but it passes over what somebody else holds locked. */
async function deleteFree(
  db: Kysely<Database>,
  swept: SweptTable,
  range: RawBuilder<unknown>,
  rows: number,
): Promise<number> {
  const result = await sql`
    delete from ${swept.table} where ctid = any(array(
      select ctid from ${swept.table} where ${swept.due} and ${range} limit ${rows} for update skip locked))`.execute(
    db,
  );
  return Number(result.numAffectedRows ?? 0);
}
