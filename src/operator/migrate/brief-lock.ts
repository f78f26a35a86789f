import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, type QueryExecutorProvider, sql } from 'kysely';
import { formatDuration } from '../../output/format.ts';
import { codeOf, RowRefusedError, SettingsError, UnavailableError } from '../../process/errors.ts';
import { LockTimeoutError } from '../../store/database-error.ts';
import type { Database } from '../../store/schema.ts';
import type { Step } from '../../tables/step.ts';

/** How long a table is asked for before its bot, which waits behind, is let on. */
const lockTimeoutMs = 100;

export interface Patience {
  tries: number;
  pauseMs: number;
}

/** Half a minute in all. */
export const patience: Patience = { tries: 30, pauseMs: 1_000 };

/** A table that another session holds. */
class HeldError extends Error {
  readonly tables: readonly string[];
  constructor(message: string, tables: readonly string[]) {
    super(message);
    this.tables = tables;
  }
}

/** What stands there is in the way of a step. */
export class StepRefusedError extends SettingsError {}

/**
 * For the transaction at hand, whatever the role's settings say: a lock is waited for no longer than a moment, the work itself
 * takes as long as it takes, and PostgreSQL gives back names as migrations write them.
 */
export async function pinSession(tx: QueryExecutorProvider): Promise<void> {
  await sql`
    select set_config('lock_timeout', ${`${lockTimeoutMs}ms`}, true), set_config('statement_timeout', '0', true),
      set_config('quote_all_identifiers', 'off', true)`.execute(tx);
}

/**
 * Locks the tables that steps change and runs the steps, all in one round trip to the database: however far away it is, a bot
 * waits no longer for that.
 * @throws HeldError when a table is not to be had within a moment
 * @throws StepRefusedError, without the step's name
 */
export async function runTogether(tx: QueryExecutorProvider, steps: readonly Step[]): Promise<void> {
  const tables = lockedTables(steps);
  const locks = tables.map((table) => `lock table ${table} in access exclusive mode`);
  const statements = [...locks, ...steps.map((step) => step.sql)];
  if (statements.length === 0) return;
  try {
    await sql.raw(statements.join(';\n')).execute(tx);
  } catch (error) {
    throw explain(error, 'the tables', tables);
  }
}

/** @throws as `runTogether`, with the step's name */
export async function runStep(db: QueryExecutorProvider, step: Step): Promise<void> {
  try {
    await sql.raw(step.sql).execute(db);
  } catch (error) {
    throw explain(error, step.what, step.table === undefined ? [] : [step.table]);
  }
}

/** The tables that the steps of one transaction change. */
export function lockedTables(steps: readonly Step[]): string[] {
  return [...new Set(steps.flatMap(({ table }) => table ?? []))];
}

/**
 * Tries again what found a table held, from its beginning.
 * @returns null where a signal came first
 * @throws UnavailableError, naming who holds it, when every try was in vain
 */
export async function tryAgain<T>(
  db: Kysely<Database>,
  attempt: () => Promise<T>,
  { tries, pauseMs }: Patience,
  signal: AbortSignal | undefined,
  tell: (line: string) => void,
): Promise<T | null> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      const held = error instanceof LockTimeoutError ? new HeldError('the tables', []) : error;
      if (!(held instanceof HeldError)) throw held;
      if (signal?.aborted) return null;
      const last = tried >= tries;
      if (last || tried === 1) {
        const problem = `${held.message}: ${await nameHolder(db, held.tables)}`;
        const inVain = `${tried} tries of ${lockTimeoutMs} ms were in vain and nothing was changed by them`;
        if (last) throw new UnavailableError(`${problem}; ${inVain}: run telesweep migrate again when it is done`);
        tell(`${problem}; trying again`);
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }
}

/** The session that has held one of the tables for the longest time. */
async function nameHolder(db: Kysely<Database>, tables: readonly string[]): Promise<string> {
  const { rows } = await sql<{ table: string; pid: number; who: string; seconds: number }>`
    select relation::regclass::text as table, pid, coalesce(nullif(application_name, ''), usename, 'unknown') as who,
      coalesce(extract(epoch from now() - xact_start), 0)::float8 as seconds
    from pg_locks join pg_stat_activity using (pid)
    where locktype = 'relation' and granted and pid <> pg_backend_pid()
      and pg_locks.database = (select oid from pg_database where datname = current_database())
      and relation in (select to_regclass(wanted) from unnest(${tables}::text[]) as wanted)
    order by xact_start limit 1`.execute(db);
  const [holder] = rows;
  if (!holder) return 'another session holds one of them';
  return `process ${holder.pid} (${holder.who}) of the database has held ${holder.table} for ${formatDuration(holder.seconds * 1000)}`;
}

/** SQLSTATE classes by which the database says that what stands there is in the way of a step. */
const refusals = ['0A', '22', '23', '2B', '42', '55', 'P0'];

function explain(error: unknown, what: string, tables: readonly string[]): unknown {
  const code = codeOf(error);
  if (error instanceof LockTimeoutError || code === '55P03') return new HeldError(what, tables);
  if (!(error instanceof Error) || error instanceof SettingsError || error instanceof UnavailableError) return error;
  if (!refusals.includes(code.slice(0, 2)) || code === '42501') return error;
  const detail =
    'detail' in error && typeof error.detail === 'string' ? ` (${error.detail.replaceAll('\n', '; ')})` : '';
  const words = error instanceof RowRefusedError ? `the database refuses it: ${error.words}` : error.message;
  return new StepRefusedError([`${what}: ${words}${detail}`]);
}
