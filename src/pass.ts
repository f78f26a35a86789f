import { randomUUID } from 'node:crypto';
import { SettingsError, TokenRefusedError, UnavailableError } from './errors.ts';
import { exitCodeOfError, exitCodeOfOutcome, exitCodes } from './exit-code.ts';
import type { Backlog, Counts, Job, JobContext, JobResult, Plan, Stop, Summary } from './job.ts';
import { createReport, type PassOptions, type Report } from './pass-report.ts';
import { redact } from './redact.ts';
import { readSettings, type Settings } from './settings.ts';
import { createStop } from './stop.ts';
import { type Connection, connect } from './store/connect.ts';
import { closeRun, heartbeatMs, openRun, readClock, renewLease } from './store/runs.ts';
import type { Bot } from './telegram/bot.ts';
import type { World } from './world.ts';

/**
 * One execution of a job, from its settings to its exit code: lease, work, record, report. Never throws.
 * @returns the exit code
 */
export async function runPass(job: Job, options: PassOptions, world: World): Promise<number> {
  const summary = newSummary(job, options.dryRun);
  let settings: Settings;
  try {
    const requires = ['DATABASE_URL', ...(options.dryRun ? withoutToken(job) : job.requires)];
    settings = readSettings({ env: world.env, envFile: options.envFile, requires });
  } catch (error) {
    return endWithoutSettings(job, summary, error, options, world);
  }

  const report = createReport({ job, runId: summary.run_id, options, settings, world });
  const stop = createStop(options.maxRuntimeMs, world.signal);
  const startedAt = performance.now();
  let connection: Connection | null = null;
  let exitCode: number;
  try {
    report.started();
    connection = await connect(settings.database, { signal: stop.signal });
    const pass = new Pass(job, options, settings, connection, stop, report, summary);
    exitCode = options.dryRun ? await pass.dryRun() : await pass.run(startedAt);
  } catch (error) {
    exitCode = exitCodeOfError(error);
    summary.outcome = 'failed';
    summary.stop_reason = 'error';
    summary.error = errorText(error, settings);
    if (exitCode === exitCodes.defect) report.defect(error);
  }
  summary.duration_ms = Math.round(performance.now() - startedAt);
  await connection?.close();
  stop.dispose();
  await report.finished(summary, exitCode, { nearDeadline: null, pausedUntil: null, guidesPosted: null });
  return exitCode;
}

class Pass {
  readonly #job: Job;
  readonly #options: PassOptions;
  readonly #settings: Settings;
  readonly #connection: Connection;
  readonly #stop: Stop;
  readonly #report: Report;
  readonly #summary: Summary;
  #bot: Promise<Bot> | null = null;

  constructor(
    job: Job,
    options: PassOptions,
    settings: Settings,
    connection: Connection,
    stop: Stop,
    report: Report,
    summary: Summary,
  ) {
    this.#job = job;
    this.#options = options;
    this.#settings = settings;
    this.#connection = connection;
    this.#stop = stop;
    this.#report = report;
    this.#summary = summary;
  }

