import { type QueryExecutorProvider, sql } from 'kysely';

/** A relation of the database, as far as a migration asks. */
export interface StandingTable {
  /** PostgreSQL's `relkind`: `r` and `p` are tables. */
  kind: string;
  columns: ReadonlyMap<string, StandingColumn>;
  /** The columns of each unique index that holds for all rows, in order of name. */
  uniqueKeys: readonly (readonly string[])[];
  indexNames: ReadonlySet<string>;
}

export interface StandingColumn {
  /** As declared: `character varying(20)`. */
  type: string;
  /** Without length or precision, and what lies under a domain: `character varying`. */
  baseType: string;
  notNull: boolean;
  /** A default, an identity or a generated column: an insert may leave it out. */
  hasDefault: boolean;
  comment: string | null;
}

/**
 * The schema of the bots' tables: the first on the search path, past telesweep's own. (A role named telesweep has that
 * one first, by `"$user"`.) Null where the search path names no schema that stands.
 */
export async function readBotsSchema(db: QueryExecutorProvider): Promise<string | null> {
  const { rows } = await sql<{ schema: string }>`
    select schema from unnest(current_schemas(false)) with ordinality as path (schema, place)
    where schema <> 'telesweep' order by place limit 1`.execute(db);
  return rows[0]?.schema ?? null;
}

/** Whether a schema of this name stands. */
export async function schemaStands(db: QueryExecutorProvider, schema: string): Promise<boolean> {
  const { rows } = await sql`select from pg_namespace where nspname = ${schema}`.execute(db);
  return rows.length > 0;
}

/** Reads a table from the catalogue; null where no relation has the name. */
export async function readTable(
  db: QueryExecutorProvider,
  schema: string,
  name: string,
): Promise<StandingTable | null> {
  const relation = await sql<{ oid: string; kind: string }>`
    select pg_class.oid, relkind as kind from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = ${schema} and relname = ${name}`.execute(db);
  const [found] = relation.rows;
  if (!found) return null;
  const columns = await sql<StandingColumn & { name: string }>`
    select attname as name, format_type(atttypid, atttypmod) as type,
      format_type(coalesce(nullif(typbasetype, 0), atttypid), null) as "baseType",
      attnotnull as "notNull", atthasdef or attidentity <> '' as "hasDefault",
      col_description(attrelid, attnum) as comment
    from pg_attribute join pg_type on pg_type.oid = atttypid
    where attrelid = ${found.oid}::oid and attnum > 0 and not attisdropped`.execute(db);
  const indexes = await sql<{ name: string; uniqueColumns: string[] | null }>`
    select relname as name,
      case when indisunique and indisvalid and indimmediate and indpred is null and indexprs is null then
        (select array_agg(attname::text order by attname) from pg_attribute
         where attrelid = indrelid and attnum = any (indkey[0:indnkeyatts - 1]))
      end as "uniqueColumns"
    from pg_index join pg_class on pg_class.oid = indexrelid
    where indrelid = ${found.oid}::oid`.execute(db);
  return {
    kind: found.kind,
    columns: new Map(columns.rows.map(({ name: column, ...rest }) => [column, rest])),
    uniqueKeys: indexes.rows.flatMap((index) => (index.uniqueColumns ? [index.uniqueColumns] : [])),
    indexNames: new Set(indexes.rows.map((index) => index.name)),
  };
}
