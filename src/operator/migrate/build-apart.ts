import { type Kysely, type QueryExecutorProvider, sql, type Transaction } from 'kysely';
import type { Database } from '../../store/schema.ts';
import { type Patience, pinSession, runStep, tryAgain } from './brief-lock.ts';
import { cancelBuilds, waitForOrphans } from './builds.ts';
import { type MigrationStep, planMigration } from './plan-migration.ts';

export interface BuildOptions {
  /** As `MigrateOptions` has it. */
  schema: string | null;
  signal: AbortSignal | undefined;
  tell: (line: string) => void;
  patience: Patience;
}

/**
 * Builds the indexes of tables that have rows, each while its bot reads and writes.
 * @param guard a transaction of another connection, which stays without a snapshot: a build waits for every older one
 * @returns the steps that were done
 */
export async function buildApart(
  db: Kysely<Database>,
  guard: Transaction<Database>,
  { schema, signal, tell, patience }: BuildOptions,
): Promise<{ steps: MigrationStep[]; interrupted: boolean }> {
  await stayOpen(guard);
  await waitForOrphans(db, signal, tell);
  // Asked again: another process may have done it meanwhile.
  const plan = await planMigration(db, false, schema);
  const done: MigrationStep[] = [];
  const breakOff = (): void => {
    // Through the guard: the connection that builds hears nothing until it is done.
    cancelBuilds(guard).catch(() => {});
  };
  signal?.addEventListener('abort', breakOff, { once: true });
  try {
    for (const step of plan.steps.filter(({ apart }) => apart)) {
      if (signal?.aborted) return { steps: done, interrupted: true };
      const startedAt = performance.now();
      tell(`${step.what} …`);
      const finished =
        step.apart === 'briefly'
          ? await runBriefly(db, step, signal, tell, patience)
          : await runBeside(db, step, signal);
      if (!finished) return { steps: done, interrupted: true };
      tell(`${step.what}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
      done.push(step);
    }
    return { steps: done, interrupted: false };
  } finally {
    signal?.removeEventListener('abort', breakOff);
  }
}

/** @returns false where the signal broke it off */
async function runBeside(db: Kysely<Database>, step: MigrationStep, signal: AbortSignal | undefined): Promise<boolean> {
  const limits = await liftLimits(db);
  try {
    await runStep(db, step);
    return true;
  } catch (error) {
    // Best effort: the next migration knows an index that is not valid as well.
    if (step.leaves !== undefined) await dropInvalid(db, step.leaves).catch(() => {});
    if (signal?.aborted) return false;
    throw error;
  } finally {
    await restoreLimits(db, limits);
  }
}

async function dropInvalid(db: Kysely<Database>, index: string): Promise<void> {
  const { rows } = await sql`
    select from pg_index where indexrelid = to_regclass(${index}) and not indisvalid`.execute(db);
  if (rows.length > 0) await sql.raw(`drop index concurrently ${index}`).execute(db);
}

/** @returns false where the signal came first */
async function runBriefly(
  db: Kysely<Database>,
  step: MigrationStep,
  signal: AbortSignal | undefined,
  tell: (line: string) => void,
  patience: Patience,
): Promise<boolean> {
  const attempt = (): Promise<boolean> =>
    db.transaction().execute(async (tx) => {
      await pinSession(tx);
      await runStep(tx, step);
      return true;
    });
  return (await tryAgain(db, attempt, patience, signal, tell)) ?? false;
}

/**
 * What is built beside the bots runs outside of a transaction, so that only the session can lift the limits that a role or a
 * database may have. Only where there are any: behind PgBouncer the next statement may be another session's.
 */
async function liftLimits(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from pg_settings where name in ('lock_timeout', 'statement_timeout') and setting <> '0'`.execute(db);
  for (const { name } of rows) await sql.raw(`set ${name} = 0`).execute(db);
  return rows.map(({ name }) => name);
}

async function restoreLimits(db: Kysely<Database>, names: readonly string[]): Promise<void> {
  for (const name of names)
    await sql
      .raw(`reset ${name}`)
      .execute(db)
      .catch(() => {});
}

/** Nothing of the role's or the server's may end the guard while it is idle. */
async function stayOpen(guard: QueryExecutorProvider): Promise<void> {
  await sql`
    select set_config(name, '0', true) from pg_settings
    where name in ('idle_in_transaction_session_timeout', 'transaction_timeout')`.execute(guard);
}
