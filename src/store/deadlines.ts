/** How many due messages reach their 48 hours when, for the forecast. */
import type { Connection } from './connect.ts';

/** Messages sent within the same minute. */
export interface DeadlineGroup {
  /** Seconds from now until the first of them passes 48 hours, negative once it has; Infinity for what has no deadline. */
  seconds: number;
  messages: number;
  /** Bot API calls that they need. */
  calls: number;
}

/**
 * Due records. One whose messages are deleted and whose notice is left has no deadline.
 * @param notice whether a notice follows, which is a call of its own
 */
export async function deletionDeadlines(connection: Connection, notice: boolean): Promise<DeadlineGroup[]> {
  return readGroups(
    connection,
    `
    select case when messages_deleted_at is null then created_at else 'infinity' end as sent_at,
           case when messages_deleted_at is null then cardinality(message_ids) else 0 end as messages,
           case when messages_deleted_at is null then ceil(cardinality(message_ids) / 100.0) else 0 end + ${notice ? 1 : 0} as calls
    from pending_deletions where delete_at <= now() and failed_at is null`,
  );
}

/** Messages of expired broadcasts. Those of several broadcasts in one chat travel in one call. */
export async function broadcastDeadlines(connection: Connection): Promise<DeadlineGroup[]> {
  const groups = await readGroups(
    connection,
    `
    select sent_at, 1 as messages, 1 as calls ${fromExpiredLedgers}`,
  );
  const [expired] = await connection.query<{ ledgers: number }>(
    `select count(*)::int as ledgers from broadcasts as broadcast where delete_at <= now() and failed_at is null
       and exists (select from broadcast_messages where broadcast_id = broadcast.id and failed_at is null)`,
  );
  if ((expired?.ledgers ?? 0) < 2) return groups;
  const [count] = await connection.query<{ chats: number }>(
    `select count(*)::float8 as chats from (select chat_id ${fromExpiredLedgers} group by chat_id) as chat`,
  );
  const messages = groups.reduce((sum, group) => sum + group.messages, 0);
  const callsAMessage = messages === 0 ? 1 : (count?.chats ?? messages) / messages;
  return groups.map((group) => ({ ...group, calls: group.calls * callsAMessage }));
}

const fromExpiredLedgers = `
    from broadcast_messages as message
    where failed_at is null
      and broadcast_id in (select id from broadcasts where delete_at <= now() and failed_at is null)`;

async function readGroups(connection: Connection, messages: string): Promise<DeadlineGroup[]> {
  const rows = await connection.query<{ seconds: number; messages: number; calls: number }>(`
    select extract(epoch from min(sent_at) + interval '48 hours')::float8 - extract(epoch from now())::float8 as seconds,
           sum(messages)::float8 as messages, sum(calls)::float8 as calls
    from (${messages}) as due
    group by date_bin('1 minute', sent_at, 'epoch') order by 1`);
  return rows.map(({ seconds, messages: count, calls }) => ({ seconds, messages: count, calls }));
}
