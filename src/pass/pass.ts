import { botOf } from '../job/bot-of.ts';
import type { Job, JobContext, JobResult, LeaseRenewal, Telegram } from '../job/job.ts';
import type { Stop } from '../job/stop.ts';
import { createStop } from '../job/stop.ts';
import { Tally } from '../job/tally.ts';
import { UncountedCalls } from '../job/uncounted-calls.ts';
import type { Metrics } from '../output/metrics-sample.ts';
import { monotonicMs } from '../process/clock.ts';
import { messageOf, SettingsError, UnavailableError } from '../process/errors.ts';
import { exitCodeOfOutcome, exitCodes } from '../process/exit-code.ts';
import { redact } from '../process/redact.ts';
import type { Backlog, Counts, Summary } from '../process/summary.ts';
import type { World } from '../process/world.ts';
import { botIdOf } from '../settings/formats.ts';
import { readSettings, type Settings } from '../settings/settings.ts';
import type { RememberedBot } from '../store/bots.ts';
import type { Pause } from '../store/budgets.ts';
import { type Connection, connect, readOnly } from '../store/connect.ts';
import { closeRun, type Opening, type OpeningQuestions, openRun, readBacklog, readClock } from '../store/runs.ts';
import { additionsOf, newSummary, noteEnd, noteFailure } from './ending.ts';
import { type KeptLease, keepLease } from './lease.ts';
import { createReport, endWithoutSettings, type PassOptions, type Recorded, type Report } from './report.ts';

/** Together longer than the stay of a pass may go on past its end. */
const takeOverTries = 16;
const takeOverPauseMs = 400;

/** For a database that comes up after the pass, as at a boot: the next pass may be hours away. */
const patienceMs = 30_000;

/**
 * One execution of a job, from its settings to its exit code: lease, work, record, report. Never throws.
 * @returns the exit code
 */
export async function runPass(job: Job, options: PassOptions, world: World): Promise<number> {
  let settings: Settings;
  try {
    settings = readPassSettings(job, options, world);
  } catch (error) {
    return endWithoutSettings(job, newSummary(job, options.dryRun), error, options, world);
  }
  return (await passWith(settings, job, options, world)).exitCode;
}

/** @throws SettingsError */
export function readPassSettings(
  job: Job,
  { dryRun, envFile, bot }: PassOptions,
  { env }: Pick<World, 'env'>,
): Settings {
  const requires = ['DATABASE_URL', ...(dryRun ? withoutToken(job) : job.requires)];
  return readSettings({ env, envFile, ...bot, requires });
}

export interface PassEnding {
  exitCode: number;
  summary: Summary;
}

/** What a pass among those of other bots goes by. */
export interface Turn {
  /** Aborts when others have waited long enough: the pass then ends as at its time limit. */
  over: AbortSignal;
  /** Others wait: a database that does not answer at once is no reason to keep them. */
  givesWay: boolean;
}

/** A turn that gave way: nothing was done and nothing said. */
export interface GaveWay {
  exitCode: null;
  /** Why the database was not reached, without secrets. */
  error: string;
}

