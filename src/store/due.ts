/** What is due, as text for statements. Free of Kysely, because the statement that opens a pass asks it too. */

/** A row of `pending_deletions` or `broadcast_messages` that was not given up and whose wait after a failure is over. */
export const mayBeTried = (now: string): string =>
  `failed_at is null and (next_attempt_at is null or next_attempt_at <= ${now})`;

/** Due records of `pending_deletions`. */
export const isDueDeletion = (now: string): string => `delete_at <= ${now} and ${mayBeTried(now)}`;

export const anyDueDeletion = `exists (select from pending_deletions where ${isDueDeletion('now()')})`;

/** Records whose time has come and that are not settled, those that wait after a failure included. */
export const deletionBacklog = `
  select count(*)::int as due,
         coalesce(extract(epoch from now() - min(delete_at) filter (where isfinite(delete_at))), 0)::float8 as oldest_due_seconds
  from pending_deletions where delete_at <= now() and failed_at is null`;
