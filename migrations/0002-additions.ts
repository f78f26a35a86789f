import type { WantedColumn, WantedTable } from '../src/tables/wanted-table.ts';
import { schemaName } from './own-table.ts';

const timestamp = 'timestamp with time zone';

const failureDetail: WantedColumn = {
  name: 'failure_detail',
  type: 'text',
  own: "Telegram's or PostgreSQL's own words for why it was given up",
};
const refusals: readonly WantedColumn[] = [
  {
    name: 'refusals',
    type: 'integer',
    notNull: true,
    default: '0',
    own: 'how often Telegram refused it for want of rights or for no known reason, beside a witness',
  },
  { name: 'refused_since', type: timestamp, own: 'the first of these refusals' },
  failureDetail,
];

/** Columns that join tables of 0001; one that stands there already takes on what is said of it here. */
export const addedColumns: readonly Pick<WantedTable, 'schema' | 'name' | 'columns'>[] = [
  {
    schema: null,
    name: 'pending_deletions',
    columns: [
      ...refusals,
      {
        name: 'notice_sent_at',
        type: timestamp,
        own: 'when its notice was sent; what is left is to remove the record',
      },
    ],
  },
  { schema: null, name: 'broadcasts', columns: [failureDetail] },
  { schema: null, name: 'broadcast_messages', columns: refusals },
  {
    schema: 'telesweep',
    name: 'bots',
    columns: [
      { name: 'username', type: 'text', notNull: true, default: "''" },
      // The last success: the witness that a refusal is the chat's and not the bot's.
      { name: 'worked_at', type: timestamp },
      // Chats in a row that answered what a wrong or frozen bot would hear.
      { name: 'streak', type: 'integer', notNull: true, default: '0' },
      // The server knows no deleteMessages.
      { name: 'one_by_one', type: 'boolean', notNull: true, default: 'false' },
    ],
  },
];

export const addedTables: readonly WantedTable[] = [
  {
    // The bot that a job's messages were sent by.
    schema: 'telesweep',
    name: 'senders',
    columns: [
      { name: 'job', type: 'text', notNull: true },
      { name: 'bot_id', type: 'bigint', notNull: true },
      { name: 'since', type: timestamp, notNull: true, default: 'now()' },
      schemaName,
    ],
    key: ['schema_name', 'job'],
    keyRequired: true,
  },
  {
    // Broadcasts that telesweep itself removed, for 48 hours: ledger rows of theirs that come late are due.
    schema: 'telesweep',
    name: 'finished_broadcasts',
    columns: [
      { name: 'broadcast_id', type: 'bigint', notNull: true },
      { name: 'finished_at', type: timestamp, notNull: true, default: 'now()' },
      schemaName,
    ],
    key: ['schema_name', 'broadcast_id'],
    keyRequired: true,
  },
];

/** A table of 0001 with the columns that have joined it since. */
export function withAddedColumns(table: WantedTable): WantedTable {
  const added = addedColumns.find(({ schema, name }) => schema === table.schema && name === table.name)?.columns ?? [];
  const kept = table.columns.map((column) => added.find(({ name }) => name === column.name) ?? column);
  return { ...table, columns: [...kept, ...added.filter((column) => !kept.includes(column))] };
}
