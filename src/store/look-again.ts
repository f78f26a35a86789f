/** What a sweep asked to go and is still there without a word. */
import { type Kysely, sql } from 'kysely';
import { type Deleted, nothingKept, type SweptTable } from './range-delete.ts';
import type { Database } from './schema.ts';
import { keptOf, mayKeepInSilence, type SilentRow } from './silent-rows.ts';

const rowsAtOnce = 1_000;

/** Asks the first due rows of a swept table to go once more, where something of the table may keep them. */
export async function lookAgain(db: Kysely<Database>, swept: SweptTable): Promise<Deleted> {
  const total: Deleted = { deleted: 0, metLock: false, kept: nothingKept };
  if (!(await mayKeepInSilence(db, swept.table))) return total;
  for (;;) {
    const { asked, kept } = await askOnce(db, swept);
    total.deleted += asked - kept.length;
    if (kept.length > 0) total.kept = keptOf(kept);
    if (asked < rowsAtOnce || kept.length === asked) return total;
  }
}

async function askOnce(
  db: Kysely<Database>,
  { table, due, name }: SweptTable,
): Promise<{ asked: number; kept: SilentRow[] }> {
  const { rows } = await sql<{ asked: number; kept: SilentRow[] | null }>`
    with asked as materialized (
      select tableoid as part, ctid as place, ${name} as name from ${sql.table(table)}
      where ${due} limit ${rowsAtOnce} for update skip locked
    ), gone as (
      delete from ${sql.table(table)} where ${due} and ctid = any(array(select asked.place from asked))
        and (tableoid, ctid) in (select asked.part, asked.place from asked) returning tableoid as part, ctid as place
    )
    select (select count(*)::int from asked) as asked,
           (select json_agg(json_build_object('place', part || ' ' || place, 'name', name)) from asked
            where (part, place) not in (select part, place from gone)) as kept`.execute(db);
  const [row] = rows;
  return { asked: row?.asked ?? 0, kept: row?.kept ?? [] };
}
