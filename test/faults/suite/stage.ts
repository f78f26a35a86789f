/** Where a trial plays: a scene of its own, a proxy before its database, and all that its passes wrote. */
import type { JobName, Summary } from '../../../src/process/summary.ts';
import type { PostgresServer } from '../../support/postgres-server.ts';
import type { RunResult, Started } from '../../support/run.ts';
import { createScene, type Scene } from '../../support/scene.ts';
import { type StatementProxy, startStatementProxy } from '../../support/statement-proxy.ts';
import { type Findings, nothingFound } from './findings.ts';
import { count, type Laid, type Load, type LoadOptions } from './load.ts';

/** More passes than any trial needs until nothing is due. */
const mostPasses = 8;

const defect = 70;

/** Answers take a moment, so that several calls are under way at once. */
const usualLatencyMs = 8;

export class Stage {
  readonly scene: Scene;
  readonly server: PostgresServer | null;
  readonly proxy: StatementProxy;
  /** The database's address as passes use it where nothing is done to their statements. */
  readonly url: string;
  /** Sessions outlive their passes, because a pooler keeps them. */
  readonly #pooled: boolean;
  /** Of the trial that is played now. */
  outputs: RunResult[] = [];

  constructor(scene: Scene, proxy: StatementProxy, { server, poolerUrl }: StageOptions) {
    this.scene = scene;
    this.proxy = proxy;
    this.server = server;
    this.url = poolerUrl?.(scene.db.name) ?? scene.db.url;
    this.#pooled = poolerUrl !== undefined;
  }

  /** Empties the database and what was done to Telegram, and puts a load there. */
  async layOut(load: Load, options: LoadOptions): Promise<Laid> {
    const { db, api } = this.scene;
    this.release();
    api.clearFaults();
    api.endFlood();
    api.setLatency(usualLatencyMs);
    this.outputs = [];
    await this.#noteRecords();
    await db.query(`truncate users, tokens, token_generator_count, pending_deletions, broadcasts, broadcast_messages,
      telesweep.runs, telesweep.leases, telesweep.budgets, telesweep.bots, telesweep.guide_posts, telesweep.guide_totals`);
    return load.layOut(this.scene, options);
  }

