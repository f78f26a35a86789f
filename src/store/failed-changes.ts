/** Setting failed items due again, and removing them: in short transactions, however many they are. */
import type { Connection } from './connect.ts';
import { keptInSilence, rowFault } from './database-error.ts';
import {
  type FailedFilter,
  isFailedBroadcast,
  isHopelessBroadcast,
  isHopelessMessage,
  isHopelessRecord,
} from './failed-items.ts';
import { instantText } from './instant.ts';

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

/** As if it had not been tried; but a claim stays, so that no notice is sent again. */
const again = `failed_at = null, failure = null, failure_detail = null, next_attempt_at = null, attempts = 0,
      refusals = 0, refused_since = null`;

const tables: readonly ChangedTable[] = [
  {
    job: 'delete-due',
    table: '$bots.pending_deletions',
    alias: 'record',
    failed: 'record.failed_at is not null',
    hopeless: isHopelessRecord,
    removable: 'true',
    retried: again,
    alsoRetry: '',
  },
  {
    job: 'delete-broadcasts',
    table: '$bots.broadcasts',
    alias: 'broadcast',
    failed: isFailedBroadcast,
    hopeless: isHopelessBroadcast,
    // One whose ledger came late is for a retry.
    removable: 'not exists (select from $bots.broadcast_messages where broadcast_id = broadcast.id)',
    retried: 'failed_at = null, failure = null, failure_detail = null',
    alsoRetry: '',
  },
  {
    job: 'delete-broadcasts',
    table: '$bots.broadcast_messages',
    alias: 'message',
    failed: 'message.failed_at is not null',
    hopeless: isHopelessMessage,
    removable: 'true',
    retried: again,
    // The broadcast was kept as failed for these messages alone.
    alsoRetry: `, reopened as (
      update $bots.broadcasts set failed_at = null, failure = null, failure_detail = null
      where failed_at is not null and failure = 'messages_failed' and id in (select broadcast_id from changed))`,
  },
];

/** Sets failed items due again, but for those that would only fail again. */
export async function retryFailed(
  connection: Connection,
  filter: FailedFilter,
  signal: AbortSignal,
): Promise<ChangedItems> {
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
    `update $bots.broadcasts set failed_at = null, failure = null where failed_at is not null and failure = 'messages_failed'
       and exists (select from $bots.broadcast_messages where broadcast_id = broadcasts.id and failed_at is null)`,
  );
}

/** Removes failed items, and with the last of its messages a broadcast. */
export async function dropFailed(
  connection: Connection,
  filter: FailedFilter,
  signal: AbortSignal,
): Promise<ChangedItems> {
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
  try {
    await removeAllEmptied(connection);
  } catch (error) {
    // A pass of delete-broadcasts tries each of them by itself.
    if (rowFault(error) === null) throw error;
  }
}

async function removeAllEmptied(connection: Connection): Promise<void> {
  await connection.query(
    `delete from $bots.broadcasts where failed_at is not null and failure = 'messages_failed'
       and not exists (select from $bots.broadcast_messages where broadcast_id = broadcasts.id)`,
  );
}

export interface ChangedItems {
  items: number;
  /** How many the database does not let be changed, and its words for the first of them. */
  held: number;
  words: string | null;
}

/** More rows than these that the database holds end the command: somebody has to look at the table. */
const mostHeld = 100;

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
): Promise<ChangedItems> {
  // What fails from now on was not asked about.
  const [clock] = await connection.query<{ until: string }>(
    `select ${instantText('now() - make_interval(secs => $1)')} as until`,
    [filter.olderThanSeconds],
  );
  const total: ChangedItems = { items: 0, held: 0, words: null };
  for (const table of tables) {
    if (filter.job !== null && filter.job !== table.job) continue;
    const held: string[] = [];
    let size = batchSize;
    for (let from = '-infinity'; !signal.aborted; ) {
      const chosen = { change: changeOf(table), values: [filter.reason, from, clock?.until, held] };
      try {
        const batch = await changeBatch(connection, table, chosen, size);
        total.items += batch.changed;
        if (batch.last === null) break;
        if (batch.stayed !== null) {
          // Whatever is left when no more changes stays by a trigger or a policy: it is left out from then on.
          if (batch.changed > 0) continue;
          held.push(...batch.stayed);
          total.held += batch.stayed.length;
          total.words ??= keptInSilence.words;
        }
        from = batch.last;
        size = Math.min(batchSize, 2 * size);
      } catch (error) {
        const fault = rowFault(error);
        if (fault === null || held.length >= mostHeld) throw error;
        // In halves, until the row at fault is alone: it is left out from then on.
        if (size > 1) size = Math.ceil(size / 2);
        else {
          held.push(await placeOfFirst(connection, table, chosen));
          total.held++;
          total.words ??= fault.words;
        }
      }
    }
  }
  return total;
}

interface Chosen {
  change: Change;
  /** Reason, from, until, and the places that are left out: `$1` to `$4`. */
  values: readonly unknown[];
}

function conditionOf({ alias, failed }: ChangedTable, { keep }: Change): string {
  return `${failed} and ${keep} and ($1::text is null or coalesce(${alias}.failure, 'unknown') = $1)
         and ${alias}.failed_at >= $2::timestamptz and ${alias}.failed_at <= $3::timestamptz
         and not ${alias}.ctid = any($4::tid[])`;
}

async function placeOfFirst(connection: Connection, table: ChangedTable, { change, values }: Chosen): Promise<string> {
  const [row] = await connection.query<{ place: string }>(
    `select ${table.alias}.ctid::text as place from ${table.table} as ${table.alias}
     where ${conditionOf(table, change)} order by ${table.alias}.failed_at limit 1`,
    values,
  );
  return row?.place ?? '(0,0)';
}

interface Batch {
  changed: number;
  /** When the last of them failed; null where there was none. */
  last: string | null;
  /** The places of all of them, where some were asked to change and did not; else null. */
  stayed: string[] | null;
}

async function changeBatch(
  connection: Connection,
  changed: ChangedTable,
  { change: asked, values }: Chosen,
  size: number,
): Promise<Batch> {
  const { table, alias } = changed;
  const { change, also } = asked;
  const chosen = conditionOf(changed, asked);
  // In the order of the index, from where the batch before ended, so that no batch walks the dead entries again. Asked
  // twice, because the tables of a partitioned one may use the same ctid for a row that was not chosen.
  const [row] = await connection.query<Batch & Record<string, unknown>>(
    `with batch as materialized (
       select ${alias}.ctid as place, ${alias}.failed_at from ${table} as ${alias}
       where ${chosen}
       order by ${alias}.failed_at limit ${size} for update of ${alias} skip locked
     ), changed as (
       ${change} where ${alias}.ctid = any(array(select place from batch)) and ${chosen} returning ${alias}.*
     )${also}
     select (select count(*)::int from changed) as changed, (select ${instantText('max(failed_at)')} from batch) as last,
            case when (select count(*) from changed) < (select count(*) from batch)
              then array(select place::text from batch) end as stayed`,
    values,
  );
  return row ?? { changed: 0, last: null, stayed: null };
}
