import { type QueryExecutorProvider, sql } from 'kysely';
import { readIndexes, type StandingIndex } from './standing-index.ts';

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

/** Reads a table from the catalogue; null where no relation has the name. */
export async function readTable(
  db: QueryExecutorProvider,
  schema: string,
  name: string,
): Promise<StandingTable | null> {
  const relations = await sql<TablePart & { size: string }>`
    with recursive part as (
      select oid, null::oid as parent from pg_class
      where relname = ${name} and relnamespace = (select oid from pg_namespace where nspname = ${schema})
      union all
      select inhrelid, inhparent from pg_inherits join part on inhparent = part.oid
    )
    select pg_class.oid::text as oid, nspname as schema, relname as name, relkind as kind, parent::text as parent,
      case when relkind = 'r' then pg_relation_size(pg_class.oid) else 0 end::text as size
    from part join pg_class using (oid) join pg_namespace on pg_namespace.oid = relnamespace
    order by parent nulls first, schema, name`.execute(db);
  // What inherits from two tables of the tree comes twice.
  const [found, ...parts] = new Map(relations.rows.map(({ size: _, ...part }) => [part.oid, part])).values();
  if (!found) return null;
  return {
    ...found,
    columns: await readColumns(db, found.oid),
    parts,
    indexes: await readIndexes(db, schema, [found.oid, ...parts.map(({ oid }) => oid)]),
    filled: relations.rows.some(({ size }) => BigInt(size) > 0n),
  };
}

/** A domain may lie on another; of a type's name only an extension's may need its schema, and citext has none beside it. */
async function readColumns(db: QueryExecutorProvider, table: string): Promise<Map<string, StandingColumn>> {
  const { rows } = await sql<StandingColumn & { name: string }>`
    with recursive domain as (
      select attnum, atttypid as type from pg_attribute
      where attrelid = ${table}::oid and attnum > 0 and not attisdropped
      union all
      select attnum, typbasetype from domain join pg_type on pg_type.oid = type where typtype = 'd'
    ), base as (
      select attnum, case when typname = 'citext' then 'citext' else format_type(type, null) end as type
      from domain join pg_type on pg_type.oid = type where typtype <> 'd'
    )
    select attname as name, format_type(atttypid, atttypmod) as type, base.type as "baseType",
      attnotnull as "notNull", atthasdef or attidentity <> '' as "hasDefault", attgenerated = 'v' as virtual,
      col_description(attrelid, attnum) as comment
    from pg_attribute join base using (attnum) where attrelid = ${table}::oid`.execute(db);
  return new Map(rows.map(({ name, ...column }) => [name, column]));
}
