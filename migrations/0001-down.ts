import { type QueryExecutorProvider, sql } from 'kysely';
import type { Catalogue } from '../src/tables/catalogue.ts';
import { ownMark } from '../src/tables/column-steps.ts';
import { ownIndexPrefix, type StandingIndex } from '../src/tables/standing-index.ts';
import { type StandingTable, schemaStands } from '../src/tables/standing-table.ts';
import { joinPlans, type Plan, quoteName, type Step } from '../src/tables/step.ts';
import { botsTables } from './0001-bots-tables.ts';
import { ownTables } from './0001-own-tables.ts';
import { everyOwnTable } from './every-own-table.ts';
import { otherSchemas, planOwnDown, schemaName } from './own-table.ts';

/** Takes from the bots' tables what carries telesweep's mark and nothing else, then telesweep's own tables and schema. */
export async function planDown(catalogue: Catalogue, schema: string): Promise<Plan> {
  const tables: StandingTable[] = [];
  for (const { name } of botsTables) {
    const standing = await catalogue.table(schema, name);
    if (standing) tables.push(standing);
  }
  const left = tables.map(({ name }) => `${schema}.${name}`).join(', ');
  const contract = 'what the contract gives these tables, where migrate added it: columns, defaults, numbers';
  return joinPlans([
    { steps: dropIndexes(await catalogue.ownIndexes(schema), tables), problems: [] },
    { steps: tables.flatMap(dropColumns), problems: [] },
    await planSchema(catalogue, schema),
    { steps: [], problems: [], notes: tables.length === 0 ? [] : [`with every row of theirs: ${left}`, contract] },
  ]);
}

/** An index of the whole takes those of the parts with it, which may stand in other schemas. */
function dropIndexes(ofSchema: readonly StandingIndex[], tables: readonly StandingTable[]): Step[] {
  const all = [...ofSchema, ...tables.flatMap(({ indexes }) => indexes)];
  const own = new Map(all.filter(({ name }) => name.startsWith(ownIndexPrefix)).map((index) => [index.oid, index]));
  return [...own.values()]
    .filter(({ parent }) => parent === null)
    .map(({ schema: place, name, on }) => ({
      what: `drop index ${place}.${name}`,
      sql: `drop index ${quoteName(place)}.${quoteName(name)}`,
      table: on,
    }));
}

function dropColumns({ schema, name, columns }: StandingTable): Step[] {
  const table = `${quoteName(schema)}.${quoteName(name)}`;
  const own = [...columns].filter(([, { comment }]) => comment?.startsWith(ownMark));
  return own.map(([column]) => ({
    what: `drop column ${schema}.${name}.${column}`,
    sql: `alter table ${table} drop column ${quoteName(column)}`,
    table,
  }));
}

async function planSchema(catalogue: Catalogue, schema: string): Promise<Plan> {
  const { db } = catalogue;
  if (!(await schemaStands(db, 'telesweep'))) return { steps: [], problems: [] };
  const others = await otherSchemas(db, schema);
  const tables = ownTables.filter(({ columns }) => others.length === 0 || columns.includes(schemaName));
  const steps = await planOwnDown(catalogue, tables, schema);
  if (others.length > 0) {
    return { steps, problems: [], notes: [`schema telesweep, for the bots of ${others.join(', ')}`] };
  }
  const strangers = await readStrangers(db);
  if (strangers.length > 0) {
    const note = `schema telesweep, for what is not telesweep's own: ${strangers.join(', ')}`;
    return { steps, problems: [], notes: [note] };
  }
  return { steps: [...steps, { what: 'drop schema telesweep', sql: 'drop schema telesweep' }], problems: [] };
}

/** What somebody else has put into telesweep's schema. */
async function readStrangers(db: QueryExecutorProvider): Promise<string[]> {
  const own = everyOwnTable.map(({ name }) => name);
  const { rows } = await sql<{ name: string }>`
    with place as (select oid from pg_namespace where nspname = 'telesweep')
    select relname as name from pg_class join place on place.oid = relnamespace
    where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and relname <> all(${own}::text[])
      and not exists (select from pg_depend where objid = pg_class.oid and deptype in ('a', 'i'))
    union all
    select proname || '()' from pg_proc join place on place.oid = pronamespace
    union all
    select typname from pg_type join place on place.oid = typnamespace where typtype in ('e', 'd')
    order by 1`.execute(db);
  return rows.map(({ name }) => name);
}
