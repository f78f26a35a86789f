/** Builds of telesweep's indexes that are under way in the database, whoever began them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, type QueryExecutorProvider, type RawBuilder, sql } from 'kysely';
import { formatPercent } from '../../output/format.ts';
import type { Database } from '../../store/schema.ts';
import { ownIndexPrefix } from '../../tables/standing-index.ts';

export interface OpenConnection {
  db: Kysely<Database>;
  close(): Promise<void> | void;
}

interface Progress {
  name: string;
  phase: string;
  done: string;
  total: string;
  waitsFor: number | null;
}

/** Tells how far a build is, now and then, until it is closed; closes its connection as well. */
export async function watchBuilds(
  { db, close }: OpenConnection,
  everyMs: number,
  tell: (line: string) => void,
): Promise<{ close(): Promise<void> }> {
  let looking: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    const progress = await builds<Progress>(sql`
      relname as name, phase, case when blocks_total > 0 then blocks_done else tuples_done end as done,
      case when blocks_total > 0 then blocks_total else tuples_total end as total,
      nullif(current_locker_pid, 0) as "waitsFor"`).execute(db);
    for (const { name, phase, done, total, waitsFor } of progress.rows) {
      const far = Number(total) > 0 ? `, ${formatPercent(Number(done), Number(total))}` : '';
      tell(`${name}: ${phase}${far}${waitsFor === null ? '' : `, process ${waitsFor} of the database`}`);
    }
  };
  const timer = setInterval(() => {
    // What cannot be told now is told the next time, or is of no interest any more.
    looking = looking.then(look).catch(() => {});
  }, everyMs);
  return {
    async close() {
      clearInterval(timer);
      await looking;
      await close();
    },
  };
}

/** A build outlives its process where that was killed; it is let finish, and its index is kept. */
export async function waitForOrphans(
  db: Kysely<Database>,
  signal: AbortSignal | undefined,
  tell: (line: string) => void,
): Promise<void> {
  for (let waited = false; !signal?.aborted; waited = true) {
    const { rows } = await builds(sql`pid`).execute(db);
    if (rows.length === 0) return;
    if (!waited) tell('an index that an earlier telesweep migrate began is still being built: waiting for it');
    await sleep(1_000, undefined, { signal }).catch(() => {});
  }
}

/** Breaks off every build of telesweep's indexes, of which there is one at most. */
export async function cancelBuilds(guard: QueryExecutorProvider): Promise<void> {
  await builds(sql`pg_cancel_backend(pid)`).execute(guard);
}

function builds<R>(what: RawBuilder<unknown>): RawBuilder<R> {
  return sql<R>`
    select ${what} from pg_stat_progress_create_index join pg_class on pg_class.oid = index_relid
    where datname = current_database() and starts_with(relname, ${ownIndexPrefix})`;
}
