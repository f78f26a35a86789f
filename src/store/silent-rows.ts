/** Rows that were asked to go and stay without a word: kept by a trigger that returns NULL, by a policy or a rule. */
import { type Kysely, sql } from 'kysely';
import { keptInSilence } from './database-error.ts';
import type { Kept, SweptTable } from './range-delete.ts';
import type { Database } from './schema.ts';

/** A trigger before a row goes, on the table or a part of it; a rule; row security. */
export async function mayKeepInSilence(db: Kysely<Database>, table: string): Promise<boolean> {
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

export interface SilentRow {
  place: string;
  name: string | null;
}

export function keptOf(silent: readonly SilentRow[]): Kept {
  const [first] = silent;
  const example = first === undefined ? null : { name: first.name, words: keptInSilence.words };
  return { places: silent.map(({ place }) => place), example };
}

/** Which of the first due rows, all of which were asked to go, still stand and are held by nobody. @param behind known ones before them */
export async function findSilent(
  db: Kysely<Database>,
  { table, column, due, name }: SweptTable,
  { behind, rows: most }: { behind: number; rows: number },
): Promise<Kept> {
  if (!(await mayKeepInSilence(db, table))) return keptOf([]);
  const { rows } = await sql<SilentRow>`
    select tableoid || ' ' || ctid as place, ${name} as name from ${sql.table(table)}
    where ${due} order by ${sql.ref(column)} offset ${behind} limit ${most} for update skip locked`.execute(db);
  return keptOf(rows);
}
