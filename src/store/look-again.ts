/** What a sweep asked to go and is still there without a word: kept by a trigger that returns NULL, by a policy or a rule. */
import { type Kysely, sql } from 'kysely';
import { keptInSilence } from './database-error.ts';
import { type Deleted, nothingKept, type SweptTable } from './range-delete.ts';
import type { Database } from './schema.ts';

const rowsAtOnce = 1_000;

/** Asks the first due rows of a swept table to go once more, where something of the table may keep them. */
export async function lookAgain(db: Kysely<Database>, swept: SweptTable): Promise<Deleted> {
  const total: Deleted = { deleted: 0, metLock: false, kept: nothingKept };
  if (!(await mayKeepInSilence(db, swept.table))) return total;
  for (;;) {
    const { asked, kept } = await askOnce(db, swept);
    total.deleted += asked - kept.length;
    const [first] = kept;
    if (first !== undefined) {
      const places = kept.map(({ place }) => place);
      total.kept = { places, example: { name: first.name, words: keptInSilence.words } };
    }
    if (asked < rowsAtOnce || kept.length === asked) return total;
  }
}

/** A trigger before a row goes, on the table or a part of it; a rule; row security. */
async function mayKeepInSilence(db: Kysely<Database>, table: string): Promise<boolean> {
  const { rows } = await sql<{ may: boolean }>`
    with recursive part as (
      select ${table}::regclass::oid as oid
      union select inhrelid from pg_inherits join part on inhparent = part.oid
    )
    select row_security_active(${table}::regclass)
      or exists (select from pg_rewrite where ev_class = ${table}::regclass and ev_type = '4')
      or exists (select from pg_trigger join part on tgrelid = part.oid
           where not tgisinternal and tgtype & 11 = 11 and tgenabled in ('O', 'A')) as may`.execute(db);
  return rows[0]?.may === true;
}

interface KeptRow {
  place: string;
  name: string | null;
}

async function askOnce(
  db: Kysely<Database>,
  { table, due, name }: SweptTable,
): Promise<{ asked: number; kept: KeptRow[] }> {
  const { rows } = await sql<{ asked: number; kept: KeptRow[] | null }>`
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
