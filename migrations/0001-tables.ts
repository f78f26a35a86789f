import type { QueryExecutorProvider } from 'kysely';
import { findRelations } from '../src/tables/bots-schema.ts';
import { schemaStands } from '../src/tables/standing-table.ts';
import { joinPlans, type Plan } from '../src/tables/step.ts';
import { planNewTable, planStandingTable } from '../src/tables/table-steps.ts';
import { botsTables } from './0001-bots-tables.ts';
import { planDown } from './0001-down.ts';
import { ownTables } from './0001-own-tables.ts';
import { withAddedColumns } from './0002-additions.ts';
import type { Migration } from './migration.ts';
import { planOwnTable } from './own-table.ts';

/** The tables that bots write, and the schema `telesweep`. */
export const tables: Migration = {
  name: '0001-tables',

  async up(catalogue, schema) {
    const { db } = catalogue;
    const plans: Plan[] = [];
    if (!(await schemaStands(db, 'telesweep'))) {
      plans.push({ steps: [{ what: 'create schema telesweep', sql: 'create schema telesweep' }], problems: [] });
    }
    for (const wanted of ownTables) plans.push(await planOwnTable(catalogue, wanted, withAddedColumns(wanted)));
    for (const wanted of botsTables) {
      if (wanted.unread && (await resolves(db, wanted.name))) continue;
      const standing = await catalogue.table(schema, wanted.name);
      plans.push(
        standing
          ? await planStandingTable(db, wanted, standing)
          : await planNewTable(catalogue, withAddedColumns(wanted), schema),
      );
    }
    return joinPlans(plans);
  },

  down: planDown,
};

/** Whether a statement without a schema finds a relation of the name. */
async function resolves(db: QueryExecutorProvider, name: string): Promise<boolean> {
  return (await findRelations(db, [name])).some(({ place }) => place !== null);
}