export async function passWith(settings: Settings, job: Job, options: PassOptions, world: World): Promise<PassEnding>;
export async function passWith(
  settings: Settings,
  job: Job,
  options: PassOptions,
  world: World,
  turn: Turn,
): Promise<PassEnding | GaveWay>;
/** A pass from its connection to its exit code. Never throws. */
export async function passWith(
  settings: Settings,
  job: Job,
  options: PassOptions,
  world: World,
  turn: Turn | null = null,
): Promise<PassEnding | GaveWay> {
  const startedAt = monotonicMs();
  const stop = createStop(options.maxRuntimeMs, world.signal);
  turn?.over.addEventListener('abort', () => stop.request('deadline'), { once: true });
  // First of all, and with a turn of the event loop to send its greeting: the server answers while the rest is loaded, 2 ms.
  const connecting = connect(settings.database, {
    patienceMs: options.dryRun || runsEveryMinute(job, settings) ? 0 : patienceMs,
    // Aborted already, it leaves a single try.
    signal: turn?.givesWay ? AbortSignal.abort() : stop.signal,
    hardSignal: stop.hardSignal,
  });
  // It may fail before it is awaited.
  connecting.catch(() => {});
  await new Promise(setImmediate);
  const summary = newSummary(job, options.dryRun);
  const report = createReport({ job, runId: summary.run_id, options, settings, world, alone: turn === null });
  let connection: Connection | null = null;
  let pass: Pass | null = null;
  let exitCode: number;
  try {
    connection = await connecting;
    pass = new Pass(job, options, settings, connection, stop, report, summary, world);
    exitCode = options.dryRun ? await pass.dryRun() : await pass.run(startedAt);
  } catch (error) {
    if (connection === null && turn?.givesWay && error instanceof UnavailableError && stop.reason === null) {
      stop.dispose();
      return { exitCode: null, error: redact(error.message, settings.secrets) };
    }
    exitCode = noteFailure(summary, error, stop, settings.secrets);
    if (exitCode === exitCodes.defect) await report.defect(error);
  }
  summary.duration_ms = Math.round(monotonicMs() - startedAt);
  const isAsked = report.asksSince && summary.outcome === 'failed' && summary.error !== undefined;
  const wrongSince = isAsked ? await readWrongSince(connection, job) : null;
  connection?.close();
  stop.dispose();
  await report.finished(summary, exitCode, pass?.recorded ?? null, wrongSince);
  return { exitCode, summary };
}

/** Null where the database does not tell. */
async function readWrongSince(connection: Connection | null, job: Job): Promise<Date | null> {
  if (connection === null) return null;
  const { readBadSince } = await import('../store/run-history.ts');
  return readBadSince(connection, job.name).catch(() => null);
}

interface PassEnd {
  failure: { error: unknown } | null;
  result: JobResult;
  nothingDue: boolean;
  /** What the opening statement counted where nothing was due. */
  backlog: Backlog | null;
}

class Pass {
  readonly #job: Job;
  readonly #options: PassOptions;
  readonly #settings: Settings;
  readonly #connection: Connection;
  readonly #stop: Stop;
  readonly #report: Report;
  readonly #summary: Summary;
  readonly #world: World;
  #telegram: Promise<Telegram> | null = null;
  readonly #tally = new Tally();
  readonly #uncounted: UncountedCalls;
  /** Once the run is written down. */
  recorded: Recorded | null = null;

  constructor(
    job: Job,
    options: PassOptions,
    settings: Settings,
    connection: Connection,
    stop: Stop,
    report: Report,
    summary: Summary,
    world: World,
  ) {
    this.#job = job;
    this.#options = options;
    this.#settings = settings;
    this.#connection = connection;
    this.#stop = stop;
    this.#report = report;
    this.#summary = summary;
    this.#world = world;
    this.#uncounted = new UncountedCalls(summary.telegram);
  }

