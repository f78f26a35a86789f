import { type QueryExecutorProvider, sql } from 'kysely';
import { ownIndexPrefix, readIndexes, type StandingIndex } from './standing-index.ts';

/** A relation of the database, as far as a migration asks. */
export interface StandingTable extends TablePart {
  columns: ReadonlyMap<string, StandingColumn>;
  /** The partitions and the tables that inherit from it, of every depth. */
  parts: readonly TablePart[];
  /** Indexes of the table and of its parts, and all others of the schema that carry telesweep's mark. */
  indexes: readonly StandingIndex[];
  /** It, or a part of it, takes room on disk: there are rows, or were until lately. */
  filled: boolean;
}

export interface TablePart {
  oid: string;
  schema: string;
  name: string;
  /** PostgreSQL's `relkind`: `r` and `p` are tables. */
  kind: string;
  /** The table that it is a part of; null for the whole. */
  parent: string | null;
}

export interface StandingColumn {
  /** As declared: `character varying(20)`. */
  type: string;
  /** Without length or precision, and what lies under a domain: `character varying`. */
  baseType: string;
  notNull: boolean;
  /** A default, an identity or a generated column: an insert may leave it out. */
  hasDefault: boolean;
  /** Computed whenever it is read, and so without an index. */
  virtual: boolean;
  comment: string | null;
}

/** Whether a schema of this name stands. */
export async function schemaStands(db: QueryExecutorProvider, schema: string): Promise<boolean> {
  const { rows } = await sql`select from pg_namespace where nspname = ${schema}`.execute(db);
  return rows.length > 0;
}

/** A schema, as far as a migration asks. */
export interface StandingSchema {
  /** By name. */
  tables: ReadonlyMap<string, StandingTable>;
  /** Its indexes that carry telesweep's mark. */
  ownIndexes: readonly StandingIndex[];
}

interface Relation extends TablePart {
  /** The oid of the whole table. */
  whole: string;
  /** Bytes of its rows. */
  size: string;
}

/** Reads relations of these names from the catalogue, as far as they stand. */
export async function readSchema(
  db: QueryExecutorProvider,
  schema: string,
  names: readonly string[],
): Promise<StandingSchema> {
  const { rows } = await sql<Relation>`
    with recursive part as (
      select oid, null::oid as parent, oid as whole from pg_class
      where relname = any(${names}::text[]) and relnamespace = (select oid from pg_namespace where nspname = ${schema})
      union all
      select inhrelid, inhparent, whole from pg_inherits join part on inhparent = part.oid
    )
    select whole::text as whole, pg_class.oid::text as oid, nspname as schema, relname as name, relkind as kind,
      parent::text as parent, case when relkind = 'r' then pg_relation_size(pg_class.oid) else 0 end::text as size
    from part join pg_class using (oid) join pg_namespace on pg_namespace.oid = relnamespace
    order by parent nulls first, schema, name`.execute(db);
  const relations = new Map<string, Relation[]>();
  for (const row of rows) relations.set(row.whole, [...(relations.get(row.whole) ?? []), row]);
  const columns = await readColumns(db, [...relations.keys()]);
  const indexes = await readIndexes(db, schema, [...new Set(rows.map(({ oid }) => oid))]);
  const ownIndexes = indexes.filter((index) => index.schema === schema && index.name.startsWith(ownIndexPrefix));
  const tables = [...relations].flatMap(([whole, found]) => {
    // What inherits from two tables of the tree comes twice.
    const [table, ...parts] = new Map(found.map(({ whole: _, size: __, ...part }) => [part.oid, part])).values();
    if (table === undefined) return [];
    const here = new Set(found.map(({ oid }) => oid));
    return {
      ...table,
      columns: columns.get(whole) ?? new Map(),
      parts,
      indexes: indexes.filter((index) => here.has(index.table) || ownIndexes.includes(index)),
      filled: found.some(({ size }) => BigInt(size) > 0n),
    };
  });
  return { tables: new Map(tables.map((table) => [table.name, table])), ownIndexes };
}

/**
 * By the oid of their table. A domain may lie on another; of a type's name only an extension's may need its schema, and citext has
 * none beside it.
 */
async function readColumns(
  db: QueryExecutorProvider,
  tables: readonly string[],
): Promise<Map<string, Map<string, StandingColumn>>> {
  const { rows } = await sql<StandingColumn & { table: string; name: string }>`
    with recursive domain as (
      select attrelid, attnum, atttypid as type from pg_attribute
      where attrelid = any(${tables}::oid[]) and attnum > 0 and not attisdropped
      union all
      select attrelid, attnum, typbasetype from domain join pg_type on pg_type.oid = type where typtype = 'd'
    ), base as (
      select attrelid, attnum, case when typname = 'citext' then 'citext' else format_type(type, null) end as type
      from domain join pg_type on pg_type.oid = type where typtype <> 'd'
    )
    select attrelid::text as table, attname as name, format_type(atttypid, atttypmod) as type, base.type as "baseType",
      attnotnull as "notNull", atthasdef or attidentity <> '' as "hasDefault", attgenerated = 'v' as virtual,
      col_description(attrelid, attnum) as comment
    from pg_attribute join base using (attrelid, attnum)`.execute(db);
  const columns = new Map<string, Map<string, StandingColumn>>();
  for (const { table, name, ...column } of rows) {
    columns.set(table, (columns.get(table) ?? new Map<string, StandingColumn>()).set(name, column));
  }
  return columns;
}
