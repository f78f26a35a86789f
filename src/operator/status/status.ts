import type { Job } from '../../job/job.ts';
import type { Backlog, Counts, JobName } from '../../process/summary.ts';
import { botIdOf } from '../../settings/formats.ts';
import type { Settings } from '../../settings/settings.ts';
import { readPauses } from '../../store/budgets.ts';
import type { Connection } from '../../store/connect.ts';
import type { DeadlineGroup } from '../../store/deadlines.ts';
import { countFailed } from '../../store/failed-items.ts';
import { instantText, readInstant } from '../../store/instant.ts';
import { type JobHistory, readHistory } from '../../store/run-history.ts';
import { type ExpectedRuns, expectedRuns, overdueFrom } from './expected-runs.ts';
import { type Forecast, forecast } from './forecast.ts';

/** What `status --json` prints: times in ISO 8601, ages in seconds. */
export interface Status {
  /** False where a job is overdue. */
  ok: boolean;
  /** The database's clock. */
  now: string;
  time_zone: string;
  rate_per_second: number;
  jobs: JobStatus[];
  /** Bots that Telegram asked to pause. */
  pauses: { bot_id: string; until: string }[];
}

export interface JobStatus {
  job: JobName;
  last_run: LastRun | null;
  held_by: { holder: string; since: string } | null;
  /** Passes since the last run that ended without a word. */
  cut_off: number;
  schedule: string;
  next_run: string;
  /** Since when; null where it is not. */
  overdue_since: string | null;
  backlog: Backlog & { failed: number; past_48h: number; past_48h_soon: number; without_broadcast: number };
  /** Null where nothing is due or the job calls nobody. */
  forecast: { calls: number; ends_at: string; messages_past_48h_first: number } | null;
}

export interface LastRun {
  run_id: string;
  started_at: string;
  finished_at: string;
  outcome: string;
  stop_reason: string;
  message: string;
  error: string | null;
  counts: Counts;
}

/** Reads how things stand. Call it in a read-only transaction: it changes nothing, and all it tells is of one moment. */
export async function readStatus(
  connection: Connection,
  settings: Settings,
  jobs: readonly Job[],
  asked: readonly Job[],
): Promise<Status> {
  const now = await readNow(connection);
  const history = await readHistory(
    connection,
    jobs.map(({ name }) => name),
  );
  const failed = await countFailed(connection, { job: null, reason: null, olderThanSeconds: 0 }, settings.failedDays);
  const pauses = (await readPauses(connection)).map(({ bot_id, until }) => ({ bot_id, until: until.toISOString() }));

  const parts: Part[] = [];
  // All of them, whichever were asked for, because they share a budget.
  for (const job of jobs) {
    const past = history.find((row) => row.job === job.name);
    if (past === undefined) throw new Error(`the history has no row for ${job.name}`);
    const expected = await expectedRuns(job, settings);
    const backlog = await readBacklog(connection, job, settings);
    const groups = backlog.due === 0 ? [] : ((await job.deadlines?.(connection, settings)) ?? []);
    const orphans = (await job.orphans?.(connection)) ?? 0;
    const nextRun = expected.next(now);
    const startsInSeconds = past.holder === null ? (nextRun.getTime() - now.getTime()) / 1000 : 0;
    parts.push({ job, past, expected, backlog, orphans, nextRun, queue: { startsInSeconds, groups } });
  }
  const pausedSeconds = pauseOf(settings, pauses, now);
  const forecasts = forecast(
    parts.map(({ queue }) => queue),
    settings.ratePerSecond,
    pausedSeconds,
  );
  const told = parts.flatMap((part, index) => {
    const items = failed.filter(({ job }) => job === part.job.name).reduce((sum, count) => sum + count.items, 0);
    return asked.includes(part.job) ? [statusOf(part, items, forecasts[index], now)] : [];
  });
  return {
    ok: told.every((job) => job.overdue_since === null),
    now: now.toISOString(),
    time_zone: settings.timeZone,
    rate_per_second: settings.ratePerSecond,
    jobs: told,
    pauses,
  };
}