  /** What the last trial left in the database is searched for secrets as well. */
  async #noteRecords(): Promise<void> {
    const { db } = this.scene;
    for (const table of ['telesweep.runs', 'telesweep.leases', 'telesweep.guide_posts']) {
      const [row] = await db.query<{ text: string | null }>(
        `select string_agg(to_jsonb(t)::text, ' ') as text from ${table} as t`,
      );
      if (row?.text) this.scene.note(table, row.text);
    }
  }

  /** Takes away all that holds or watches statements and calls. */
  release(): void {
    this.proxy.onStatement = undefined;
    this.proxy.onAnswered = undefined;
    this.scene.api.onCall = undefined;
    this.scene.api.onDone = undefined;
  }

  /** Starts a pass through the proxy and keeps what it writes. */
  start(job: JobName, laid: Laid, env: Record<string, string> = {}, args: readonly string[] = []): Started {
    const started = this.scene.start([job, ...args], { DATABASE_URL: this.proxy.url, ...laid.env, ...env });
    started.done.then(
      (result) => this.outputs.push(result),
      () => undefined,
    );
    return started;
  }

  /** Runs a pass to its end, in this process: for trials that neither kill it nor cut it off. */
  async run(
    job: JobName,
    laid: Laid,
    env: Record<string, string> = {},
    args: readonly string[] = [],
  ): Promise<RunResult> {
    const result = await this.scene.run([job, ...args], { DATABASE_URL: this.proxy.url, ...laid.env, ...env });
    this.outputs.push(result);
    return result;
  }

  /** As if so much time had passed that a dead holder's lease is over and every wait of an item. */
  async waitsEnd(): Promise<void> {
    await this.scene.db.query(`
      update telesweep.leases set expires_at = clock_timestamp() - interval '1 millisecond';
      update pending_deletions set next_attempt_at = null where next_attempt_at is not null;
      update broadcast_messages set next_attempt_at = null where next_attempt_at is not null`);
  }

  /**
   * Passes until nothing is due.
   * @param wrong is told of a pass that ended as it should not
   */
  async finish(job: JobName, laid: Laid, wrong: string[], env: Record<string, string> = {}): Promise<void> {
    this.release();
    for (let pass = 1; pass <= mostPasses; pass++) {
      await this.waitsEnd();
      const result = await this.run(job, laid, { DATABASE_URL: this.url, ...env });
      const { code, summary, stderr } = result;
      if (summary === undefined || code === null || ![0, ...laid.endCodes].includes(code)) {
        wrong.push(`a later pass ended with ${code}: ${lastLines(stderr)}`);
        return;
      }
      if (isAtEnd(summary, laid)) return;
    }
    wrong.push(`after ${mostPasses} passes something is still due`);
  }

  /** Compares all with what it should be. Call it when nothing is due any more. */
  async account(job: JobName, laid: Laid, found: Findings, { mayFail = false } = {}): Promise<void> {
    const { lost, repeated, uncertain } = await laid.account({ outputs: this.outputs, mayFail });
    found.lost.push(...lost);
    found.repeated.push(...repeated);
    found.uncertain += uncertain;
    const leases = await count(this.scene, 'telesweep.leases');
    if (leases > 0) found.wrong.push(`${job} left ${leases} leases behind`);
    const open = await laid.openIntents();
    if (open > 0) found.wrong.push(`${open} intents are still open`);
    for (const { code, stderr, stdout } of this.outputs) {
      if (code === defect) found.wrong.push(`a pass met a defect: ${lastLines(stderr)}`);
      if (/\n {4}at .+:\d+:\d+/.test(stderr + stdout)) found.wrong.push(`a stack trace: ${lastLines(stderr)}`);
    }
  }

  /** Waits until a dead pass has no session left: what it had asked of the database comes to its end there. */
  async sessionsEnd(): Promise<void> {
    const deadline = Date.now() + 10_000;
    const sessions = `pg_stat_activity where datname = current_database() and application_name = 'telesweep'
      ${this.#pooled ? "and state <> 'idle'" : ''}`;
    while ((await count(this.scene, sessions)) > 0) {
      if (Date.now() > deadline) throw new Error('a dead pass still has a session');
    }
  }

  /** Seconds until the lease of a job ends; null where nobody holds it. */
  async leaseSeconds(job: JobName): Promise<number | null> {
    const [row] = await this.scene.db.query<{ seconds: number }>(
      'select extract(epoch from expires_at - clock_timestamp())::float8 as seconds from telesweep.leases where job = $1',
      [job],
    );
    return row?.seconds ?? null;
  }

  /** @returns what no output may hold and some did */
  async close(): Promise<Findings> {
    const found = nothingFound();
    await this.proxy.close();
    try {
      await this.scene.close();
    } catch (error) {
      found.wrong.push(error instanceof Error ? error.message : String(error));
    }
    return found;
  }
}

export interface StageOptions {
  /** Null for the server of the vitest run. */
  server: PostgresServer | null;
  /** Where passes reach a database of the server through a pooler. */
  poolerUrl?: (database: string) => string;
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const { server, poolerUrl } = options;
  const scene = await createScene({}, {}, { monitors: true, ...(server === null ? {} : { server }) });
  return new Stage(scene, await startStatementProxy(poolerUrl?.(scene.db.name) ?? scene.db.url), options);
}

function isAtEnd({ stop_reason, left }: Summary, { staysDue }: Laid): boolean {
  return stop_reason === 'done' && left.due <= staysDue;
}

export function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-4).map(wordsOfLine).join(' ⏎ ').slice(0, 600);
}

/** A line of the log says it in its message, and the summary's fields take much room. */
function wordsOfLine(line: string): string {
  const message = /"msg":"((?:[^"\\]|\\.)*)"\}$/.exec(line)?.[1];
  return message ?? line;
}
