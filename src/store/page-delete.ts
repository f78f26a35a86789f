/** Sweeping a table page by page, where what is due lies in no order on disk: by its index, every range would touch every page. */
import { type Kysely, sql } from 'kysely';
import { deleteChosen, deleteInHalves, quickly, tryDelete } from './range-delete.ts';
import type { Database } from './schema.ts';
import { type Deleted, nothingKept, type SweptTable } from './swept-table.ts';

/** Below it, neighbours in the index lie far apart in the table. */
const orderly = 0.5;

/**
 * @returns how many pages the table has; null where it is in order, in parts (whose pages have the same numbers), or not
 * analyzed yet
 */
export async function pagesOutOfOrder(
  db: Kysely<Database>,
  { table, column }: Pick<SweptTable, 'table' | 'column'>,
): Promise<number | null> {
  const { rows } = await sql<{ pages: number }>`
    select (pg_relation_size(standing.oid) / current_setting('block_size')::int)::float8 as pages
    from pg_class as standing
    join pg_namespace as place on place.oid = standing.relnamespace
    join pg_stats as stats on stats.schemaname = place.nspname and stats.tablename = standing.relname
    where standing.oid = ${sql.lit(table)}::regclass and standing.relkind = 'r' and not standing.relhassubclass
      and stats.attname = ${column} and not stats.inherited and abs(stats.correlation) < ${orderly}`.execute(db);
  return rows[0]?.pages ?? null;
}

/** Deletes what is due in the pages from `from` on and before `to`. Rows that somebody else holds locked are passed over. */
export async function deletePages(db: Kysely<Database>, swept: SweptTable, from: number, to: number): Promise<Deleted> {
  const table = sql.table(swept.table);
  const those = sql`${swept.due} and ctid >= ${sql.raw(`'(${from},0)'::tid`)} and ctid < ${sql.raw(`'(${to},0)'::tid`)}`;
  const result = await tryDelete(db, swept, sql`${those} and ${quickly}`);
  if (result.kind === 'deleted') return { deleted: result.deleted, metLock: false, kept: nothingKept };
  const chosen =
    result.kind === 'locked' ? await deleteChosen(db, swept, sql`select ctid from ${table} where ${those}`) : null;
  return chosen ?? deleteInHalves(db, swept, those);
}
