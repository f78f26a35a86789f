import type { WantedColumn, WantedTable } from '../src/tables/wanted-table.ts';
import { defaultGuides } from './0001-default-guides.ts';

const timestamp = 'timestamp with time zone';
const createdAt: WantedColumn = { name: 'created_at', type: timestamp, notNull: true, default: 'now()' };

const attempts: readonly WantedColumn[] = [
  { name: 'attempts', type: 'integer', notNull: true, default: '0', own: 'how often it failed for a passing reason' },
  { name: 'next_attempt_at', type: timestamp, own: 'not to be tried again before' },
];
const failure: readonly WantedColumn[] = [
  { name: 'failed_at', type: timestamp, own: 'when it was given up; it is not tried again by itself' },
  { name: 'failure', type: 'text', own: 'why it was given up' },
];

/** The tables that bots write. Bots' columns come first, then telesweep's own, which a bot's insert leaves out. */
export const botsTables: readonly WantedTable[] = [
  {
    schema: null,
    name: 'users',
    columns: [
      { name: 'user_id', type: 'bigint', notNull: true },
      { name: 'username', type: 'text' },
      { name: 'first_name', type: 'text' },
      { name: 'is_banned', type: 'boolean', notNull: true, default: 'false' },
      { name: 'joined_at', type: timestamp, notNull: true, default: 'now()' },
    ],
    key: ['user_id'],
    unread: true,
  },
  {
    schema: null,
    name: 'tokens',
    columns: [
      { name: 'token', type: 'text', notNull: true },
      { name: 'unique_id', type: 'text' },
      { name: 'created_by', type: 'bigint' },
      { name: 'status', type: 'text', notNull: true, default: "'not_used'" },
      createdAt,
      { name: 'expires_at', type: timestamp, notNull: true, default: "now() + interval '2 days'" },
    ],
    key: ['token'],
    checks: ["status in ('not_used', 'verified', 'bypassed')"],
    indexes: [
      {
        name: 'telesweep_tokens_expired',
        columns: ['expires_at'],
        where: "status = any (array['verified', 'bypassed'])",
      },
    ],
  },
  {
    schema: null,
    name: 'token_generator_count',
    columns: [
      { name: 'user_id', type: 'bigint', notNull: true },
      { name: 'date', type: 'date', notNull: true },
      { name: 'token_generated', type: 'integer', notNull: true, default: '1' },
    ],
    key: ['user_id', 'date'],
    indexes: [{ name: 'telesweep_token_generator_count_date', columns: ['date'] }],
  },
  {
    schema: null,
    name: 'pending_deletions',
    columns: [
      { name: 'id', type: 'bigint', notNull: true, identity: true },
      { name: 'user_id', type: 'bigint' },
      { name: 'chat_id', type: 'bigint', notNull: true },
      { name: 'message_ids', type: 'bigint[]', notNull: true },
      { name: 'unique_id', type: 'text' },
      createdAt,
      { name: 'delete_at', type: timestamp, notNull: true },
      ...attempts,
      ...failure,
      { name: 'messages_deleted_at', type: timestamp, own: 'when Telegram had answered for every message' },
      { name: 'notice_started_at', type: timestamp, own: 'set before the notice is sent, so that it is sent once' },
    ],
    key: ['id'],
    keyRequired: true,
    checks: ['cardinality(message_ids) >= 1'],
    indexes: [
      { name: 'telesweep_pending_deletions_due', columns: ['delete_at'], where: 'failed_at is null' },
      // In the order of the 48-hour rule.
      { name: 'telesweep_pending_deletions_age', columns: ['created_at', 'id'], where: 'failed_at is null' },
      // What each chat is owed.
      {
        name: 'telesweep_pending_deletions_owed',
        columns: ['chat_id', 'created_at', 'id'],
        where: 'failed_at is null and messages_deleted_at is not null',
      },
      { name: 'telesweep_pending_deletions_failed', columns: ['failed_at'], where: 'failed_at is not null' },
    ],
  },
  {
    schema: null,
    name: 'broadcasts',
    columns: [
      { name: 'id', type: 'bigint', notNull: true, identity: true },
      { name: 'text', type: 'text' },
      { name: 'caption', type: 'text' },
      { name: 'file_id', type: 'text' },
      createdAt,
      { name: 'delete_at', type: timestamp },
      ...failure,
      { name: 'deletion_started_at', type: timestamp, own: 'when its first message was about to be deleted' },
    ],
    key: ['id'],
    keyRequired: true,
    indexes: [
      { name: 'telesweep_broadcasts_due', columns: ['delete_at'], where: 'failed_at is null' },
      { name: 'telesweep_broadcasts_failed', columns: ['failed_at'], where: 'failed_at is not null' },
    ],
  },
  {
    schema: null,
    name: 'broadcast_messages',
    columns: [
      { name: 'broadcast_id', type: 'bigint', notNull: true },
      { name: 'chat_id', type: 'bigint', notNull: true },
      { name: 'message_id', type: 'bigint', notNull: true },
      { name: 'sent_at', type: timestamp, notNull: true, default: 'now()' },
      ...attempts,
      ...failure,
    ],
    key: ['broadcast_id', 'chat_id', 'message_id'],
    indexes: [
      // One broadcast's messages, oldest first, page after page, without a sort of millions.
      {
        name: 'telesweep_broadcast_messages_due',
        columns: ['broadcast_id', 'sent_at', 'chat_id', 'message_id'],
        where: 'failed_at is null',
      },
      { name: 'telesweep_broadcast_messages_failed', columns: ['failed_at'], where: 'failed_at is not null' },
    ],
  },
  {
    schema: null,
    name: 'guides',
    columns: [
      { name: 'id', type: 'text', notNull: true },
      { name: 'position', type: 'integer', notNull: true },
      { name: 'title', type: 'text', notNull: true },
      { name: 'description', type: 'text' },
      { name: 'url', type: 'text' },
      { name: 'enabled', type: 'boolean', notNull: true, default: 'true' },
      { name: 'markdown', type: 'text', own: 'MarkdownV2 to post in place of title and description' },
    ],
    key: ['id'],
    keyRequired: true,
    filling: defaultGuides,
  },
];
