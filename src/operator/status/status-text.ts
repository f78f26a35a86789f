import { formatTime, formatTimeNear } from '../../output/clock-text.ts';
import { formatAge, formatCount, formatDuration, formatRate } from '../../output/format.ts';
import { renderTable } from '../../output/table.ts';
import { wrap } from '../../output/wrap.ts';
import { verdictText } from '../health/health-text.ts';
import { isIll } from '../health/verdict.ts';
import type { JobStatus, Status } from './status.ts';

/** What is told of each job in a table. */
export const columns: readonly string[] = [
  'job',
  'health',
  'last run',
  'outcome',
  'next run',
  'due',
  'oldest',
  'failed',
];

export function rowOf({ job, health, last_run, next_run, backlog }: JobStatus, time: TimeText): string[] {
  return [
    job,
    health.verdict,
    last_run === null ? 'never' : time(last_run.started_at),
    last_run?.outcome ?? '',
    time(next_run),
    formatCount(backlog.due),
    backlog.due === 0 ? '' : formatAge(backlog.oldest_due_seconds),
    formatCount(backlog.failed),
  ];
}

/** A time as people read it at the moment of the status. */
export function timeIn(status: Status): TimeText {
  const now = new Date(status.now);
  return (iso) => formatTimeNear(new Date(iso), now, status.time_zone);
}

/** What `status` prints for people. The first line is the verdict: monitors show that one. */
export function statusText(status: Status, width: number): string {
  const time = timeIn(status);
  const rows = status.jobs.map((job) => rowOf(job, time));
  const table = renderTable(columns, rows, { maxWidth: width });
  const details = status.jobs.flatMap((job) => {
    const lines = detailsOf(job, status, time);
    return lines.length === 0
      ? []
      : [`${job.job}:`, ...lines.flatMap((line) => wrap(line, width - 2)).map((line) => `  ${line}`)];
  });
  const isToldOf = status.jobs.some(({ health }) => health.verdict === 'paused');
  const pauses = isToldOf
    ? []
    : status.pauses.map(
        ({ bot_id, until }) => `Telegram asked bot ${bot_id} for a pause: no call is made until ${time(until)}.`,
      );
  return `${verdict(status)}\n\n${table}\n${[...details, ...pauses].map((line) => `${line}\n`).join('')}`;
}

type TimeText = (iso: string) => string;

function verdict({ jobs, now, time_zone }: Status): string {
  const at = new Date(now);
  const told = jobs.filter(({ health }) => isIll(health) || health.verdict === 'paused');
  const state = told.map(({ job, health }) => `${job} is ${verdictText(health, at, time_zone)}`).join(', ');
  const due = jobs.reduce((sum, { backlog }) => sum + backlog.due, 0);
  const failed = jobs.reduce((sum, { backlog }) => sum + backlog.failed, 0);
  const counts = `${formatCount(due)} due, ${formatCount(failed)} failed`;
  return `${state || 'All is well'}; ${counts}. ${formatTime(at, time_zone)} ${time_zone}`;
}

/** What stands below the table of one job. */
export function detailsOf(status: JobStatus, whole: Status, time: TimeText): string[] {
  const { health, last_run: last, held_by: held, cut_off, backlog, forecast } = status;
  const lines: string[] = [];
  if (health.verdict !== 'well' && health.verdict !== 'idle') {
    lines.push(`${verdictText(health, new Date(whole.now), whole.time_zone)}: ${health.why}`);
    if (health.way_out !== null) lines.push(`→ ${health.way_out}`);
  }
  if (last !== null) {
    const took = formatDuration(Date.parse(last.finished_at) - Date.parse(last.started_at));
    const why = last.stop_reason === 'done' || last.error !== null ? '' : `, stopped: ${last.stop_reason}`;
    lines.push(`last run: ${last.error ?? last.message} (${took}${why})`);
  }
  if (held !== null) lines.push(`a pass is under way: ${held.holder}, since ${time(held.since)}`);
  if (cut_off > 0) {
    const passes = cut_off === 1 ? 'pass' : 'passes';
    lines.push(`${cut_off} ${passes} since then ended without a word: killed, or cut off from the database`);
  }
  if (backlog.past_48h > 0)
    lines.push(`${messages(backlog.past_48h, 'is', 'are')} past 48 hours: Telegram will not delete them`);
  if (backlog.without_broadcast > 0)
    lines.push(
      `${messages(backlog.without_broadcast, 'is', 'are')} of broadcasts that somebody removed, and left alone`,
    );
  if (forecast !== null) {
    const pass = forecast.messages_past_48h_first;
    const first = pass === 0 ? '' : `; ${messages(pass, 'passes', 'pass')} 48 hours first`;
    const soon =
      backlog.past_48h_soon === 0 || backlog.past_48h_soon === pass
        ? ''
        : ` (${formatCount(backlog.past_48h_soon)} within the hour)`;
    lines.push(`at ${formatRate(whole.rate_per_second)} the backlog ends at ${time(forecast.ends_at)}${first}${soon}`);
  }
  return lines;
}

function messages(count: number, verbOfOne: string, verb: string): string {
  return count === 1 ? `1 message ${verbOfOne}` : `${formatCount(count)} messages ${verb}`;
}
