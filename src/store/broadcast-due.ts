import { deletable } from './deletable.ts';
import { mayBeTried } from './due.ts';

/** Expired broadcasts, as text for statements; free of Kysely like `due.ts`. */
const isExpired = (now: string): string => `broadcast.delete_at <= ${now} and broadcast.failed_at is null`;

/** Of what telesweep has finished within 48 hours, the rows that come late are due: no longer does Telegram delete them. */
export const finishedBroadcasts = `
  select broadcast_id as id, finished_at as since from telesweep.finished_broadcasts as finished
  where schema_name = $schema and finished_at > now() - ${deletable}
    and not exists (select from $bots.broadcasts where id = finished.broadcast_id)`;

/** Those that were given up because nobody had written their ledger, and that have one now. */
export const withLateLedger = (broadcast: string): string => `
  ${broadcast}.failed_at is not null and ${broadcast}.failure = 'no_ledger' and exists (
    select from $bots.broadcast_messages where broadcast_id = ${broadcast}.id and failed_at is null)`;

/** Those that stand, and are expired or to be opened again. */
const standingDue = (now: string): string => `
  select broadcast.id::bigint as id, broadcast.delete_at as since from $bots.broadcasts as broadcast
  where broadcast.delete_at <= ${now} and broadcast.failed_at is null
  union all select broadcast.id::bigint, broadcast.delete_at from $bots.broadcasts as broadcast where ${withLateLedger('broadcast')}`;

/** Every broadcast whose messages are due, as `id`, and since when. Of those that are finished, whether or not a row has come. */
export const dueBroadcasts = (now: string): string => `${standingDue(now)} union all ${finishedBroadcasts}`;

/** A row whose broadcast is finished or opened again by a pass. */
const anyLateRow = (now: string): string => `(
  exists (select from $bots.broadcasts as broadcast where ${withLateLedger('broadcast')})
  or exists (select from (${finishedBroadcasts}) as finished where exists (
    select from $bots.broadcast_messages where broadcast_id = finished.id and ${mayBeTried(now)})))`;

/** One whose messages may be tried now, or that has none to wait for and so is to be removed or reported. */
export const anyDueBroadcastAt = (now: string): string => `(exists (
  select from $bots.broadcasts as broadcast where ${isExpired(now)} and (
    exists (select from $bots.broadcast_messages where broadcast_id = broadcast.id and ${mayBeTried(now)})
    or not exists (select from $bots.broadcast_messages where broadcast_id = broadcast.id and failed_at is null)))
  or ${anyLateRow(now)})`;

export const anyDueBroadcast = anyDueBroadcastAt('now()');

/** Messages of due broadcasts that are not settled, those that wait after a failure included. */
export const broadcastBacklog = `
  select count(message.broadcast_id)::int as due,
         coalesce(extract(epoch from now() - min(broadcast.since) filter (where isfinite(broadcast.since))), 0)::float8
           as oldest_due_seconds
  from (
    select broadcast.id, broadcast.since, false as is_finished from (${standingDue('now()')}) as broadcast
    union all select finished.id, finished.since, true from (${finishedBroadcasts}) as finished
  ) as broadcast
  left join $bots.broadcast_messages as message on message.broadcast_id = broadcast.id and message.failed_at is null
  where message.broadcast_id is not null or not broadcast.is_finished`;

/** Messages of due broadcasts that have less than an hour left until their 48 hours are over, as `near`. */
export const broadcastsNearDeadline = `
  select count(*)::float8 as near
  from (${dueBroadcasts('now()')}) as broadcast
  join $bots.broadcast_messages as message on message.broadcast_id = broadcast.id and message.failed_at is null
  where message.sent_at > now() - ${deletable} and message.sent_at <= now() - ${deletable} + interval '1 hour'`;
