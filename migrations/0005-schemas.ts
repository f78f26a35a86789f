import { type QueryExecutorProvider, sql } from 'kysely';
import type { StandingIndex } from '../src/tables/standing-index.ts';
import type { StandingTable } from '../src/tables/standing-table.ts';
import { joinPlans, type Plan, quoteName, quoteText, type Step } from '../src/tables/step.ts';
import type { WantedTable } from '../src/tables/wanted-table.ts';
import { ownTables } from './0001-own-tables.ts';
import { addedTables } from './0002-additions.ts';
import type { Migration } from './migration.ts';
import { beforeSchemas, markedSchemas, schemaName } from './own-table.ts';

/** What other bots of the database may rely on as well: passes under way, guides of a slot, ledger rows that come late. */
const shared = ['leases', 'guide_posts', 'finished_broadcasts'];

/** Bots that share a database: the rows of telesweep's own tables belong to the schema of a bot's tables. */
export const schemas: Migration = {
  name: '0005-schemas',

  async up(catalogue, schema) {
    const { db } = catalogue;
    const marked = await markedSchemas(db);
    // What stands is of the bot that telesweep has worked for, whichever one is migrated first.
    const owner = marked.includes(schema) ? schema : (marked[0] ?? schema);
    const plans: Plan[] = [];
    for (const wanted of [...ownTables, ...addedTables]) {
      if (!wanted.columns.includes(schemaName)) continue;
      const standing = await catalogue.table('telesweep', wanted.name);
      if (standing === null) continue;
      const others = shared.includes(wanted.name) ? marked.filter((other) => other !== owner) : [];
      const steps = standing.columns.has(schemaName.name)
        ? await forgetKeys(db, wanted, standing)
        : await stepsOf(db, wanted, standing, owner, others);
      plans.push({ steps, problems: [] });
    }
    return joinPlans(plans);
  },

  /** The columns go with their tables. */
  async down() {
    return { steps: [], problems: [] };
  },
};

async function stepsOf(
  db: QueryExecutorProvider,
  wanted: WantedTable,
  standing: StandingTable,
  owner: string,
  others: readonly string[],
): Promise<Step[]> {
  const table = `telesweep.${wanted.name}`;
  const columns = wanted.columns.filter((column) => column !== schemaName).map(({ name }) => name);
  // A constant is kept with the table: no row is written anew.
  const statements = [
    `alter table ${table} add column schema_name text not null default ${quoteText(owner)}`,
    `alter table ${table} alter column schema_name set default current_schema()`,
  ];
  if (wanted.key.includes(schemaName.name)) {
    statements.push(
      ...(await dropKeys(db, wanted, standing)),
      `alter table ${table} add primary key (${wanted.key.join(', ')})`,
    );
  }
  for (const index of wanted.indexes ?? []) {
    statements.push(`drop index if exists telesweep.${quoteName(index.name)}`);
    statements.push(`create index ${quoteName(index.name)} on ${table} (${index.columns.join(', ')})`);
  }
  for (const other of others) {
    const list = columns.join(', ');
    statements.push(
      `insert into ${table} (schema_name, ${list}) select ${quoteText(other)}, ${list} from ${table} where schema_name = ${quoteText(owner)}`,
    );
  }
  return [
    {
      what: `add column ${table}.schema_name: what stands is of ${[owner, ...others].join(', ')}`,
      sql: statements.join(';\n'),
      table,
    },
  ];
}

/** Keys that a `migrate` of before has made anew. */
async function forgetKeys(db: QueryExecutorProvider, wanted: WantedTable, standing: StandingTable): Promise<Step[]> {
  if (!wanted.key.includes(schemaName.name)) return [];
  const table = `telesweep.${wanted.name}`;
  const old = keyBefore(wanted).join();
  const columnsOf = ({ columns }: StandingIndex) => columns.map((column) => column.replace(/ desc$/, '')).sort();
  if (!standing.indexes.some((index) => columnsOf(index).join() === old)) return [];
  const statements = await dropKeys(db, wanted, standing);
  return statements.map((sql) => ({ what: `drop the key of ${table} that two bots would share`, sql, table }));
}

/** In the order of the alphabet. */
const keyBefore = (wanted: WantedTable): string[] => [...beforeSchemas(wanted).key].sort();

/** What keeps the rows of two bots apart no more: the key, whoever made it. */
async function dropKeys(db: QueryExecutorProvider, wanted: WantedTable, { oid }: StandingTable): Promise<string[]> {
  const { rows } = await sql<{ name: string; is_constraint: boolean }>`
    select relname as name, conindid is not null as is_constraint
    from pg_index join pg_class on pg_class.oid = indexrelid left join pg_constraint on conindid = indexrelid and contype in ('p', 'u')
    where indrelid = ${oid}::oid and indisunique and (
      select array_agg(attname::text order by attname) from pg_attribute
      where attrelid = indrelid and attnum = any(indkey)) = ${keyBefore(wanted)}::text[]`.execute(db);
  return rows.map(({ name, is_constraint }) =>
    is_constraint
      ? `alter table telesweep.${wanted.name} drop constraint ${quoteName(name)}`
      : `drop index telesweep.${quoteName(name)}`,
  );
}
