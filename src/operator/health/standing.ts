import type { Job } from '../../job/job.ts';
import type { Backlog } from '../../process/summary.ts';
import { parseDuration } from '../../settings/duration.ts';
import { botIdOf } from '../../settings/formats.ts';
import type { Settings } from '../../settings/settings.ts';
import { type Budget, readBudgets } from '../../store/budgets.ts';
import type { Connection } from '../../store/connect.ts';
import type { DeadlineGroup } from '../../store/deadlines.ts';
import { readNow } from '../../store/now.ts';
import { type JobHistory, readHistory } from '../../store/run-history.ts';
import { readBacklog } from '../../store/runs.ts';
import { type ExpectedRuns, expectedRuns } from './expected-runs.ts';
import { type Forecast, forecast } from './forecast.ts';

/** All that is known of a job at one moment. */
export interface Standing {
  job: Job;
  past: JobHistory;
  expected: ExpectedRuns;
  nextRun: Date;
  backlog: Backlog;
  /** Messages of broadcasts that somebody removed, which are left alone. */
  orphans: number;
  groups: readonly DeadlineGroup[];
  forecast: Forecast;
  /** Two passes in a row said `done`, and left what both could have taken. */
  leavesWork: boolean;
  /** Its holder has it for longer than a pass may take, and shows no sign of work. */
  hangs: boolean;
  /** Of the bot whose API it calls: all that there are where the token is not known, none where it calls nobody. */
  budgets: readonly Budget[];
}

export interface Standings {
  /** The database's clock. */
  now: Date;
  standings: Standing[];
  budgets: readonly Budget[];
}

/**
 * Reads how jobs stand. Call it in a read-only transaction.
 * @param jobs those that are asked for, with all that take from their budget, so that the forecast is true
 */
export async function readStandings(
  connection: Connection,
  settings: Settings,
  jobs: readonly Job[],
): Promise<Standings> {
  const now = await readNow(connection);
  const history = await readHistory(
    connection,
    jobs.map(({ name }) => name),
  );
  const all = await readBudgets(connection, settings.ratePerSecond);
  const standings: Omit<Standing, 'forecast'>[] = [];
  for (const job of jobs) {
    const past = history.find((row) => row.job === job.name);
    if (past === undefined) throw new Error(`the history has no row for ${job.name}`);
    const expected = await expectedRuns(job, settings);
    const backlog = await readBacklog(connection, job.backlog(settings));
    const groups = backlog.due === 0 ? [] : ((await job.deadlines?.(connection, settings)) ?? []);
    const orphans = (await job.orphans?.(connection)) ?? 0;
    const budgets = budgetsOf(job, settings, all);
    const since = leftSince(past);
    const leavesWork = since !== null && (await isDueSince(connection, job, settings, backlog, since));
    const hangs =
      isHeldTooLong(job, past, now) &&
      (job.token === null ||
        (isSilent(budgets, now) && (await isDueSince(connection, job, settings, backlog, ago(now)))));
    standings.push({
      job,
      past,
      expected,
      nextRun: expected.next(now),
      backlog,
      orphans,
      groups,
      budgets,
      leavesWork,
      hangs,
    });
  }
  const forecasts = forecast(
    standings.map(({ past, nextRun, groups }) => ({
      startsInSeconds: past.holder === null ? (nextRun.getTime() - now.getTime()) / 1000 : 0,
      groups,
    })),
    settings.ratePerSecond,
    pausedSeconds(settings, all, now),
  );
  return {
    now,
    budgets: all,
    standings: standings.map((standing, index) => ({ ...standing, forecast: forecasts[index] ?? nothing })),
  };
}

const nothing: Forecast = { calls: 0, endsInSeconds: 0, pastAlready: 0, passFirst: 0, passWithinHour: 0 };

/** Longer than calls under way may take once nothing new is started. */
const graceMs = 5 * 60_000;

const ago = (now: Date): Date => new Date(now.getTime() - graceMs);

function isHeldTooLong(job: Job, { holder, held_since }: JobHistory, now: Date): boolean {
  if (holder === null || held_since === null) return false;
  return now.getTime() - held_since.getTime() > (parseDuration(job.maxRuntime) ?? 0) + graceMs;
}

/** Nobody has reserved a call for a while, and nothing forbids it: who works would have. */
function isSilent(budgets: readonly Budget[], now: Date): boolean {
  return budgets.every(({ next_call_at, paused_until }) => next_call_at < ago(now) && paused_until === null);
}

/** When the earlier of the last two passes began, where both said `done` and left work; null else. */
function leftSince({ last, before_last: before }: JobHistory): Date | null {
  if (last === null || before === null) return null;
  return [last, before].every(({ stop_reason, left }) => stop_reason === 'done' && left > 0) ? before.started_at : null;
}

async function isDueSince(
  connection: Connection,
  job: Job,
  settings: Settings,
  { due }: Backlog,
  began: Date,
): Promise<boolean> {
  if (due === 0) return false;
  if (job.dueSince === undefined) return true;
  const { text, values } = job.dueSince(settings, began);
  const [row] = await connection.query<{ due: boolean }>(`select ${text} as due`, values);
  return row?.due === true;
}

function budgetsOf({ token }: Job, settings: Settings, budgets: readonly Budget[]): readonly Budget[] {
  if (token === null) return [];
  const value = token === 'GUIDE_BOT_TOKEN' ? settings.guideBotToken : settings.telegramBotToken;
  return value === null ? budgets : budgets.filter(({ bot_id }) => bot_id === botIdOf(value));
}

/** Seconds that the bot whose messages are deleted is to pause; where it is not known, the longest of all pauses. */
function pausedSeconds({ telegramBotToken: token }: Settings, budgets: readonly Budget[], now: Date): number {
  const ends = budgets
    .filter(({ bot_id }) => token === null || bot_id === botIdOf(token))
    .map(({ paused_until }) => ((paused_until?.getTime() ?? 0) - now.getTime()) / 1000);
  return Math.max(0, ...ends);
}
