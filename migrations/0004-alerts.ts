import { readTable } from '../src/tables/standing-table.ts';
import type { Step } from '../src/tables/step.ts';
import { planNewTable, planStandingTable } from '../src/tables/table-steps.ts';
import type { WantedTable } from '../src/tables/wanted-table.ts';
import type { Migration } from './migration.ts';

const timestamp = 'timestamp with time zone';

/** What `doctor --alert` has seen and told: a row for each channel and each schema of bots' tables. */
export const alertsTable: WantedTable = {
  schema: 'telesweep',
  name: 'alerts',
  columns: [
    { name: 'schema_name', type: 'text', notNull: true },
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

  async up(db) {
    const standing = await readTable(db, 'telesweep', alertsTable.name);
    return standing ? planStandingTable(db, alertsTable, standing) : planNewTable(db, alertsTable, 'telesweep');
  },

  async down(db) {
    const steps: Step[] = [];
    if (await readTable(db, 'telesweep', alertsTable.name))
      steps.push({ what: 'drop table telesweep.alerts', sql: 'drop table telesweep.alerts' });
    return { steps, problems: [] };
  },
};
