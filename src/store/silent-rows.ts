/** Rows that were asked to go and stay without a word: kept by a trigger that returns NULL, by a policy or a rule. */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { addToDaily } from './daily-counts.ts';
import { keptInSilence } from './database-error.ts';
import type { Database } from './schema.ts';
import type { Kept, SweptTable } from './swept-table.ts';

/** A trigger before a row goes, on the table or a part of it; a rule; row security. */
export async function mayKeepInSilence(db: Kysely<Database>, table: string): Promise<boolean> {
  const { rows } = await sql<{ may: boolean }>`
    with recursive part as (
      select ${sql.lit(table)}::regclass::oid as oid
      union select inhrelid from pg_inherits join part on inhparent = part.oid
    )
    select row_security_active(${sql.lit(table)}::regclass)
      or exists (select from pg_rewrite where ev_class = ${sql.lit(table)}::regclass and ev_type = '4')
      or exists (select from pg_trigger join part on tgrelid = part.oid
           where not tgisinternal and tgtype & 11 = 11 and tgenabled in ('O', 'A')) as may`.execute(db);
  return rows[0]?.may === true;
}

export interface StandingRow {
  place: string;
  name: string | null;
}

function keptOf(silent: readonly StandingRow[]): Kept {
  const [first] = silent;
  const example = first === undefined ? null : { name: first.name, words: keptInSilence.words };
  return { places: silent.map(({ place }) => place), example };
}

export interface AskedAgain {
  asked: number;
  deleted: number;
  kept: Kept;
}

/** Asks the first due rows of a range to go once more, those that nobody holds, and names each that stays. */
export async function askAgain(
  db: Kysely<Database>,
  { table, column, due, name, figures }: SweptTable,
  range: RawBuilder<unknown>,
  most: number,
): Promise<AskedAgain> {
  const { rows } = await sql<{ asked: number; kept: StandingRow[] | null }>`
    with asked as materialized (
      select tableoid as part, ctid as place, ${name} as name from ${sql.table(table)}
      where ${due} and ${range} order by ${sql.ref(column)} limit ${most} for update skip locked
    ), gone as (
      delete from ${sql.table(table)} where ${due} and ctid = any(array(select asked.place from asked))
        and (tableoid, ctid) in (select asked.part, asked.place from asked) returning tableoid as part, ctid as place, ${figures.of}
    ), kinds as materialized (${figures.kinds}), counted as (${sql.raw(addToDaily(figures.days))})
    select (select count(*)::int from asked) as asked,
           (select json_agg(json_build_object('place', part || ' ' || place, 'name', name)) from asked
            where (part, place) not in (select part, place from gone)) as kept`.execute(db);
  const { asked, kept } = rows[0] ?? { asked: 0, kept: null };
  return { asked, deleted: asked - (kept?.length ?? 0), kept: keptOf(kept ?? []) };
}
