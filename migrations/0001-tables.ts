import type { QueryExecutorProvider } from 'kysely';
import { readTable, schemaStands } from '../src/store/standing-table.ts';
import {
  ownIndexPrefix,
  ownMark,
  planNewTable,
  planStandingTable,
  quoteName,
  type Step,
} from '../src/store/table-steps.ts';
import { botsTables } from './0001-bots-tables.ts';
import { ownTables } from './0001-own-tables.ts';
import type { Migration } from './migration.ts';

/** The tables that bots write, and the schema `telesweep`. */
export const tables: Migration = {
  name: '0001-tables',

  async up(db, schema) {
    const steps: Step[] = [];
    const problems: string[] = [];
    if (!(await schemaStands(db, 'telesweep'))) {
      steps.push({ what: 'create schema telesweep', sql: 'create schema telesweep' });
    }
    for (const wanted of [...ownTables, ...botsTables]) {
      const place = wanted.schema ?? schema;
      const standing = await readTable(db, place, wanted.name);
      const plan = standing ? await planStandingTable(db, wanted, place, standing) : planNewTable(wanted, place);
      steps.push(...plan.steps);
      problems.push(...plan.problems);
    }
    return { steps, problems };
  },

  async down(db, schema) {
    const steps: Step[] = [];
    for (const { name } of botsTables) steps.push(...(await stripTable(db, schema, name)));
    for (const { name } of ownTables.toReversed()) {
      if (!(await readTable(db, 'telesweep', name))) continue;
      steps.push({ what: `drop table telesweep.${name}`, sql: `drop table telesweep.${name}` });
    }
    if (await schemaStands(db, 'telesweep'))
      steps.push({ what: 'drop schema telesweep', sql: 'drop schema telesweep' });
    return steps;
  },
};

/** Takes from a bot's table what carries telesweep's mark, and nothing else. */
async function stripTable(db: QueryExecutorProvider, schema: string, name: string): Promise<Step[]> {
  const standing = await readTable(db, schema, name);
  if (!standing) return [];
  const indexes = [...standing.indexNames].filter((index) => index.startsWith(ownIndexPrefix)).sort();
  const columns = [...standing.columns].filter(([, column]) => column.comment?.startsWith(ownMark));
  return [
    ...indexes.map((index) => ({
      what: `drop index ${schema}.${index}`,
      sql: `drop index ${quoteName(schema)}.${quoteName(index)}`,
    })),
    ...columns.map(([column]) => ({
      what: `drop column ${schema}.${name}.${column}`,
      sql: `alter table ${quoteName(schema)}.${name} drop column ${quoteName(column)}`,
    })),
  ];
}
