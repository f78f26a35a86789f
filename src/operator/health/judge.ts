import { formatTimeNear } from '../../output/clock-text.ts';
import { formatCount, formatRate } from '../../output/format.ts';
import { reportTo } from '../../process/defect.ts';
import type { Settings } from '../../settings/settings.ts';
import { overdueFrom } from './expected-runs.ts';
import type { Standing } from './standing.ts';
import type { Health } from './verdict.ts';

type Judged = Omit<Health, 'job'>;

interface Moment {
  now: Date;
  settings: Settings;
  time(date: Date): string;
}

/** The first of these that has something to say is the verdict: what keeps a job from all work before what is in its work. */
const questions: readonly ((standing: Standing, moment: Moment) => Judged | null)[] = [
  hanging,
  silent,
  failing,
  late,
  stuck,
  losing,
  idle,
  paused,
];

/** The verdict on one job. Pure. */
export function judge(standing: Standing, now: Date, settings: Settings): Health {
  const moment: Moment = { now, settings, time: (date) => formatTimeNear(date, now, settings.timeZone) };
  const { name: job } = standing.job;
  for (const ask of questions) {
    const judged = ask(standing, moment);
    if (judged !== null) return { job, ...judged };
  }
  return { job, verdict: 'well', since: null, why: whyWell(standing), wayOut: null };
}

/**
 * A job is overdue when two of its times have passed since it last ran. One that never ran is so only where something
 * has been due for that long: not everybody uses every job. A pass that is under way excuses the next ones, unless the
 * one before it was cut off: passes that are killed one after another must not look like work.
 */
export function overdueSince({ past, expected, backlog }: Standing, now: Date): Date | null {
  if (past.holder !== null && past.cut_off === 0) return null;
  if (past.last_seen_at === null && backlog.due === 0) return null;
  const since = past.last_seen_at ?? new Date(now.getTime() - backlog.oldest_due_seconds * 1000);
  const from = overdueFrom(expected, since);
  return from < now ? from : null;
}

function hanging({ job, past, hangs }: Standing, { time }: Moment): Judged | null {
  const { holder, held_since: since } = past;
  if (!hangs || holder === null || since === null) return null;
  const why = `${holder} has held it since ${time(since)}, longer than ${job.maxRuntime}, and does nothing`;
  return {
    verdict: 'failing',
    since: since.toISOString(),
    why: past.held_by_hand ? `${holder} holds it by hand since ${time(since)}` : why,
    wayOut: past.held_by_hand
      ? `to let the job run: delete from telesweep.leases where schema_name = '${past.schema}' and job = '${job.name}'`
      : 'end that process; the next pass takes over within a minute',
  };
}

/** Not even a pass that failed has begun. */
function silent(standing: Standing, moment: Moment): Judged | null {
  const { begun_at } = standing.past;
  if (begun_at !== null && overdueFrom(standing.expected, begun_at) >= moment.now) return null;
  return late(standing, moment);
}

function late(standing: Standing, { now, settings }: Moment): Judged | null {
  const since = overdueSince(standing, now);
  if (since === null) return null;
  const { past, expected, job } = standing;
  const silence = past.cut_off > 0 ? 'no pass has come to its end' : 'nothing ran';
  const never = past.begun_at === null ? 'it never ran and has work, expected' : silence;
  const error = past.last?.error;
  const last = error ? `; its last pass ended in an error: ${oneLine(error)}` : '';
  return {
    verdict: 'late',
    since: since.toISOString(),
    why: `${never} at \`${expected.cron}\`${settings.timeZone === 'UTC' ? '' : ` (${settings.timeZone})`}${last}`,
    wayOut: `telesweep schedule crontab --job ${job.name}`,
  };
}

/** One that was cut off alone may be a machine that was started anew. */
const cutOffInARow = 2;

function failing({ past }: Standing): Judged | null {
  const { last, bad_runs: bad, bad_since } = past;
  if (bad_since === null) return null;
  const since = bad_since.toISOString();
  if (last !== null && last.error !== null && last.outcome === 'failed') {
    const error = oneLine(last.error);
    const why = bad === 1 ? 'its last pass ended in an error' : `its last ${formatCount(bad)} passes failed`;
    const wayOut = error.startsWith('a defect of telesweep')
      ? `report it at ${reportTo}, with the lines of its log`
      : 'mend what the error names; telesweep doctor looks further';
    return { verdict: 'failing', since, why: `${why}: ${error}`, wayOut };
  }
  if (bad < cutOffInARow) return null;
  return {
    verdict: 'failing',
    since,
    why: `its last ${formatCount(bad)} passes were cut off: killed, stopped with work left, or without the database`,
    wayOut: 'look for kills (memory, time limits) in the log of the host',
  };
}

function stuck({ past, leavesWork, backlog }: Standing): Judged | null {
  if (!leavesWork || past.left_since === null) return null;
  return {
    verdict: 'stuck',
    since: past.left_since.toISOString(),
    why: `its passes end well and leave the same work: ${formatCount(backlog.due)} due`,
    wayOut: 'see the warnings of its log, locks that other sessions hold, and telesweep doctor',
  };
}

function losing({ job, backlog, forecast }: Standing, { now, settings }: Moment): Judged | null {
  const { passFirst } = forecast;
  if (passFirst === 0) return null;
  const messages = passFirst === 1 ? '1 message passes' : `${formatCount(passFirst)} messages pass`;
  return {
    verdict: 'losing',
    since: new Date(now.getTime() - backlog.oldest_due_seconds * 1000).toISOString(),
    why: `${messages} 48 hours before their turn at ${formatRate(settings.ratePerSecond)}, and stay for ever`,
    wayOut: `run telesweep ${job.name} now, or raise TELEGRAM_RATE; and let the bot write earlier times to delete`,
  };
}

function paused({ budgets }: Standing, { time }: Moment): Judged | null {
  const asked = budgets.find(({ paused_until }) => paused_until !== null);
  if (asked?.paused_until) {
    const why = `Telegram asked bot ${asked.bot_id} for a pause: no call is made until ${time(asked.paused_until)}`;
    return { verdict: 'paused', since: null, why, wayOut: null };
  }
  const ahead = budgets.find((budget) => budget.is_ahead);
  if (ahead === undefined) return null;
  const why = `the calls of bot ${ahead.bot_id} are reserved until ${time(ahead.next_call_at)}: the clock of the database went back; the next pass sets it right by itself`;
  return { verdict: 'paused', since: null, why, wayOut: null };
}

function idle({ job, past, expected }: Standing): Judged | null {
  if (past.begun_at !== null || past.holder !== null) return null;
  const why = `it never ran; expected at \`${expected.cron}\``;
  return { verdict: 'idle', since: null, why, wayOut: `telesweep schedule crontab --job ${job.name}` };
}

function whyWell({ past }: Standing): string {
  if (past.cut_off > 0) return 'its last pass was cut off, which alone is no fault';
  if (past.last === null) return 'its first pass is under way';
  return past.last.left > 0 ? 'its last pass left work for the next one' : 'its last pass left nothing due';
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, '; ');
}
