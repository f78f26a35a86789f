/** Passes of the jobs that need no bot: nothing in their environment but the database's address. */
import { expect } from 'vitest';
import type { Summary } from '../../src/process/summary.ts';
import type { TestDatabase } from './postgres.ts';
import { type RunResult, type Started, start } from './run.ts';
import { runHere } from './run-here.ts';
import { type StatementProxy, startStatementProxy } from './statement-proxy.ts';

export type SweepJob = 'cleanup-tokens' | 'reset-counts';

export type SweepResult = RunResult & { summary: Summary };

/** Runs a pass to its end, which must have a summary. */
export async function sweepPass(
  db: TestDatabase,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<SweepResult> {
  return withSummary(await runHere(args, { env: { DATABASE_URL: db.url, ...env } }));
}

export function withSummary(result: RunResult): SweepResult {
  const { summary } = result;
  if (summary === undefined) throw new Error(`no summary: exit ${result.code}\n${result.stdout}\n${result.stderr}`);
  return { ...result, summary };
}

/** A pass whose statements go through the proxy. */
export function startSweep(proxy: StatementProxy, job: SweepJob, ...flags: string[]): Started {
  return start([job, '--json', ...flags], { env: { DATABASE_URL: proxy.url } });
}

/** Batches of 10,000, 20,000, 40,000 and so on where they are quick: with this many rows a pass sends nine statements or more. */
export const rowsOfManyBatches = 120_000;

interface Kills {
  db: TestDatabase;
  job: SweepJob;
  flags?: readonly string[];
  /** Fills the table up to a number of due rows, beside others that are not due. */
  fill(): Promise<unknown>;
  /** How many rows are due, and how many are not. */
  count(): Promise<{ due: number; others: number }>;
}

/**
 * Kills a pass at its nth statement: before the server has it, or when the server has answered.
 * The pass after it must find all that is due and nothing else.
 * @returns whether the pass lived to see the statement, and how many rows it deleted
 */
export async function killAtStatement(
  { db, job, flags = [], fill, count }: Kills,
  point: 'onStatement' | 'onAnswered',
  n: number,
): Promise<{ killed: boolean; deleted: number }> {
  await fill();
  const before = await count();
  const proxy = await startStatementProxy(db.url);
  const { child, done } = startSweep(proxy, job, ...flags);
  proxy[point] = async (at) => {
    if (at === n && child.kill('SIGKILL')) await done;
  };
  const { signal, code } = await done;
  await proxy.close();
  await sessionsEnd(db);
  const after = await count();
  expect(after.others).toBe(before.others);
  if (signal === null) expect(code).toBe(0);
  await finish(db, job, after.due);
  expect(await count()).toEqual({ due: 0, others: before.others });
  return { killed: signal === 'SIGKILL', deleted: before.due - after.due };
}

/** The pass after a killed one. A dead holder's lease ends by itself; the test does not wait for it. */
async function finish(db: TestDatabase, job: SweepJob, due: number): Promise<void> {
  await db.query("update telesweep.leases set expires_at = now() - interval '1 second'");
  const { code, summary } = await sweepPass(db, [job]);
  expect({ code, counts: summary.counts, left: summary.left.due, stop: summary.stop_reason }).toEqual({
    code: 0,
    counts: { deleted: due, kept: 0 },
    left: 0,
    stop: 'done',
  });
}

/** What a dead pass had asked of the database comes to its end there. */
async function sessionsEnd(db: TestDatabase): Promise<void> {
  const deadline = Date.now() + 10_000;
  const ask = "select from pg_stat_activity where datname = current_database() and application_name = 'telesweep'";
  while ((await db.query(ask)).length > 0) {
    if (Date.now() > deadline) throw new Error('the dead pass still has a session');
  }
}

/** A pass that meets another one in the middle of its work. */
export async function runTwiceAtOnce(
  db: TestDatabase,
  job: SweepJob,
): Promise<{ first: SweepResult; second: SweepResult }> {
  const proxy = await startStatementProxy(db.url);
  try {
    let second: SweepResult | null = null;
    proxy.onStatement = async (n) => {
      if (n === 4) second = await sweepPass(db, [job]);
    };
    const first = withSummary(await startSweep(proxy, job).done);
    if (second === null) throw new Error('the first pass ended before its fourth statement');
    return { first, second };
  } finally {
    await proxy.close();
  }
}

/** What a dry run must leave alone, as one text. */
export async function fingerprint(db: TestDatabase, table: string): Promise<string> {
  const [row] = await db.query<{ print: string }>(`
    select md5(string_agg(t::text || xmin::text, '|' order by t::text)) || (select count(*) from telesweep.runs)
      || (select count(*) from telesweep.leases) as print from ${table} t`);
  return row?.print ?? '';
}
