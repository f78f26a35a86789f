/** What stands around the bots' tables and may hold or hide their rows: for `doctor`. By the catalogue alone. */
import type { Connection } from './connect.ts';

/** The tables whose rows telesweep changes or removes. */
const swept = ['pending_deletions', 'broadcasts', 'broadcast_messages', 'tokens', 'token_generator_count'];

const places = swept.map((name) => `to_regclass('$bots.${name}')`).join(', ');

export interface Tie {
  kind: 'foreign key' | 'unindexed' | 'trigger' | 'rule' | 'no replica identity';
  /** `public.tokens` */
  table: string;
  /** The constraint, trigger or rule with its table where that is another; the table and columns that want an index; else null. */
  name: string | null;
}

/**
 * Foreign keys of others that let no row go, or that are looked for without an index, triggers that are asked when one goes, rules in place of a change, and tables that a
 * publication wants an identity of and that have none. The ledger's own reference to its broadcast holds nothing: its rows go first.
 */
export function readTies(connection: Connection): Promise<(Tie & Record<string, unknown>)[]> {
  return connection.query<Tie & Record<string, unknown>>(
    `with recursive part as (
       select oid, oid as whole from unnest(array[${places}]::oid[]) as oid where oid is not null
       union select inhrelid, whole from pg_inherits join part on inhparent = part.oid
     ), tie as (
       select 'foreign key' as kind, whole, conname || ' of ' || conrelid::regclass as name
       from pg_constraint join part on confrelid = part.oid and part.oid = whole
       where contype = 'f' and confdeltype in ('a', 'r') and conparentid = 0
         and conrelid is distinct from to_regclass('$bots.broadcast_messages')
       union all
       select 'unindexed', whole, conrelid::regclass || ' (' || (select string_agg(quote_ident(attname), ', ' order by place)
         from unnest(conkey) with ordinality as key (attnum, place) join pg_attribute using (attnum) where attrelid = conrelid) || ')'
       from pg_constraint join part on confrelid = part.oid and part.oid = whole
       where contype = 'f' and conparentid = 0 and not exists (
         select from pg_index where indrelid = conrelid and indisvalid and indpred is null and indkey[0] = any(conkey))
       union all
       select 'trigger', whole, tgname from pg_trigger join part on tgrelid = part.oid
       where not tgisinternal and tgparentid = 0 and tgtype & 8 = 8 and tgenabled in ('O', 'A')
       union all
       select 'rule', whole, rulename from pg_rewrite join part on ev_class = part.oid
       where ev_type in ('2', '4') and is_instead
       union all
       select 'no replica identity', whole, null from pg_class join part using (oid)
       where relkind = 'r' and (relreplident = 'n' or relreplident = 'd'
           and not exists (select from pg_index where indrelid = pg_class.oid and indisprimary))
         and exists (select from pg_publication as publication where (pubdelete or pubupdate)
           and (puballtables or exists (select from pg_publication_rel where prpubid = publication.oid
                  and prrelid in (pg_class.oid, whole))))
     )
     select distinct kind, nspname || '.' || relname as table, name from tie
     join pg_class on pg_class.oid = whole join pg_namespace on pg_namespace.oid = relnamespace order by 1, 2, 3`,
  );
}

/** Relations of the bots' names that a name does not lead to, by their schema. */
export async function readNamesakes(connection: Connection): Promise<{ schema: string; names: string[] }[]> {
  return connection.query<{ schema: string; names: string[] }>(
    `select nspname::text as schema, array_agg(relname::text order by relname) as names
     from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where relname = any($1::text[]) and relkind in ('r', 'p', 'v', 'm', 'f') and nspname <> 'telesweep' and nspname !~ '^pg_|^information_schema$'
       and exists (select from unnest($1::text[], array[${places}]::oid[]) as named (name, oid)
         where named.name = relname and named.oid <> pg_class.oid)
       -- Another bot's, which has passes of its own.
       and not exists (select from telesweep.runs where schema_name = nspname)
     group by nspname order by nspname`,
    [swept],
  );
}

/** Schemas that telesweep has worked for and that stand no more: dropped with their bot, or renamed under it. */
export async function readLostSchemas(connection: Connection): Promise<string[]> {
  const rows = await connection.query<{ schema: string }>(
    `select distinct schema_name as schema from telesweep.totals
     where not exists (select from pg_namespace where nspname = schema_name) order by 1`,
  );
  return rows.map(({ schema }) => schema);
}
