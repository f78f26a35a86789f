import type { Job } from '../../job/job.ts';
import { formatDuration } from '../../output/format.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Connection } from '../../store/connect.ts';
import { readStarts } from '../../store/run-history.ts';
import type { ExpectedRuns } from '../health/expected-runs.ts';
import { verdictText } from '../health/health-text.ts';
import { type Judged, readJudged } from '../health/read-health.ts';
import { type Health, isIll } from '../health/verdict.ts';
import { type Finding, fault, fine, warning } from './finding.ts';

/** How each job stands, and its run history against the times at which it is expected. @param jobs those that share a budget */
export async function checkHealth(
  connection: Connection,
  jobs: readonly Job[],
  asked: readonly Job[],
  settings: Settings,
): Promise<{ findings: Finding[]; healths: Health[] }> {
  const { now, judged } = await readJudged(connection, settings, jobs, asked);
  const findings: Finding[] = [];
  for (const job of judged) findings.push(...(await checkJob(connection, job, now, settings)));
  return { findings, healths: judged.map(({ health }) => health) };
}

async function checkJob(connection: Connection, judged: Judged, now: Date, settings: Settings): Promise<Finding[]> {
  const { health, past, expected } = judged;
  const { job, verdict, why, wayOut } = health;
  const text = `${verdictText(health, now, settings.timeZone)}: ${why}`;
  if (isIll(health)) return [fault(job, text, wayOut)];
  if (verdict === 'paused') return [warning(job, text, wayOut ?? 'wait')];
  if (verdict === 'idle') return [warning(job, why, wayOut)];
  const findings: Finding[] = [];
  if (past.cut_off > 0) findings.push(warning(job, why, 'look for kills (memory, time limits) in the log of the host'));
  return [...findings, await checkRhythm(connection, job, expected, now)];
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