interface Part {
  job: Job;
  past: JobHistory;
  expected: ExpectedRuns;
  backlog: Backlog;
  orphans: number;
  nextRun: Date;
  queue: { startsInSeconds: number; groups: readonly DeadlineGroup[] };
}

function statusOf(part: Part, failed: number, plan: Forecast | undefined, now: Date): JobStatus {
  const { job, past, expected, backlog, orphans, nextRun, queue } = part;
  const forecasts = queue.groups.length > 0 && plan !== undefined;
  return {
    job: job.name,
    last_run: lastRunOf(job, past),
    held_by: past.holder === null ? null : { holder: past.holder, since: (past.held_since ?? now).toISOString() },
    cut_off: past.cut_off,
    schedule: expected.cron,
    next_run: nextRun.toISOString(),
    overdue_since: overdueSince(part, now)?.toISOString() ?? null,
    backlog: {
      ...backlog,
      failed,
      past_48h: plan?.pastAlready ?? 0,
      past_48h_soon: plan?.passWithinHour ?? 0,
      without_broadcast: orphans,
    },
    forecast: forecasts
      ? {
          calls: Math.ceil(plan.calls),
          ends_at: new Date(now.getTime() + plan.endsInSeconds * 1000).toISOString(),
          messages_past_48h_first: plan.passFirst,
        }
      : null,
  };
}

/**
 * A job is overdue when two of its times have passed since it last ran. One that never ran is so only where something
 * has been due for that long: not everybody uses every job. A pass that is under way excuses the next ones, unless the
 * one before it was cut off: passes that are killed one after another must not look like work.
 */
export function overdueSince(
  { past, expected, backlog }: Pick<Part, 'past' | 'expected' | 'backlog'>,
  now: Date,
): Date | null {
  if (past.holder !== null && past.cut_off === 0) return null;
  const neverRan = past.last_seen_at === null;
  if (neverRan && backlog.due === 0) return null;
  const since = past.last_seen_at ?? new Date(now.getTime() - backlog.oldest_due_seconds * 1000);
  const from = overdueFrom(expected, since);
  return from < now ? from : null;
}

function lastRunOf(job: Job, { last }: JobHistory): LastRun | null {
  if (last === null) return null;
  const summary = recordOf(last.summary);
  const counts = Object.fromEntries(
    Object.entries(recordOf(summary.counts)).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
  const guideId = typeof summary.guide_id === 'string' ? summary.guide_id : null;
  return {
    run_id: last.run_id,
    started_at: last.started_at.toISOString(),
    finished_at: last.finished_at.toISOString(),
    outcome: last.outcome,
    stop_reason: textOf(summary.stop_reason) ?? '',
    message: job.message(counts, guideId),
    error: textOf(summary.error),
    counts,
  };
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** The database's clock. */
export async function readNow(connection: Connection): Promise<Date> {
  const [row] = await connection.query<{ now: string }>(`select ${instantText('now()')} as now`);
  return row === undefined ? new Date() : readInstant(row.now);
}

export async function readBacklog(connection: Connection, job: Job, settings: Settings): Promise<Backlog> {
  const { text, values } = job.backlog(settings);
  const [row] = await connection.query<Record<string, unknown> & Backlog>(text, values);
  return { due: row?.due ?? 0, oldest_due_seconds: Math.max(0, Math.round(row?.oldest_due_seconds ?? 0)) };
}

/** Seconds that the bot whose messages are deleted is to pause; where it is not known, the longest of all pauses. */
function pauseOf(settings: Settings, pauses: Status['pauses'], now: Date): number {
  const { telegramBotToken: token } = settings;
  const ends = pauses
    .filter(({ bot_id }) => token === null || bot_id === botIdOf(token))
    .map(({ until }) => (Date.parse(until) - now.getTime()) / 1000);
  return Math.max(0, ...ends);
}
