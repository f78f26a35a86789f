/** How many due messages reach their 48 hours when, for the forecast. */

import { dueBroadcasts } from './broadcast-due.ts';
import type { Connection } from './connect.ts';
import { deletable } from './deletable.ts';

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
           case when messages_deleted_at is null then (cardinality(message_ids) + 99) / 100 else 0 end + ${notice ? 1 : 0} as calls
    from $bots.pending_deletions where delete_at <= now() and failed_at is null`,
  );
}

/** Messages of expired broadcasts. Those of several broadcasts in one chat travel in one call. */
export async function broadcastDeadlines(connection: Connection): Promise<DeadlineGroup[]> {
  const groups = await readGroups(
    connection,
    `
    select sent_at, 1 as messages, 1 as calls from $bots.broadcast_messages
    where failed_at is null
      and broadcast_id in (select id from (${dueBroadcasts('now()')}) as due)`,
  );
  // Counting the chats of two million messages takes longer than all else, so a sample tells how much is shared.
  const [sample] = await connection.query<{ calls_a_message: number | null }>(
    `select avg(1.0 / sharing.messages)::float8 as calls_a_message
     from (${together}) as broadcast
     cross join lateral (
       select chat_id from $bots.broadcast_messages where broadcast_id = broadcast.id and failed_at is null limit 100) as sampled
     cross join lateral (
       select count(*) as messages from $bots.broadcast_messages
       where broadcast_id in (${together}) and chat_id = sampled.chat_id and failed_at is null) as sharing`,
  );
  const callsAMessage = sample?.calls_a_message ?? 1;
  return groups.map((group) => ({ ...group, calls: group.calls * callsAMessage }));
}

/** The first of those that a pass works on together. */
const together = 'select id from $bots.broadcasts where delete_at <= now() and failed_at is null order by id limit 20';

async function readGroups(connection: Connection, messages: string): Promise<DeadlineGroup[]> {
  const rows = await connection.query<{ seconds: number; messages: number; calls: number }>(`
    select extract(epoch from min(sent_at) + ${deletable})::float8 - extract(epoch from now())::float8 as seconds,
           sum(messages)::float8 as messages, sum(calls)::float8 as calls
    from (${messages}) as due
    group by date_bin('1 minute', sent_at, 'epoch') order by 1`);
  return rows.map(({ seconds, messages: count, calls }) => ({ seconds, messages: count, calls }));
}
