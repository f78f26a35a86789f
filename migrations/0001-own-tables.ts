import type { WantedTable } from '../src/tables/wanted-table.ts';
import { schemaName } from './own-table.ts';

const timestamp = 'timestamp with time zone';

/** One row that is updated every half second: room in its page lets PostgreSQL reuse it without touching the index. */
const churned = 'with (fillfactor = 50)';

/** What telesweep keeps for itself. A run's id is text so that an operator may hold a lease by hand. */
export const ownTables: readonly WantedTable[] = [
  {
    schema: 'telesweep',
    name: 'migrations',
    columns: [
      { name: 'name', type: 'text', notNull: true },
      { name: 'applied_at', type: timestamp, notNull: true, default: 'now()' },
    ],
    key: ['name'],
  },
  {
    schema: 'telesweep',
    name: 'runs',
    columns: [
      { name: 'run_id', type: 'text', notNull: true },
      { name: 'job', type: 'text', notNull: true },
      { name: 'started_at', type: timestamp, notNull: true, default: 'now()' },
      { name: 'finished_at', type: timestamp },
      { name: 'outcome', type: 'text' },
      { name: 'summary', type: 'jsonb' },
      schemaName,
    ],
    key: ['run_id'],
    keyRequired: true,
    indexes: [{ name: 'telesweep_runs_job', columns: ['schema_name', 'job', 'started_at desc'] }],
  },
  {
    schema: 'telesweep',
    name: 'leases',
    columns: [
      { name: 'job', type: 'text', notNull: true },
      { name: 'run_id', type: 'text', notNull: true },
      { name: 'holder', type: 'text', notNull: true },
      { name: 'acquired_at', type: timestamp, notNull: true, default: 'now()' },
      { name: 'expires_at', type: timestamp, notNull: true },
      schemaName,
    ],
    key: ['schema_name', 'job'],
    keyRequired: true,
    storage: churned,
  },
  {
    schema: 'telesweep',
    name: 'budgets',
    columns: [
      { name: 'bot_id', type: 'bigint', notNull: true },
      { name: 'next_call_at', type: timestamp, notNull: true, default: 'now()' },
      { name: 'paused_until', type: timestamp },
      { name: 'cooldown_until', type: timestamp },
    ],
    key: ['bot_id'],
    keyRequired: true,
    storage: churned,
  },
  {
    schema: 'telesweep',
    name: 'bots',
    columns: [
      { name: 'bot_id', type: 'bigint', notNull: true },
      { name: 'username', type: 'text', notNull: true },
      { name: 'asked_at', type: timestamp, notNull: true, default: 'now()' },
    ],
    key: ['bot_id'],
    keyRequired: true,
  },
  {
    schema: 'telesweep',
    name: 'guide_posts',
    columns: [
      { name: 'slot', type: timestamp, notNull: true },
      { name: 'guide_id', type: 'text', notNull: true },
      { name: 'chat_id', type: 'text', notNull: true },
      { name: 'state', type: 'text', notNull: true },
      { name: 'message_id', type: 'bigint' },
      { name: 'error', type: 'text' },
      // Where the guide stood, so that the rotation goes on from there when the guide is removed.
      { name: 'position', type: 'bigint' },
      // The chat's id where it is another than the configured one: that of a @name, or of a group that was upgraded.
      { name: 'sent_to', type: 'text' },
      schemaName,
    ],
    // In one slot each channel gets at most one post.
    key: ['schema_name', 'slot', 'chat_id'],
    keyRequired: true,
  },
  {
    // Posts are forgotten in time; their totals never go back.
    schema: 'telesweep',
    name: 'guide_totals',
    columns: [
      { name: 'status', type: 'text', notNull: true },
      { name: 'total', type: 'bigint', notNull: true, default: '0' },
      schemaName,
    ],
    key: ['schema_name', 'status'],
    keyRequired: true,
  },
];
