import { type QueryExecutorProvider, sql } from 'kysely';

/** The start of the names of telesweep's own indexes. */
export const ownIndexPrefix = 'telesweep_';

export interface StandingIndex {
  oid: string;
  schema: string;
  name: string;
  /** The oid of its table, and the table's name for people and SQL. */
  table: string;
  on: string;
  /** It holds for all rows, at once. */
  unique: boolean;
  /** False for what a build that was broken off has left, and for a partitioned one that lacks a part. */
  valid: boolean;
  /** As `WantedIndex` has them; empty for an index that is no plain tree of columns. */
  columns: string[];
  where: string | null;
  /** Neither unique nor with anything out of the ordinary, so that it may become a part of a partitioned one. */
  ordinary: boolean;
  /** The index of the whole table that it is a part of. */
  parent: string | null;
}

/** What an index must be to serve. */
export interface NeededIndex {
  name: string;
  columns: readonly string[];
  where?: string;
  unique?: boolean;
}

/** Reads the indexes of these tables, and all of a schema that carry telesweep's mark. */
export async function readIndexes(
  db: QueryExecutorProvider,
  schema: string,
  tables: readonly string[],
): Promise<StandingIndex[]> {
  const { rows } = await sql<StandingIndex>`
    select indexrelid::text as oid, nspname as schema, index.relname as name, indrelid::text as table,
      (select format('%I.%I', nspname, relname) from pg_class as owner join pg_namespace on pg_namespace.oid = relnamespace
       where owner.oid = indrelid) as on, indisunique and indimmediate as unique,
      indisvalid and indisready and indislive as valid, inhparent::text as parent,
      not indisunique and indnatts = indnkeyatts and not exists (
        select from unnest(indclass) as used join pg_opclass on pg_opclass.oid = used where not opcdefault
      ) as ordinary,
      pg_get_expr(indpred, indrelid) as where,
      case when indexprs is null and amname = 'btree' then array(
        select attname || case when indoption[place - 1] & 1 = 1 then ' desc' else '' end
        from generate_series(1, indnkeyatts) as place join pg_attribute on attrelid = indrelid and attnum = indkey[place - 1]
        order by place
      ) else '{}' end as columns
    from pg_index
    join pg_class as index on index.oid = indexrelid join pg_am on pg_am.oid = index.relam
    join pg_namespace on pg_namespace.oid = index.relnamespace
    left join pg_inherits on inhrelid = indexrelid
    where indrelid = any(${tables}::oid[])
      or (nspname = ${schema} and starts_with(index.relname, ${ownIndexPrefix}))
    order by indexrelid`.execute(db);
  return rows;
}

/** Whether an index is what is needed, valid or not. */
export function matches(index: StandingIndex, need: NeededIndex): boolean {
  if (need.unique && !index.unique) return false;
  const given = need.unique ? [...index.columns].sort() : index.columns;
  const wanted = need.unique ? [...need.columns].sort() : need.columns;
  return given.join() === wanted.join() && plain(index.where ?? '') === plain(need.where ?? '');
}

/** A condition without what PostgreSQL adds by types, session and search path: casts, parentheses, quotes, schemas. */
function plain(condition: string): string {
  return condition
    .split(/('(?:[^']|'')*')/)
    .map((part, n) => (n % 2 === 1 ? part : plainWords(part)))
    .join('');
}

function plainWords(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('"', '')
    .replace(/operator\((?:\w+\.)?([^\s()]+)\)/g, '$1')
    .replace(/::[a-z_ .]+(\(\d+\))?(\[\])?|[\s()]/g, '');
}
