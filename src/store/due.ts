import { deletable } from './deletable.ts';

/** What is due, as text for statements. Free of Kysely, because the statement that opens a pass asks it too. */

/** A row of `pending_deletions` or `broadcast_messages` that was not given up and whose wait after a failure is over. */
export const mayBeTried = (now: string): string =>
  `failed_at is null and (next_attempt_at is null or next_attempt_at <= ${now})`;

/** Due records of `pending_deletions`. */
export const isDueDeletion = (now: string): string => `delete_at <= ${now} and ${mayBeTried(now)}`;

/** Whether a pass that begins at an instant would find a record due. */
export const anyDueDeletionAt = (now: string): string =>
  `exists (select from $bots.pending_deletions where ${isDueDeletion(now)})`;

export const anyDueDeletion = anyDueDeletionAt('now()');

/** Records whose time has come and that are not settled, those that wait after a failure included. */
export const deletionBacklog = `
  select count(*)::int as due,
         coalesce(extract(epoch from now() - min(delete_at) filter (where isfinite(delete_at))), 0)::float8 as oldest_due_seconds
  from $bots.pending_deletions where delete_at <= now() and failed_at is null`;

/** Due messages that have less than an hour left until their 48 hours are over, as `near`. */
export const deletionsNearDeadline = `
  select coalesce(sum(cardinality(message_ids)), 0)::float8 as near from $bots.pending_deletions
  where delete_at <= now() and failed_at is null and messages_deleted_at is null
    and created_at > now() - ${deletable} and created_at <= now() - ${deletable} + interval '1 hour'`;

/** Tokens that were used, in the words of the partial index. */
export const isSweptToken = `status in ('verified', 'bypassed')`;

/** The first entry of the index answers; `exists` would read the whole table where most expired tokens were never used. */
export const anyUsedTokenAt = (now: string): string =>
  `coalesce((select min(expires_at) from $bots.tokens where ${isSweptToken}) < ${now}, false)`;

export const anyUsedToken = anyUsedTokenAt('now()');

/** Where nothing is due, no more than the first entry of the index is read. */
export const tokenBacklog = `
  select count(*)::int as due,
         coalesce(extract(epoch from now() - min(expires_at) filter (where isfinite(expires_at))), 0)::float8 as oldest_due_seconds
  from $bots.tokens where ${isSweptToken} and expires_at < now() and ${anyUsedToken}`;

/** The day of an instant; `$1` is the time zone. */
const dayOf = (now: string): string => `(${now} at time zone $1::text)::date`;
const today = dayOf('now()');

export const anyPastCounterAt = (now: string): string =>
  `coalesce((select min(date) from $bots.token_generator_count) < ${dayOf(now)}, false)`;

export const anyPastCounter = anyPastCounterAt('now()');

export const counterBacklog = `
  select count(*)::int as due,
         coalesce(extract(epoch from
           now() - ((min(date) filter (where isfinite(date)) + 1)::timestamp at time zone $1::text)), 0)::float8 as oldest_due_seconds
  from $bots.token_generator_count where date < ${today} and ${anyPastCounter}`;
