import type { Job, Plan } from '../job/job.ts';
import { createLog } from '../output/create-log.ts';
import type { Log, LogFormat, LogLevel, Progress } from '../output/log.ts';
import type { Metrics } from '../output/metrics-sample.ts';
import { complain, printable, safeWriter, wantsColor, widthOf } from '../output/output.ts';
import type { Ping } from '../output/ping.ts';
import { createProgress } from '../output/progress.ts';
import { monotonicMs } from '../process/clock.ts';
import { SettingsError } from '../process/errors.ts';
import { exitCodeOfError } from '../process/exit-code.ts';
import { redact } from '../process/redact.ts';
import type { Summary } from '../process/summary.ts';
import type { TextStream, World } from '../process/world.ts';
import type { BotPlace, Settings } from '../settings/settings.ts';

/** The flags of every job. */
export interface PassOptions {
  dryRun: boolean;
  json: boolean;
  /** Milliseconds; null for no deadline. */
  maxRuntimeMs: number | null;
  /** Items at most; null for no limit. */
  limit: number | null;
  envFile: string | null;
  /** Where the env file is one of a directory. */
  bot?: BotPlace | undefined;
  logLevel: LogLevel;
  logFormat: LogFormat;
  quiet: boolean;
  force: boolean;
  /** `delete-due --stay`: how long to work on what becomes due; 0 for not at all. */
  stayMs: number;
}

/** Says what a pass does and did, in all the places where somebody may look. */
export interface Report {
  readonly log: Log;
  readonly progress: Progress;
  /** The pass has the lease. */
  leased(): void;
  working(): void;
  busy(holder: string, since: string): void;
  cooldown(seconds: number): void;
  defect(error: unknown): Promise<void>;
  plan(summary: Summary, plan: Plan): Promise<void>;
  /** Whether `finished` tells a person since when passes go wrong. */
  readonly asksSince: boolean;
  /**
   * The summary's places: the log's last line, `--json`, the metrics and the ping. Never throws.
   * @param recorded null where the run is not written down
   * @param wrongSince when the first of the passes began that went wrong one after another, up to this one
   */
  finished(summary: Summary, exitCode: number, recorded: Recorded | null, wrongSince: Date | null): Promise<void>;
}

/** What was read once the run was written down. */
export interface Recorded {
  /** Null where nobody wants them, or they could not be read. */
  metrics: Metrics | null;
}

interface ReportOptions {
  job: Job;
  runId: string;
  options: PassOptions;
  settings: Settings;
  world: World;
  /** No other pass writes beside it: only then may a bar be drawn. */
  alone: boolean;
}

export function createReport({ job, runId, options, settings, world, alone }: ReportOptions): Report {
  const onTerminal = world.stderr.isTTY === true;
  const hide = (text: string): string => redact(text, settings.secrets);
  // Who gets mail of cron reads words first, whatever was logged on the way.
  const isMail = isForMail(options);
  const held = isMail ? holdBack(world.stderr) : null;
  const log = createLog({
    stream: held?.stream ?? world.stderr,
    level: levelOf(options),
    color: wantsColor(world, world.stderr),
    base: { ...(settings.name === null ? {} : { bot: settings.name }), job: job.name, run_id: runId },
    redact: hide,
    pretty: isPretty(options, world),
  });
  const print = (text: string): void => safeWriter(world.stdout)(text);
  const progress = createProgress({
    stream: world.stderr,
    isTTY: alone && onTerminal && !options.quiet,
    log,
    now: () => monotonicMs(),
  });
  const { pingUrl } = settings;
  let isHeld = false;
  let loading: Promise<Ping> | null = null;
  const loadPing = (url: string): Promise<Ping> => {
    loading ??= import('../output/ping.ts').then(({ createPing }) =>
      createPing({ url, job: job.name, name: settings.name, runId }),
    );
    return loading;
  };

  const tellMetrics = async (summary: Summary, recorded: Recorded | null): Promise<string[]> => {
    const { metricsDir: dir, pushgatewayUrl } = settings;
    if (summary.dry_run || (dir === null && pushgatewayUrl === null)) return [];
    if (recorded !== null && recorded.metrics === null) return [];
    const { writeMetrics } = await import('../output/metrics.ts');
    const told = { job: job.name, name: settings.name };
    return writeMetrics({ dir, pushgatewayUrl }, told, recorded?.metrics ?? null, Date.now() / 1000);
  };

  /** The first line of a mail. */
  const firstWords = async (summary: Summary, exitCode: number, wrongSince: Date | null): Promise<string> => {
    const { firstLine } = await import('./first-line.ts');
    return printable(hide(firstLine(job, summary, exitCode, wrongSince, settings)));
  };

  const tellPing = async (summary: Summary, exitCode: number): Promise<string[]> => {
    // Who found the job held says nothing: a holder that hangs must be missed.
    if (pingUrl === null || summary.dry_run || isHeld) return [];
    const ping = await loadPing(pingUrl);
    const warning = await ping.end(exitCode, hide(summaryText(summary, settings.name)));
    return warning === null ? [] : [warning];
  };

  return {
    log,
    progress,
    asksSince: isMail,
    leased() {
      if (pingUrl !== null) void loadPing(pingUrl).then((ping) => ping.start());
    },
    working() {
      log.info({}, `${job.mark} ${job.name} started`);
    },
    busy(holder, since) {
      isHeld = true;
      log.info({ holder, since }, `another process holds ${job.name}: ${holder}, since ${since}`);
    },
    cooldown(seconds) {
      log.warn({ seconds: Math.ceil(seconds) }, `Telegram asked for a pause that lasts ${Math.ceil(seconds)} s more`);
    },
    async defect(error) {
      const { reportTo, stackOf } = await import('../process/defect.ts');
      const stack = stackOf(error).join('\n');
      log.error({ err: error, stack }, `a defect of telesweep; please report it with this line at ${reportTo}`);
    },
    async plan(summary, plan) {
      if (options.json) return;
      const { renderPlan } = await import('./plan-text.ts');
      print(hide(renderPlan(summary, plan, widthOf(world))));
    },
    async finished(summary, exitCode, recorded, wrongSince) {
      const warnings = await Promise.all([tellMetrics(summary, recorded), tellPing(summary, exitCode)]);
      for (const warning of warnings.flat()) log.warn({}, warning);
      const level = exitCode === 0 ? 'info' : exitCode === 75 ? 'warn' : 'error';
      log[level](summary, lastLine(job, summary, exitCode));
      await log.flush();
      if (held !== null) held.release(exitCode === 0 ? '' : `${await firstWords(summary, exitCode, wrongSince)}\n`);
      if (options.json) print(`${hide(summaryText(summary, settings.name))}\n`);
    },
  };
}

