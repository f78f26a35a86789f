import type { WantedTable } from '../src/tables/wanted-table.ts';
import type { Migration } from './migration.ts';
import { planOwnDown, planOwnTable, schemaName } from './own-table.ts';

const timestamp = 'timestamp with time zone';

/** What `doctor --alert` has seen and told: a row for each channel and each schema of bots' tables. */
export const alertsTable: WantedTable = {
  schema: 'telesweep',
  name: 'alerts',
  columns: [
    schemaName,
    { name: 'channel', type: 'text', notNull: true },
    // What is not well, by its name: since when, and how often it was seen in a row.
    { name: 'seen', type: 'jsonb', notNull: true, default: "'{}'" },
    // The names in the open alert; null where none is open.
    { name: 'told', type: 'jsonb' },
    { name: 'text', type: 'text' },
    { name: 'opened_at', type: timestamp },
    // When its last message was sent.
    { name: 'told_at', type: timestamp },
    { name: 'chat_id', type: 'text' },
    { name: 'message_id', type: 'bigint' },
    // The intent: committed before the message is sent, and taken back when it is known what became of it.
    { name: 'claimed_at', type: timestamp },
    { name: 'holder', type: 'text' },
    { name: 'held_until', type: timestamp },
  ],
  key: ['schema_name', 'channel'],
  keyRequired: true,
};

export const alerts: Migration = {
  name: '0004-alerts',

  up: (catalogue) => planOwnTable(catalogue, alertsTable),

  async down(catalogue, schema) {
    return { steps: await planOwnDown(catalogue, [alertsTable], schema), problems: [] };
  },
};
