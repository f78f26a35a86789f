/** Setting failed items due again, and removing them: in short transactions, however many they are. */
import type { Connection } from './connect.ts';
import {
  type FailedFilter,
  isFailedBroadcast,
  isHopelessBroadcast,
  isHopelessMessage,
  isHopelessRecord,
} from './failed-items.ts';

/** Rows a statement: about a tenth of a second of work. */
const batchSize = 10_000;

interface ChangedTable {
  job: 'delete-due' | 'delete-broadcasts';
  /** The table under the name that `failed` and `hopeless` use. */
  table: string;
  alias: string;
  /** Failed rows. */
  failed: string;
  hopeless: string;
  /** Rows that a removal takes. */
  removable: string;
  /** What a retry sets. */
  retried: string;
  /** Further statements of the same transaction, as CTEs that read `changed`. */
  alsoRetry: string;
}

const tables: readonly ChangedTable[] = [
  {
    job: 'delete-due',
    table: 'pending_deletions',
    alias: 'record',
    failed: 'record.failed_at is not null',
    hopeless: isHopelessRecord,
    removable: 'true',
    retried: 'failed_at = null, failure = null, next_attempt_at = null, attempts = 0',
    alsoRetry: '',
  },
  {
    job: 'delete-broadcasts',
    table: 'broadcasts',
    alias: 'broadcast',
    failed: isFailedBroadcast,
    hopeless: isHopelessBroadcast,
    // One whose ledger came late is for a retry.
    removable: 'not exists (select from broadcast_messages where broadcast_id = broadcast.id)',
    retried: 'failed_at = null, failure = null',
    alsoRetry: '',
  },
  {
    job: 'delete-broadcasts',
    table: 'broadcast_messages',
    alias: 'message',
    failed: 'message.failed_at is not null',
    hopeless: isHopelessMessage,
    removable: 'true',
    retried: 'failed_at = null, failure = null, next_attempt_at = null, attempts = 0',
    // The broadcast was kept as failed for these messages alone.
    alsoRetry: `, reopened as (
      update broadcasts set failed_at = null, failure = null
      where failed_at is not null and failure = 'messages_failed' and id in (select broadcast_id from changed))`,
  },
];

/** Sets failed items due again, but for those that would only fail again. @returns how many */
export async function retryFailed(connection: Connection, filter: FailedFilter, signal: AbortSignal): Promise<number> {
  const retried = await changeAll(connection, filter, signal, (table) => ({
    keep: `not ${table.hopeless}`,
    change: `update ${table.table} as ${table.alias} set ${table.retried}`,
    also: table.alsoRetry,
  }));
  if (filter.job !== 'delete-due') await reopenBroadcasts(connection);
  return retried;
}

/** A pass that ended a broadcast while its messages were set due again has closed it over them. */
async function reopenBroadcasts(connection: Connection): Promise<void> {
  await connection.query(
    `update broadcasts set failed_at = null, failure = null where failed_at is not null and failure = 'messages_failed'
       and exists (select from broadcast_messages where broadcast_id = broadcasts.id and failed_at is null)`,
  );
}

/** Removes failed items, and with the last of its messages a broadcast. @returns how many items */
export async function dropFailed(connection: Connection, filter: FailedFilter, signal: AbortSignal): Promise<number> {
  const dropped = await changeAll(connection, filter, signal, (table) => ({
    keep: table.removable,
    change: `delete from ${table.table} as ${table.alias}`,
    also: '',
  }));
  if (filter.job !== 'delete-due') await removeEmptied(connection);
  return dropped;
}

/** Broadcasts that were kept for messages that are all gone now. */
async function removeEmptied(connection: Connection): Promise<void> {
  await connection.query(
    `delete from broadcasts where failed_at is not null and failure = 'messages_failed'
       and not exists (select from broadcast_messages where broadcast_id = broadcasts.id)`,
  );
}

interface Change {
  keep: string;
  change: string;
  also: string;
}

async function changeAll(
  connection: Connection,
  filter: FailedFilter,
  signal: AbortSignal,
  changeOf: (table: ChangedTable) => Change,
): Promise<number> {
  // What fails from now on was not asked about.
  const [clock] = await connection.query<{ until: string }>(
    'select (now() - make_interval(secs => $1))::text as until',
    [filter.olderThanSeconds],
  );
  let total = 0;
  for (const table of tables) {
    if (filter.job !== null && filter.job !== table.job) continue;
    for (let from = '-infinity'; !signal.aborted; ) {
      const batch = await changeBatch(connection, table, changeOf(table), [filter.reason, from, clock?.until]);
      total += batch.changed;
      if (batch.last === null) break;
      from = batch.last;
    }
  }
  return total;
}

async function changeBatch(
  connection: Connection,
  { table, alias, failed }: ChangedTable,
  { keep, change, also }: Change,
  values: readonly unknown[],
): Promise<{ changed: number; last: string | null }> {
  const chosen = `${failed} and ${keep} and ($1::text is null or coalesce(${alias}.failure, 'unknown') = $1)
         and ${alias}.failed_at >= $2::timestamptz and ${alias}.failed_at <= $3::timestamptz`;
  // In the order of the index, from where the batch before ended, so that no batch walks the dead entries again. Asked
  // twice, because the tables of a partitioned one may use the same ctid for a row that was not chosen.
  const [row] = await connection.query<{ changed: number; last: string | null }>(
    `with batch as materialized (
       select ${alias}.ctid as place, ${alias}.failed_at from ${table} as ${alias}
       where ${chosen}
       order by ${alias}.failed_at limit ${batchSize} for update of ${alias} skip locked
     ), changed as (
       ${change} where ${alias}.ctid = any(array(select place from batch)) and ${chosen} returning ${alias}.*
     )${also}
     select (select count(*)::int from changed) as changed, (select max(failed_at)::text from batch) as last`,
    values,
  );
  return row ?? { changed: 0, last: null };
}