/** Lines enough for a pass that goes wrong; more are not held back. */
const mostHeld = 200;

/** A stream whose lines wait until something else has been written first. */
function holdBack(stream: TextStream): { stream: TextStream; release(first: string): void } {
  const write = safeWriter(stream);
  let waiting: string[] | null = [];
  const release = (first: string): void => {
    const lines = [first, ...(waiting ?? [])].filter((line) => line !== '');
    waiting = null;
    if (lines.length > 0) write(lines.join(''));
  };
  return {
    stream: {
      isTTY: stream.isTTY,
      columns: stream.columns,
      on: () => {},
      write(text: string) {
        if (waiting === null) return write(text);
        waiting.push(text);
        if (waiting.length >= mostHeld) release('');
      },
    },
    release,
  };
}

/** Whether what was logged waits until the first line of a pass that went wrong stands before it. */
export function isForMail(options: PassOptions): boolean {
  return options.quiet && options.logFormat !== 'json' && levelOf(options) !== 'silent';
}

export function isPretty({ logFormat }: PassOptions, { stderr }: World): boolean {
  return logFormat === 'auto' ? stderr.isTTY === true : logFormat === 'pretty';
}

/** `--quiet` leaves warnings and errors, where `--log-level` does not ask for less. */
export function levelOf({ quiet, logLevel }: PassOptions): LogLevel {
  return quiet && logLevel !== 'error' && logLevel !== 'silent' ? 'warn' : logLevel;
}

/** A pass that has no settings to log or report by says what is wrong, and no more. @returns the exit code */
export async function endWithoutSettings(
  job: Job,
  summary: Summary,
  error: unknown,
  options: PassOptions,
  world: World,
): Promise<number> {
  const { errorText } = await import('../process/error-text.ts');
  const exitCode = exitCodeOfError(error);
  const text = errorText(error, null);
  const bot = error instanceof SettingsError ? error.bot : null;
  complain(world.stderr, job.name, text, bot);
  if (options.json) {
    const failed: Summary = { ...summary, outcome: 'failed', stop_reason: 'error', error: text };
    safeWriter(world.stdout)(`${summaryText(failed, bot)}\n`);
  }
  return exitCode;
}

/** The summary for `--json` and the ping, with the name of a bot that has one; the log's lines have it each. */
function summaryText(summary: Summary, bot: string | null): string {
  return JSON.stringify(bot === null ? summary : { bot, ...summary });
}

/** The words of the log's last line, as people grep for them. */
function lastLine(job: Job, summary: Summary, exitCode: number): string {
  if (summary.error !== undefined) return `❌ Error during ${job.name}: ${summary.error}`;
  if (summary.outcome === 'skipped') return `${job.name} left: another process holds the job`;
  const mark = exitCode === 0 ? '✅' : '❌';
  const words = job.message(summary.counts, summary.guide_id);
  if (summary.dry_run) return `${mark} Dry run, nothing was changed: ${words}`;
  const early = summary.stop_reason === 'done' ? '' : `, stopped by ${summary.stop_reason.replace('_', ' ')}`;
  return `${mark} ${words}${early}`;
}