  /**
   * @param startedAt `monotonicMs()` at the start of the pass
   * @throws what ended the pass, once the run is written down
   */
  async run(startedAt: number): Promise<number> {
    const summary = this.#summary;
    const backlog = this.#job.backlog(this.#settings);
    const due = this.#job.due(this.#settings, this.#options);
    const opening = await this.#open({ due, backlog, botId: botOf(this.#job, this.#settings) });
    summary.started_at = opening.now;

    let failure: { error: unknown } | null = null;
    let result: JobResult = { failed: 0, succeeded: 0 };
    if (!opening.acquired) {
      this.#stop.request('busy');
      this.#report.busy(opening.holder ?? 'another process', opening.heldSince?.toISOString() ?? 'just now');
    } else {
      this.#report.leased();
      const lease = keepLease(this.#connection, this.#job.name, summary.run_id, this.#stop);
      try {
        if (opening.due) result = await this.#work(opening, lease);
        else await this.#idle();
      } catch (error) {
        if (!(await lease.explains(error))) failure = { error };
      } finally {
        lease.stop();
        // A client that could not be made has been heard of already.
        await this.#telegram?.then(
          ({ client }) => client.close(),
          () => {},
        );
      }
    }
    await this.#close(startedAt, {
      failure,
      result,
      nothingDue: opening.acquired && !opening.due,
      backlog: opening.backlog,
    });
    if (failure !== null) throw failure.error;
    return exitCodeOfOutcome(summary.outcome);
  }

  /** A pass that stays takes over from the one of the minute before, where that one is about to end. */
  async #open(questions: OpeningQuestions): Promise<Opening> {
    const tries = this.#options.stayMs > 0 ? takeOverTries : 1;
    for (let n = 1; ; n++) {
      const opening = await openRun(this.#connection, this.#job.name, this.#summary.run_id, questions);
      if (opening.acquired || n >= tries || this.#stop.reason !== null) return opening;
      await new Promise((resolve) => setTimeout(resolve, takeOverPauseMs));
    }
  }

  async #work(opening: Opening, lease: KeptLease): Promise<JobResult> {
    if (this.#stop.reason !== null || (await this.#coolsDown(opening.pause))) return { failed: 0, succeeded: 0 };
    this.#checkSender(opening.bot.sender);
    this.#report.working();
    const result = await this.#job.run(await this.#context(opening, lease));
    if (result.guide_id !== undefined) this.#summary.guide_id = result.guide_id;
    if (this.#stop.reason === 'error') {
      throw lease.failure ?? new Error('the pass was stopped without a reason');
    }
    return result;
  }

  /** Another bot can delete nothing of what the first one sent, and would hear of every chat that it is not found. */
  #checkSender(sender: string | null): void {
    const { name, token, needsSender } = this.#job;
    const value = this.#token();
    if (needsSender === undefined || sender === null || token === null || value === null || sender === botIdOf(value))
      return;
    throw new SettingsError([
      `${token}: it is the token of bot ${botIdOf(value)}, but ${name} has worked with bot ${sender} so far; ` +
        `give that bot's token, or run telesweep doctor --accept-bot if the change is meant`,
    ]);
  }

  /** What there is to tell where nothing is due. */
  async #idle(): Promise<void> {
    const found = this.#job.idle?.(this.#settings);
    if (found === undefined) return;
    const [row = {}] = await this.#connection.query<{ counts?: Counts; guide_id?: string | null }>(
      found.text,
      found.values,
    );
    Object.assign(this.#summary.counts, row.counts);
    if (row.guide_id !== undefined) this.#summary.guide_id = row.guide_id;
  }

  /** Writes the run down and gives the lease back. Where that fails as well, the first failure is the one to report. */
  async #close(startedAt: number, end: PassEnd): Promise<void> {
    const summary = this.#summary;
    const { failure, result } = end;
    try {
      summary.left = end.backlog ?? result.left ?? (await this.#backlog());
      if (failure === null) noteEnd(summary, end.nothingDue ? null : this.#stop.reason, result);
      const exitCode =
        failure === null
          ? exitCodeOfOutcome(summary.outcome)
          : noteFailure(summary, failure.error, this.#stop, this.#settings.secrets);
      summary.duration_ms = Math.round(monotonicMs() - startedAt);
      // What there is to tell where nothing is due was counted by the pass that did it.
      const counts = end.nothingDue ? {} : summary.counts;
      const { held, isFirstOfDay } = await closeRun(this.#connection, {
        summary,
        botId: botOf(this.#job, this.#settings),
        additions: additionsOf({ ...summary, counts }, exitCode, this.#tally),
        uncounted: this.#uncounted.now(),
        keep: this.#settings,
        durable: !end.nothingDue,
      });
      this.recorded = { metrics: await this.#readMetrics() };
      if (isFirstOfDay) await this.#lookAtDay();
      if (held !== null) {
        this.#report.log.warn({ detail: held }, `failed items past FAILED_DAYS were not removed: ${held}`);
      }
    } catch (error) {
      if (failure === null) throw error;
    }
  }

  #backlog(): Promise<Backlog> {
    return readBacklog(this.#connection, this.#job.backlog(this.#settings));
  }

  /** Leaves at once while a pause lasts that a pass before this one found too long, or that this one has no time for. */
  async #coolsDown({ seconds, cooldown }: Pause): Promise<boolean> {
    if (seconds === 0) return false;
    const { hasTimeFor } = await import('../engine/pause.ts');
    if (!cooldown && hasTimeFor(seconds, this.#stop)) return false;
    this.#report.cooldown(seconds);
    this.#stop.request('cooldown');
    return true;
  }

  /** One more question and a few counts, where somebody wants them. A run that is written down does not fail for their sake. */
  async #readMetrics(): Promise<Metrics | null> {
    const { metricsDir, pushgatewayUrl } = this.#settings;
    if ((metricsDir === null && pushgatewayUrl === null) || this.#stop.reason === 'busy') return null;
    try {
      const { readMetrics } = await import('../job/read-metrics.ts');
      return await readMetrics(this.#connection, this.#settings, [this.#job], this.#summary.left);
    } catch (error) {
      this.#report.log.warn({}, `metrics: they cannot be read: ${messageOf(error)}`);
      return null;
    }
  }

  /** Once a day, how things stand. A run that is written down does not fail for its sake. */
  async #lookAtDay(): Promise<void> {
    if (this.#stop.reason === 'signal') return;
    try {
      const { lookAtDay } = await import('../store/daily-look.ts');
      await lookAtDay(this.#connection, this.#settings.statsDays);
    } catch (error) {
      this.#report.log.warn({}, `how things stand today was not written down: ${messageOf(error)}`);
    }
  }

  #token(): string | null {
    if (this.#job.token === null) return null;
    return this.#job.token === 'GUIDE_BOT_TOKEN' ? this.#settings.guideBotToken : this.#settings.telegramBotToken;
  }

  async #context({ now, bot }: Pick<Opening, 'now' | 'bot'>, lease: LeaseRenewal): Promise<JobContext> {
    const summary = this.#summary;
    return {
      job: this.#job.name,
      db: await this.#connection.kysely(),
      now,
      runId: summary.run_id,
      settings: this.#settings,
      limit: this.#options.limit,
      force: this.#options.force,
      stayMs: this.#options.stayMs,
      counts: summary.counts,
      calls: summary.telegram,
      uncounted: this.#uncounted,
      tally: this.#tally,
      log: this.#report.log,
      progress: this.#report.progress,
      stop: this.#stop,
      lease,
      telegram: () => {
        this.#telegram ??= this.#openTelegram(bot);
        return this.#telegram;
      },
    };
  }

  async #openTelegram({ username, worked, refusedInARow, oneByOne }: RememberedBot): Promise<Telegram> {
    const token = this.#token();
    if (token === null) throw new Error(`${this.#job.name} calls Telegram, but names no token`);
    // Of another program's heap it is no business of ours.
    if (this.#world.program !== undefined) (await import('../process/heap.ts')).keepHeapSmall();
    const { createClient } = await import('../telegram/client.ts');
    const { apiRoot, timeoutMs, proxy } = this.#settings;
    const client = await createClient(token, { apiRoot, timeoutMs, proxy });
    return { client, botId: client.botId, username, worked, refusedInARow, oneByOne };
  }

  /** The same selection as a pass, in a transaction in which the database itself refuses a change. */
  async dryRun(): Promise<number> {
    const summary = this.#summary;
    return readOnly(this.#connection, async () => {
      summary.started_at = await readClock(this.#connection);
      const bot = { username: null, worked: false, refusedInARow: 0, oneByOne: false, sender: null };
      const lease = { isToRenew: () => false, renewed: () => {} };
      const plan = await this.#job.plan(await this.#context({ now: summary.started_at, bot }, lease));
      const { calls, guide_id, failed = 0, succeeded = 0 } = plan;
      summary.estimate = { calls, seconds: Math.ceil(calls / this.#settings.ratePerSecond) };
      if (guide_id !== undefined) summary.guide_id = guide_id;
      summary.left = await this.#backlog();
      noteEnd(summary, null, { failed, succeeded });
      await this.#report.plan(summary, plan);
      return exitCodeOfOutcome(summary.outcome);
    });
  }
}

/** Then the next pass is as near as another try. */
function runsEveryMinute(job: Job, settings: Settings): boolean {
  return job.cron(settings).startsWith('* ');
}

/** A dry run makes no call, so it needs no token. */
function withoutToken(job: Job): string[] {
  return job.requires.filter((name) => name !== job.token);
}
