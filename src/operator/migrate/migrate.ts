import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, type QueryExecutorProvider, sql, type Transaction } from 'kysely';
import { SettingsError } from '../../process/errors.ts';
import type { Database } from '../../store/schema.ts';
import type { BotsSchema } from '../../tables/bots-schema.ts';
import { type Patience, patience, pinSession, runStep, runTogether, StepRefusedError, tryAgain } from './brief-lock.ts';
import { buildApart } from './build-apart.ts';
import { type OpenConnection, watchBuilds } from './builds.ts';
import { findUnowned, type MigrationPlan, planWithin, recordSql } from './plan-migration.ts';

export interface MigrateOptions {
  /** Take telesweep's own tables, columns and indexes away; what bots wrote stays. */
  down?: boolean;
  /** SCHEMA; null, or left out, where the search path tells. */
  schema?: string | null;
  /** Opens a connection: a second one keeps others out while the first builds indexes, a third tells how far they are. */
  open: () => Promise<OpenConnection>;
  /** Ends it between two steps, and breaks off an index that is being built. */
  signal?: AbortSignal;
  /** Told what takes its time, a line each. */
  tell?: (line: string) => void;
  /** How often it tells how far a build is; never by default. */
  tellEveryMs?: number;
  patience?: Patience;
}

export interface Migrated extends Omit<MigrationPlan, 'place'> {
  /** Null where a signal came before it was looked for. */
  place: BotsSchema | null;
  /** A signal came before the end: what is left is for the next time. */
  interrupted: boolean;
}

/** How often one process looks whether another one's migration is over. */
const busyPauseMs = 200;

/**
 * Brings the tables to the newest state, or all the way down: tables and columns in one transaction, all of it or nothing,
 * with no lock waited for longer than a moment; then the indexes of tables that have rows, one by one beside the bots' work.
 * Any number of processes may do so at once, the first does the work. What was broken off goes on where it stopped.
 * @returns what was done; no steps when there was nothing to do
 * @throws SettingsError naming every table and column that keeps a standing table from serving
 * @throws UnavailableError when a table that must change is in use for long
 */
export async function migrate(db: Kysely<Database>, options: MigrateOptions): Promise<Migrated> {
  const { down = false, schema = null, open, signal, tell = () => {} } = options;
  const until = options.patience ?? patience;
  const change = (inOne: boolean): Promise<MigrationPlan | null> => {
    const attempt = () => alone(db, tell, signal, (tx) => changeTogether(tx, down, schema, inOne));
    return tryAgain(db, attempt, until, signal, tell);
  };
  // What the database refuses of many statements at once it names when they come one by one.
  const first = await change(true).catch((error: unknown) => {
    if (error instanceof StepRefusedError) return change(false);
    throw error;
  });
  if (first === null) return { place: null, steps: [], notes: [], interrupted: true };
  const done = { ...first, steps: first.steps.filter(({ apart }) => !apart) };
  if (done.steps.length === first.steps.length) return { ...done, interrupted: false };
  const guard = await open();
  let watch: Awaited<ReturnType<typeof watchBuilds>> | null = null;
  try {
    if (options.tellEveryMs !== undefined) watch = await watchBuilds(await open(), options.tellEveryMs, tell);
    const built = await alone(guard.db, tell, signal, (tx) =>
      buildApart(db, tx, { schema, signal, tell, patience: until }),
    );
    return { ...done, steps: [...done.steps, ...(built?.steps ?? [])], interrupted: built?.interrupted ?? true };
  } finally {
    await watch?.close();
    await guard.close();
  }
}

/** What needs no standing table comes first, so that none is held meanwhile. */
async function changeTogether(
  tx: Transaction<Database>,
  down: boolean,
  schema: string | null,
  inOne: boolean,
): Promise<MigrationPlan> {
  await pinSession(tx);
  const plan = await planWithin(tx, down, schema);
  const unowned = await findUnowned(tx, plan.steps);
  if (unowned.length > 0) throw new SettingsError(unowned);
  const steps = plan.steps.filter(({ apart }) => !apart);
  for (const step of steps.filter(({ table }) => table === undefined)) await runStep(tx, step);
  if (!down) await sql.raw(recordSql()).execute(tx);
  const onStanding = steps.filter(({ table }) => table !== undefined);
  if (inOne) await runTogether(tx, onStanding);
  else for (const step of onStanding) await runStep(tx, step);
  return plan;
}

/**
 * Works in a transaction that shuts out every other migration, and works through PgBouncer in transaction mode. Who waits
 * holds no snapshot meanwhile: an index that is being built would wait for it in turn.
 * @returns null where a signal came first
 */
async function alone<T>(
  db: Kysely<Database>,
  tell: (line: string) => void,
  signal: AbortSignal | undefined,
  work: (tx: Transaction<Database>) => Promise<T>,
): Promise<T | null> {
  for (let waited = false; !signal?.aborted; waited = true) {
    // Read committed: what comes after the lock must see what its last holder did.
    const transaction = db.transaction().setIsolationLevel('read committed');
    const result = await transaction.execute(async (tx) => ((await locked(tx)) ? { value: await work(tx) } : null));
    if (result) return result.value;
    if (!waited) tell('another telesweep migrate is at work: waiting for it');
    await sleep(busyPauseMs, undefined, { signal }).catch(() => {});
  }
  return null;
}

async function locked(tx: QueryExecutorProvider): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtext('telesweep migrate')) as locked`.execute(tx);
  return rows[0]?.locked === true;
}
