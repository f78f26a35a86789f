import { mayBeTried } from './due.ts';

/** Expired broadcasts, as text for statements; free of Kysely like `due.ts`. */
const isExpired = 'broadcast.delete_at <= now() and broadcast.failed_at is null';

/** One whose messages may be tried now, or that has none to wait for and so is to be removed or reported. */
export const anyDueBroadcast = `exists (
  select from broadcasts as broadcast where ${isExpired} and (
    exists (select from broadcast_messages where broadcast_id = broadcast.id and ${mayBeTried('now()')})
    or not exists (select from broadcast_messages where broadcast_id = broadcast.id and failed_at is null)))`;

/** Messages of expired broadcasts that are not settled, those that wait after a failure included. */
export const broadcastBacklog = `
  select count(message.broadcast_id)::int as due,
         coalesce(extract(epoch from now() - min(broadcast.delete_at) filter (where isfinite(broadcast.delete_at))), 0)::float8
           as oldest_due_seconds
  from broadcasts as broadcast
  left join broadcast_messages as message on message.broadcast_id = broadcast.id and message.failed_at is null
  where ${isExpired}`;

/** Messages of expired broadcasts that have less than an hour left until their 48 hours are over, as `near`. */
export const broadcastsNearDeadline = `
  select count(*)::float8 as near
  from broadcasts as broadcast
  join broadcast_messages as message on message.broadcast_id = broadcast.id and message.failed_at is null
  where ${isExpired}
    and message.sent_at > now() - interval '48 hours' and message.sent_at <= now() - interval '47 hours'`;
