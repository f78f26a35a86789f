/** Removing failed items past `FAILED_DAYS`, as CTEs for the statement that closes a pass. Free of Kysely. */

import type { JobName } from '../process/summary.ts';
import { deletable } from './deletable.ts';

/** So many rows a pass at most: a closing statement must stay short, whatever piled up. */
const mostRows = 20_000;

/** `days`: an SQL expression such as `$7::int`. */
const past = (days: string): string => `failed_at < now() - make_interval(days => ${days})`;

/** CTEs that remove the oldest failed items of a job; none for a job whose items cannot fail. */
export function pruneFailed(job: JobName, days: string): { name: string; sql: string }[] {
  switch (job) {
    case 'delete-due':
      return [{ name: 'pruned_records', sql: prune('$bots.pending_deletions', past(days)) }];
    case 'delete-broadcasts':
      return [
        {
          name: 'forgotten_broadcasts',
          sql: `delete from telesweep.finished_broadcasts where schema_name = $schema and finished_at < now() - ${deletable}`,
        },
        { name: 'pruned_messages', sql: prune('$bots.broadcast_messages', past(days)) },
        // The next pass removes a broadcast whose messages this one pruned.
        {
          name: 'pruned_broadcasts',
          sql: prune(
            '$bots.broadcasts',
            `${past(days)} and not exists (select from $bots.broadcast_messages where broadcast_id = broadcasts.id)`,
          ),
        },
      ];
    default:
      return [];
  }
}

function prune(table: string, condition: string): string {
  // The order keeps a planner without statistics from reading the whole table. The condition stands twice, because the
  // tables of a partitioned one may use the same ctid for another row.
  return `delete from ${table} where ${condition} and ctid = any(array(
      select ctid from ${table} where ${condition} order by failed_at limit ${mostRows} for update skip locked))`;
}
