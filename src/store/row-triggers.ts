import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/**
 * Whether something is asked for each row that goes: a trigger, or a table that refers to this one. Where that one has no index
 * for it, PostgreSQL reads it from end to end for each row.
 */
export async function asksForEachRow(db: Kysely<Database>, table: string): Promise<boolean> {
  const { rows } = await sql<{ asks: boolean }>`
    with recursive part as (
      select ${sql.lit(table)}::regclass::oid as oid
      union select inhrelid from pg_inherits join part on inhparent = part.oid
    )
    select exists (select from pg_trigger join part on tgrelid = part.oid
      where tgtype & 9 = 9 and tgenabled in ('O', 'A')) as asks`.execute(db);
  return rows[0]?.asks === true;
}
