import { planColumns } from '../src/tables/column-steps.ts';
import { joinPlans, type Plan } from '../src/tables/step.ts';
import { addedColumns, addedTables } from './0002-additions.ts';
import type { Migration } from './migration.ts';
import { planOwnDown, planOwnTable } from './own-table.ts';

/** What the jobs remember of refusals, of the bot that sends, and of finished broadcasts. */
export const refusals: Migration = {
  name: '0002-refusals',

  async up(catalogue, schema) {
    const plans: Plan[] = [];
    for (const wanted of addedColumns) {
      const standing = await catalogue.table(wanted.schema ?? schema, wanted.name);
      // 0001 makes what does not stand, these columns with it.
      if (standing) plans.push(await planColumns(catalogue.db, wanted, standing));
    }
    for (const wanted of addedTables) plans.push(await planOwnTable(catalogue, wanted));
    return joinPlans(plans);
  },

  /** The columns go with 0001, by their mark. */
  async down(catalogue, schema) {
    return { steps: await planOwnDown(catalogue, addedTables, schema), problems: [] };
  },
};
