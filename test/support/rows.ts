/** Rows as a bot's plain insert makes them: telesweep's own columns are never named. Ages are intervals: `47h59m`, `61s`. */
import type { TestDatabase } from './postgres.ts';

type Db = Pick<TestDatabase, 'query'>;

export interface PendingDeletionRow {
  userId?: number | string;
  chatId?: number | string;
  messageIds?: (number | string)[];
  uniqueId?: string | null;
  /** How long ago the messages were sent. */
  age?: string;
  /** How long the record has been due; `-5m` for one that is due in five minutes. */
  dueFor?: string;
}

/** A record of messages to delete, due a minute ago by default. Returns its id. */
export async function pendingDeletion(db: Db, row: PendingDeletionRow = {}): Promise<string> {
  const { chatId = 1001, messageIds = [1], uniqueId = 'file_1', age = '1h', dueFor = '60s' } = row;
  const rows = await db.query<{ id: string }>(
    `insert into pending_deletions (user_id, chat_id, message_ids, unique_id, created_at, delete_at)
     values ($1, $2, $3, $4, now() - $5::interval, now() - $6::interval) returning id`,
    [row.userId ?? chatId, chatId, messageIds, uniqueId, age, dueFor],
  );
  return first(rows).id;
}

export interface TokenRow {
  token?: string;
  createdBy?: number;
  status?: 'not_used' | 'verified' | 'bypassed';
  /** How long ago it expired; `-1s` for one that expires in a second. */
  expiredFor?: string;
}

let tokens = 0;

/** A token, verified and expired a minute ago by default. Returns it. */
export async function token(db: Db, row: TokenRow = {}): Promise<string> {
  tokens += 1;
  const { token: text = `token-${tokens}`, createdBy = 1001, status = 'verified', expiredFor = '60s' } = row;
  await db.query(
    `insert into tokens (token, unique_id, created_by, status, created_at, expires_at)
     values ($1, 'file_1', $2, $3, now() - $4::interval - interval '2 days', now() - $4::interval)`,
    [text, createdBy, status, expiredFor],
  );
  return text;
}

export interface CounterRow {
  userId?: number;
  /** Days before today in UTC. */
  daysAgo?: number;
  generated?: number;
}

/** A day's count of one user's tokens, yesterday's by default. */
export async function counter(db: Db, row: CounterRow = {}): Promise<void> {
  const { userId = 1001, daysAgo = 1, generated = 3 } = row;
  await db.query(
    `insert into token_generator_count (user_id, date, token_generated)
     values ($1, (now() at time zone 'UTC')::date - $2::int, $3)`,
    [userId, daysAgo, generated],
  );
}

export interface BroadcastRow {
  text?: string;
  /** How long ago the broadcast and its messages were sent. */
  age?: string;
  /** How long it has been due; null for a broadcast that stays. */
  dueFor?: string | null;
  /** The ledger: the message that each chat got. */
  messages?: { chatId: number | string; messageId: number | string }[];
}

/** A broadcast with its ledger, due a minute ago by default. Returns its id. */
export async function broadcast(db: Db, row: BroadcastRow = {}): Promise<string> {
  const { text = 'Hello', age = '2h', dueFor = '60s', messages = [] } = row;
  const rows = await db.query<{ id: string }>(
    `insert into broadcasts (text, created_at, delete_at)
     values ($1, now() - $2::interval, now() - $3::interval) returning id`,
    [text, age, dueFor],
  );
  const { id } = first(rows);
  await db.query(
    `insert into broadcast_messages (broadcast_id, chat_id, message_id, sent_at)
     select $1, chat_id, message_id, now() - $4::interval
     from unnest($2::bigint[], $3::bigint[]) as sent (chat_id, message_id)`,
    [id, messages.map(({ chatId }) => chatId), messages.map(({ messageId }) => messageId), age],
  );
  return id;
}

export interface GuideRow {
  id?: string;
  position?: number;
  title?: string;
  description?: string | null;
  url?: string | null;
  enabled?: boolean;
}

let guides = 100;

/** A guide after all that are there. Returns its id. */
export async function guide(db: Db, row: GuideRow = {}): Promise<string> {
  guides += 1;
  const { id = `guide-${guides}`, position = guides, title = 'A guide', enabled = true } = row;
  const { description = 'What it teaches.', url = `https://example.com/guides/${id}` } = row;
  await db.query(
    'insert into guides (id, position, title, description, url, enabled) values ($1, $2, $3, $4, $5, $6)',
    [id, position, title, description, url, enabled],
  );
  return id;
}

function first<T>(rows: T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('the insert returned no row');
  return row;
}
