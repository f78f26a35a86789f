import { type Kysely, type QueryExecutorProvider, sql } from 'kysely';
import { migrations } from '../../migrations/index.ts';
import type { Migration } from '../../migrations/migration.ts';
import { SettingsError, UnavailableError } from '../errors.ts';
import { LockTimeoutError } from '../store/connect.ts';
import type { Database } from '../store/schema.ts';
import { readBotsSchema } from '../store/standing-table.ts';
import type { Plan, Step } from '../store/table-steps.ts';

export interface MigrateOptions {
  /** Only list the steps, in a read-only transaction. */
  dryRun: boolean;
  /** Take telesweep's own tables, columns and indexes away; what bots wrote stays. */
  down?: boolean;
}

/** One change that was made, or under `dryRun` would be. */
export interface MigrationStep extends Step {
  migration: string;
}

/** A bot's insert waits behind a step that waits for a table, so no step waits for long. */
const lockTimeout = '3s';

/**
 * Brings the tables to the newest state, or all the way down, in one transaction: all of it or nothing. Any number of
 * processes may do so at once, the first does the work.
 * @returns the steps in order; none when there is nothing to do
 * @throws SettingsError naming every table and column that keeps a standing table from serving
 * @throws UnavailableError when a table that must change is in use for long
 */
export async function migrate(db: Kysely<Database>, options: MigrateOptions): Promise<MigrationStep[]> {
  const { dryRun, down = false } = options;
  const ordered = down ? migrations.toReversed() : migrations;
  if (dryRun) {
    const transaction = db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
    return transaction.execute((tx) => planAll(tx, ordered, down));
  }
  // Read committed: what waited for the lock must see what its holder did.
  return db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (tx) => {
      // Ends with the transaction, so that it works through PgBouncer in transaction mode.
      await sql`select pg_advisory_xact_lock(hashtext('telesweep migrate'))`.execute(tx);
      await sql`set local lock_timeout = ${sql.lit(lockTimeout)}`.execute(tx);
      const steps: MigrationStep[] = [];
      for (const migration of ordered) {
        const planned = await planAll(tx, [migration], down);
        for (const step of planned) await execute(tx, step);
        if (!down) await record(tx, migration);
        steps.push(...planned);
      }
      return steps;
    });
}

async function planAll(
  db: QueryExecutorProvider,
  ordered: readonly Migration[],
  down: boolean,
): Promise<MigrationStep[]> {
  const schema = await readBotsSchema(db);
  if (schema === null) {
    throw new SettingsError(['search_path: no schema of it stands; create one, or set another search_path']);
  }
  const steps: MigrationStep[] = [];
  const problems: string[] = [];
  for (const migration of ordered) {
    const plan: Plan = down
      ? { steps: await migration.down(db, schema), problems: [] }
      : await migration.up(db, schema);
    steps.push(...plan.steps.map((step) => ({ migration: migration.name, ...step })));
    problems.push(...plan.problems);
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return steps;
}

async function execute(db: QueryExecutorProvider, step: MigrationStep): Promise<void> {
  try {
    await sql.raw(step.sql).execute(db);
  } catch (error) {
    const inUse =
      error instanceof LockTimeoutError || (error instanceof Error && 'code' in error && error.code === '55P03');
    if (!inUse) throw error;
    const problem = `${step.what}: another session kept the table locked for ${lockTimeout}; nothing was changed`;
    throw new UnavailableError(`${problem}: run telesweep migrate again when it is done`);
  }
}

async function record(db: QueryExecutorProvider, migration: Migration): Promise<void> {
  await sql`insert into telesweep.migrations (name) values (${migration.name}) on conflict (name) do nothing`.execute(
    db,
  );
}
