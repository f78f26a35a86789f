import type { Job } from '../../job/job.ts';
import { formatDuration } from '../../output/format.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Connection } from '../../store/connect.ts';
import { type JobHistory, readHistory, readStarts } from '../../store/run-history.ts';
import { type ExpectedRuns, expectedRuns } from '../status/expected-runs.ts';
import { overdueSince, readBacklog, readNow } from '../status/status.ts';
import { type Finding, fault, fine, warning } from './finding.ts';

/** The run history of each job against the times at which it is expected. */
export async function checkSchedules(
  connection: Connection,
  jobs: readonly Job[],
  settings: Settings,
): Promise<Finding[]> {
  const now = await readNow(connection);
  const histories = await readHistory(
    connection,
    jobs.map(({ name }) => name),
  );
  const findings: Finding[] = [];
  for (const past of histories) {
    const job = jobs.find(({ name }) => name === past.job);
    if (job === undefined) continue;
    const expected = await expectedRuns(job, settings);
    findings.push(...(await checkJob(connection, { job, past, expected, now, settings })));
  }
  return findings;
}

interface JobCase {
  job: Job;
  past: JobHistory;
  expected: ExpectedRuns;
  now: Date;
  settings: Settings;
}

async function checkJob(connection: Connection, { job, past, expected, now, settings }: JobCase): Promise<Finding[]> {
  const printed = `telesweep schedule crontab --job ${job.name}`;
  const backlog = await readBacklog(connection, job, settings);
  const overdue = overdueSince({ past, expected, backlog }, now);
  const findings: Finding[] = [];
  if (past.cut_off > 0) {
    const text = `${past.cut_off} of its passes ended without a word since its last run`;
    findings.push(warning(job.name, text, 'look for kills (memory, time limits) in the log of the host'));
  }
  if (past.last?.outcome === 'failed') {
    const text = `its last run failed${errorOf(past)}`;
    findings.push(warning(job.name, text, 'see its log'));
  }
  if (overdue !== null) {
    const since = formatDuration(now.getTime() - overdue.getTime());
    const never = past.last_seen_at === null ? 'it never ran and has work' : `nothing ran at \`${expected.cron}\``;
    return [...findings, fault(job.name, `overdue for ${since}: ${never}`, printed)];
  }
  if (past.last_seen_at === null) {
    return [...findings, warning(job.name, `it never ran; expected at \`${expected.cron}\``, printed)];
  }
  return [...findings, await checkRhythm(connection, job.name, expected, now)];
}

function errorOf({ last }: JobHistory): string {
  const summary = typeof last?.summary === 'object' && last.summary !== null ? last.summary : {};
  return 'error' in summary && typeof summary.error === 'string' ? `: ${summary.error}` : '';
}

/** So many of the last expected times are looked at, and no more than two weeks. */
const mostTimes = 60;
const longestSpanMs = 14 * 24 * 3_600_000;
/** Later than this, a job runs at other times than expected. */
const latestMs = 15 * 60_000;
/** Fewer may have been started by hand. */
const fewestRuns = 3;

async function checkRhythm(connection: Connection, job: string, expected: ExpectedRuns, now: Date): Promise<Finding> {
  const last = expected.last(now);
  const interval = expected.next(last).getTime() - last.getTime();
  const since = new Date(last.getTime() - Math.min(longestSpanMs, mostTimes * interval));
  const starts = await readStarts(connection, job, since);
  const [first = now] = starts;
  const times = expected.between(first, new Date(now.getTime() - 60_000));
  const missed = times.filter(
    (time) => !starts.some((start) => start >= time && start.getTime() < time.getTime() + interval),
  );
  const met = `ran at ${times.length - missed.length} of its last ${times.length} times (\`${expected.cron}\`)`;
  if (missed.length >= 2 && missed.length > times.length / 10) {
    return warning(
      job,
      met,
      `see that nothing holds it up, and that its line is telesweep schedule crontab --job ${job}`,
    );
  }
  const delay = median(starts.map((start) => start.getTime() - expected.last(start).getTime()));
  if (starts.length >= fewestRuns && delay > latestMs) {
    const text = `runs ${formatDuration(delay)} after its times (\`${expected.cron}\`)`;
    return warning(job, text, 'does cron go by another time zone than TIMEZONE?');
  }
  return fine(
    job,
    times.length === 0 ? `ran ${formatDuration(now.getTime() - first.getTime())} ago for the first time` : met,
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
