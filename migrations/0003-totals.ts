import type { WantedTable } from '../src/tables/wanted-table.ts';
import type { Migration } from './migration.ts';
import { planOwnDown, planOwnTable, schemaName } from './own-table.ts';

/** What the jobs have done in all. Runs are forgotten in time; these figures never go back. */
export const totalsTable: WantedTable = {
  schema: 'telesweep',
  name: 'totals',
  columns: [
    schemaName,
    // 0 for a job that calls nobody.
    { name: 'bot_id', type: 'bigint', notNull: true },
    { name: 'job', type: 'text', notNull: true },
    { name: 'name', type: 'text', notNull: true },
    { name: 'label', type: 'text', notNull: true },
    { name: 'value', type: 'bigint', notNull: true },
    { name: 'changed_at', type: 'timestamp with time zone', notNull: true, default: 'now()' },
  ],
  key: ['schema_name', 'bot_id', 'job', 'name', 'label'],
  keyRequired: true,
  // Rows that every pass updates: room in their page lets PostgreSQL reuse it without touching the index.
  storage: 'with (fillfactor = 50)',
};

/** What the jobs have done in all, for metrics that survive a lost text file and the pruning of runs. */
export const totals: Migration = {
  name: '0003-totals',

  up: (catalogue) => planOwnTable(catalogue, totalsTable),

  async down(catalogue, schema) {
    return { steps: await planOwnDown(catalogue, [totalsTable], schema), problems: [] };
  },
};
