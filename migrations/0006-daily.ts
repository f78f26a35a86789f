import { joinPlans, type Plan } from '../src/tables/step.ts';
import type { WantedTable } from '../src/tables/wanted-table.ts';
import type { Migration } from './migration.ts';
import { planOwnDown, planOwnTable, schemaName } from './own-table.ts';

const timestamp = 'timestamp with time zone';

export const dailyTables: readonly WantedTable[] = [
  {
    // What was done and how things stood, by day: src/store/daily-metrics.ts.
    schema: 'telesweep',
    name: 'daily',
    columns: [
      schemaName,
      { name: 'day', type: 'date', notNull: true },
      { name: 'metric', type: 'text', notNull: true },
      { name: 'value', type: 'bigint', notNull: true },
    ],
    key: ['schema_name', 'day', 'metric'],
    keyRequired: true,
    // Today's rows are updated by every statement that does work: room in their page lets PostgreSQL reuse it.
    storage: 'with (fillfactor = 50)',
  },
  {
    // What became of each report of `stats --send`: at most one for a stretch of time.
    schema: 'telesweep',
    name: 'reports',
    columns: [
      schemaName,
      // `day`, `week` or `month`, and the day on which it began.
      { name: 'stretch', type: 'text', notNull: true },
      { name: 'began', type: 'date', notNull: true },
      // `sending`, `sent`, `failed` or `uncertain`.
      { name: 'state', type: 'text', notNull: true },
      { name: 'chat_id', type: 'text', notNull: true },
      { name: 'message_id', type: 'bigint' },
      { name: 'error', type: 'text' },
      { name: 'holder', type: 'text', notNull: true },
      { name: 'held_until', type: timestamp, notNull: true },
      { name: 'changed_at', type: timestamp, notNull: true, default: 'now()' },
    ],
    key: ['schema_name', 'stretch', 'began'],
    keyRequired: true,
  },
];

/** Figures by day, which outlive the rows that they count, and the reports that were sent of them. */
export const daily: Migration = {
  name: '0006-daily',

  async up(catalogue) {
    const plans: Plan[] = [];
    for (const wanted of dailyTables) plans.push(await planOwnTable(catalogue, wanted));
    return joinPlans(plans);
  },

  async down(catalogue, schema) {
    return { steps: await planOwnDown(catalogue, dailyTables, schema), problems: [] };
  },
};
