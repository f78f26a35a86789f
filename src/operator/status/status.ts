import type { Job } from '../../job/job.ts';
import type { Backlog, Counts, JobName } from '../../process/summary.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Connection } from '../../store/connect.ts';
import { countFailed } from '../../store/failed-items.ts';
import { type EndedRun, recordOf } from '../../store/run-history.ts';
import { overdueSince } from '../health/judge.ts';
import { type Judged, readJudged } from '../health/read-health.ts';
import { isIll, type Verdict } from '../health/verdict.ts';

/** What `status --json` prints: times in ISO 8601, ages in seconds. */
export interface Status {
  /** False where a job is ill. */
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
  health: { verdict: Verdict; since: string | null; why: string; way_out: string | null };
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
  const { now, judged, budgets } = await readJudged(connection, settings, jobs, asked);
  const failed = await countFailed(connection, { job: null, reason: null, olderThanSeconds: 0 }, settings.failedDays);
  return {
    ok: !judged.some(({ health }) => isIll(health)),
    now: now.toISOString(),
    time_zone: settings.timeZone,
    rate_per_second: settings.ratePerSecond,
    jobs: judged.map((job) => {
      const ofJob = failed.filter((count) => count.job === job.health.job);
      const items = ofJob.reduce((sum, count) => sum + count.items, 0);
      return statusOf(job, items, now);
    }),
    pauses: budgets.flatMap(({ bot_id, paused_until }) =>
      paused_until === null ? [] : [{ bot_id, until: paused_until.toISOString() }],
    ),
  };
}

function statusOf(judged: Judged, failed: number, now: Date): JobStatus {
  const { job, past, expected, backlog, orphans, nextRun, groups, forecast } = judged;
  const { verdict, since, why, wayOut } = judged.health;
  return {
    job: job.name,
    health: { verdict, since, why, way_out: wayOut },
    last_run: past.last === null ? null : lastRunOf(job, past.last),
    held_by: past.holder === null ? null : { holder: past.holder, since: (past.held_since ?? now).toISOString() },
    cut_off: past.cut_off,
    schedule: expected.cron,
    next_run: nextRun.toISOString(),
    overdue_since: overdueSince(judged, now)?.toISOString() ?? null,
    backlog: {
      ...backlog,
      failed,
      past_48h: forecast.pastAlready,
      past_48h_soon: forecast.passWithinHour,
      without_broadcast: orphans,
    },
    forecast:
      groups.length === 0
        ? null
        : {
            calls: Math.ceil(forecast.calls),
            ends_at: new Date(now.getTime() + forecast.endsInSeconds * 1000).toISOString(),
            messages_past_48h_first: forecast.passFirst,
          },
  };
}

function lastRunOf(job: Job, last: EndedRun): LastRun {
  const { counts: told, guide_id: guide } = recordOf(last.summary);
  const counts = Object.fromEntries(
    Object.entries(recordOf(told)).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
  return {
    run_id: last.run_id,
    started_at: last.started_at.toISOString(),
    finished_at: last.finished_at.toISOString(),
    outcome: last.outcome,
    stop_reason: last.stop_reason,
    message: job.message(counts, typeof guide === 'string' ? guide : null),
    error: last.error,
    counts,
  };
}