  /**
   * @param startedAt `performance.now()` at the start of the pass
   * @throws what ended the pass, once the run is written down
   */
  async run(startedAt: number): Promise<number> {
    const summary = this.#summary;
    const due = this.#job.due(this.#settings, this.#options);
    const opening = await openRun(this.#connection, this.#job.name, summary.run_id, due);
    summary.started_at = opening.now;

    let failure: { error: unknown } | null = null;
    if (!opening.acquired) {
      this.#stop.request('busy');
      const since = opening.heldSince?.toISOString() ?? 'just now';
      this.#report.busy(opening.holder ?? 'another process', since);
      summary.outcome = 'skipped';
    } else {
      const heartbeat = this.#keepLease();
      try {
        if (opening.due) await this.#work(opening.now);
      } catch (error) {
        failure = { error };
        summary.outcome = 'failed';
        summary.error = errorText(error, this.#settings);
      } finally {
        clearInterval(heartbeat);
        if (this.#bot !== null) (await this.#bot).close();
      }
    }
    summary.stop_reason = failure === null ? (this.#stop.reason ?? 'done') : 'error';
    await this.#close(startedAt, failure);
    if (failure === null) return exitCodeOfOutcome(summary.outcome);
    throw failure.error;
  }

  async #work(now: string): Promise<void> {
    const summary = this.#summary;
    let result: JobResult = { failed: 0, succeeded: 0 };
    if (this.#stop.reason === null && !(await this.#coolsDown())) {
      this.#report.working();
      result = await this.#job.run(await this.#context(now));
    }
    if (result.guide_id !== undefined) summary.guide_id = result.guide_id;
    const reason = this.#stop.reason;
    if (reason === 'error') throw this.#heartbeatFailure ?? new Error('the pass was stopped without a reason');
    if (reason === 'signal' || reason === 'lease_lost' || reason === 'cooldown') summary.outcome = 'interrupted';
    else if (result.failed > 0) summary.outcome = result.succeeded > 0 ? 'partial' : 'failed';
  }

  /** Writes the run down and gives the lease back. Where that fails as well, the first failure is the one to report. */
  async #close(startedAt: number, failure: { error: unknown } | null): Promise<void> {
    const summary = this.#summary;
    try {
      summary.left = await this.#backlog();
      if (summary.stop_reason === 'limit' && summary.left.due === 0) summary.stop_reason = 'done';
      summary.duration_ms = Math.round(performance.now() - startedAt);
      await closeRun(this.#connection, summary, this.#settings.runHistoryDays);
    } catch (error) {
      if (failure === null) throw error;
    }
  }

  async #backlog(): Promise<Backlog> {
    const { text, values } = this.#job.backlog(this.#settings);
    const [row] = await this.#connection.query<{ due: number; oldest_due_seconds: number }>(text, values);
    return { due: row?.due ?? 0, oldest_due_seconds: Math.max(0, Math.round(row?.oldest_due_seconds ?? 0)) };
  }

  /** Leaves at once while a pause lasts that a pass before this one found too long, or that this one has no time for. */
  async #coolsDown(): Promise<boolean> {
    const token = this.#token();
    if (token === null) return false;
    const { readPause } = await import('./store/budgets.ts');
    const { hasTimeFor } = await import('./telegram/budget.ts');
    const pause = await readPause(this.#connection, botIdOf(token));
    if (pause.seconds === 0 || (!pause.cooldown && hasTimeFor(pause.seconds, this.#stop))) return false;
    this.#report.cooldown(pause.seconds);
    this.#stop.request('cooldown');
    return true;
  }

  #heartbeatFailure: unknown = null;

  #keepLease(): NodeJS.Timeout {
    return setInterval(() => {
      renewLease(this.#connection, this.#job.name, this.#summary.run_id).then(
        (held) => {
          if (!held) this.#stop.request('lease_lost');
        },
        (error: unknown) => {
          this.#heartbeatFailure ??= error;
          this.#stop.request('error');
        },
      );
    }, heartbeatMs);
  }

  #token(): string | null {
    if (this.#job.token === null) return null;
    return this.#job.token === 'GUIDE_BOT_TOKEN' ? this.#settings.guideBotToken : this.#settings.telegramBotToken;
  }

  async #context(now: string): Promise<JobContext> {
    const summary = this.#summary;
    const stop = this.#stop;
    return {
      db: await this.#connection.kysely(),
      now,
      runId: summary.run_id,
      settings: this.#settings,
      limit: this.#options.limit,
      force: this.#options.force,
      counts: summary.counts,
      log: this.#report.log,
      progress: this.#report.progress,
      stop,
      bot: () => {
        this.#bot ??= this.#openBot();
        return this.#bot;
      },
    };
  }

  async #openBot(): Promise<Bot> {
    const token = this.#token();
    if (token === null) throw new Error(`${this.#job.name} calls Telegram, but names no token`);
    const [{ createClient }, { createBudget }, { createBot }] = await Promise.all([
      import('./telegram/client.ts'),
      import('./telegram/budget.ts'),
      import('./telegram/bot.ts'),
    ]);
    const { apiRoot, timeoutMs, proxy, ratePerSecond } = this.#settings;
    const client = await createClient(token, { apiRoot, timeoutMs, proxy });
    const budget = createBudget({
      connection: this.#connection,
      botId: client.botId,
      ratePerSecond,
      holder: { job: this.#job.name, runId: this.#summary.run_id },
      stop: this.#stop,
    });
    return createBot({ client, budget, stop: this.#stop, log: this.#report.log, counts: this.#summary.telegram });
  }

  /** The same selection as a pass, in a transaction in which the database itself refuses a change. */
  async dryRun(): Promise<number> {
    const summary = this.#summary;
    await this.#connection.query('begin transaction isolation level repeatable read, read only');
    try {
      summary.started_at = await readClock(this.#connection);
      const plan: Plan = await this.#job.plan(await this.#context(summary.started_at));
      summary.estimate = plan.estimate;
      if (plan.guide_id !== undefined) summary.guide_id = plan.guide_id;
      summary.left = await this.#backlog();
      await this.#report.plan(plan);
    } finally {
      await this.#connection.query('rollback');
    }
    return exitCodeOfOutcome(summary.outcome);
  }
}

function newSummary(job: Job, dryRun: boolean): Summary {
  const counts: Counts = Object.fromEntries(job.countKeys.map((key) => [key, 0]));
  return {
    job: job.name,
    run_id: randomUUID(),
    outcome: 'ok',
    stop_reason: 'done',
    dry_run: dryRun,
    started_at: new Date().toISOString(),
    duration_ms: 0,
    counts,
    telegram: { calls: 0, rate_limited: 0 },
    left: { due: 0, oldest_due_seconds: 0 },
    ...(job.name === 'post-guide' ? { guide_id: null } : {}),
  };
}

/** A dry run makes no call, so it needs no token. */
function withoutToken(job: Job): string[] {
  return job.requires.filter((name) => name !== job.token);
}

function botIdOf(token: string): string {
  return token.slice(0, token.indexOf(':'));
}

/** What the summary says of an error; a defect's text may hold anything, so it is redacted as well. */
function errorText(error: unknown, settings: Settings): string {
  const text = error instanceof Error ? error.message : String(error);
  const known =
    error instanceof SettingsError || error instanceof UnavailableError || error instanceof TokenRefusedError;
  return redact(known ? text : `a defect of telesweep: ${text}`, settings.secrets);
}

function endWithoutSettings(job: Job, summary: Summary, error: unknown, options: PassOptions, world: World): number {
  const exitCode = exitCodeOfError(error);
  const text = error instanceof Error ? error.message : String(error);
  for (const line of text.split('\n')) world.stderr.write(`telesweep ${job.name}: ${line}\n`);
  if (options.json) {
    const failed: Summary = { ...summary, outcome: 'failed', stop_reason: 'error', error: text };
    world.stdout.write(`${JSON.stringify(failed)}\n`);
  }
  return exitCode;
}
