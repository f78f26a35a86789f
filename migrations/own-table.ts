/** Telesweep's own tables, whose rows belong to the schemas of the bots that share the database. */

import { type QueryExecutorProvider, sql } from 'kysely';
import type { Catalogue } from '../src/tables/catalogue.ts';
import { ownMark } from '../src/tables/column-steps.ts';
import { type Plan, quoteText, type Step } from '../src/tables/step.ts';
import { planNewTable, planStandingTable } from '../src/tables/table-steps.ts';
import type { WantedTable } from '../src/tables/wanted-table.ts';

/** The schema of the bots' tables that a row is of. */
export const schemaName = { name: 'schema_name', type: 'text', notNull: true, default: 'current_schema()' } as const;

/** One that stands without the schemas is completed as it was made: migration 0005 gives them to it. */
export async function planOwnTable(
  catalogue: Catalogue,
  wanted: WantedTable,
  /** As it is made where none stands. */
  made: WantedTable = wanted,
): Promise<Plan> {
  const standing = await catalogue.table('telesweep', wanted.name);
  if (standing === null) return planNewTable(catalogue, made, 'telesweep');
  const isOld = wanted.columns.includes(schemaName) && !standing.columns.has(schemaName.name);
  return planStandingTable(catalogue.db, isOld ? beforeSchemas(wanted) : wanted, standing);
}

const isOther = (name: string): boolean => name !== schemaName.name;

/** The table as it was when all rows were of one bot. */
export function beforeSchemas(wanted: WantedTable): WantedTable {
  const { columns, key, indexes = [] } = wanted;
  return {
    ...wanted,
    columns: columns.filter(({ name }) => isOther(name)),
    key: key.filter(isOther),
    indexes: indexes.map((index) => ({ ...index, columns: index.columns.filter(isOther) })),
  };
}

/** Drops tables, the last one first, or where bots of other schemas go on takes the rows of this one alone. */
export async function planOwnDown(
  catalogue: Catalogue,
  tables: readonly Pick<WantedTable, 'name'>[],
  schema: string,
): Promise<Step[]> {
  const others = await otherSchemas(catalogue.db, schema);
  const steps: Step[] = [];
  for (const { name } of tables.toReversed()) {
    const standing = await catalogue.table('telesweep', name);
    const table = `telesweep.${name}`;
    if (standing !== null && others.length === 0) {
      steps.push({ what: `drop table ${table}`, sql: `drop table ${table}` });
    } else if (standing?.columns.has(schemaName.name)) {
      const sql = `delete from ${table} where schema_name = ${quoteText(schema)}`;
      steps.push({ what: `empty table ${table} of what concerns ${schema}`, sql });
    }
  }
  return steps;
}

/** The other schemas in which tables carry the mark of telesweep's columns, in order of their names. */
export async function otherSchemas(db: QueryExecutorProvider, schema: string): Promise<string[]> {
  return (await markedSchemas(db)).filter((marked) => marked !== schema);
}

export async function markedSchemas(db: QueryExecutorProvider): Promise<string[]> {
  const { rows } = await sql<{ schema: string }>`
    select distinct nspname as schema from pg_description
    join pg_class on pg_class.oid = objoid join pg_namespace on pg_namespace.oid = relnamespace
    where classoid = 'pg_class'::regclass and objsubid > 0 and starts_with(description, ${ownMark})
      and relname in ('pending_deletions', 'broadcasts', 'broadcast_messages', 'guides') and nspname <> 'telesweep'
    order by 1`.execute(db);
  return rows.map((row) => row.schema);
}
