import { formatCount } from '../../output/format.ts';
import { renderTable } from '../../output/table.ts';
import { wrap } from '../../output/wrap.ts';
import { badness, exitCodes } from '../../process/exit-code.ts';
import { isIll, type Verdict, verdicts } from '../health/verdict.ts';
import type { Status } from './status.ts';
import { columns, detailsOf, rowOf, timeIn } from './status-text.ts';

/** How a bot of a directory stands; or why nobody knows. */
export type BotStatus = { bot: string; exitCode: number } & ({ status: Status } | { status: null; error: string });

interface Row {
  bot: string;
  /** The worst is the least. */
  rank: number;
  cells: string[];
  details: string[];
}

/** What `status` prints for people of the bots of a directory, worst first. The first line is the verdict. */
export function statusOfBotsText(bots: readonly BotStatus[], width: number): string {
  const rows = bots.flatMap(rowsOf).sort((a, b) => a.rank - b.rank);
  const table = renderTable(
    ['bot', ...columns],
    rows.map(({ bot, cells }) => [bot, ...cells]),
    { maxWidth: width },
  );
  const details = rows.flatMap(({ bot, cells: [job = ''], details }) => {
    const lines = details.flatMap((line) => wrap(line, width - 2)).map((line) => `  ${line}`);
    return lines.length === 0 ? [] : [job === '' ? `${bot}:` : `${bot}, ${job}:`, ...lines];
  });
  return `${verdictOf(bots)}\n\n${table}\n${details.map((line) => `${line}\n`).join('')}`;
}

function rowsOf(one: BotStatus): Row[] {
  const { bot } = one;
  if (one.status === null) {
    const [first = '', ...rest] = one.error.split('\n');
    return [{ bot, rank: badness(one.exitCode) - 100, cells: ['', 'unknown'], details: [first, ...rest] }];
  }
  const { status } = one;
  const time = timeIn(status);
  return status.jobs.map((job) => ({
    bot,
    rank: isWell(job.health.verdict) ? 0 : -verdicts.indexOf(job.health.verdict),
    cells: rowOf(job, time),
    // What is well of fifty bots would bury what is not.
    details: isWell(job.health.verdict) ? [] : detailsOf(job, status, time),
  }));
}

function isWell(verdict: Verdict): boolean {
  return verdict === 'well' || verdict === 'idle';
}

function verdictOf(bots: readonly BotStatus[]): string {
  const unwell = bots
    .filter(({ exitCode }) => exitCode !== exitCodes.ok)
    .sort((a, b) => badness(a.exitCode) - badness(b.exitCode))
    .map(({ bot, status }) => {
      if (status === null) return `${bot} (unknown)`;
      const ill = status.jobs.filter(({ health }) => isIll(health));
      return `${bot} (${ill.map(({ job, health }) => `${job} ${health.verdict}`).join(', ')})`;
    });
  const jobs = bots.flatMap(({ status }) => status?.jobs ?? []);
  const due = jobs.reduce((sum, { backlog }) => sum + backlog.due, 0);
  const failed = jobs.reduce((sum, { backlog }) => sum + backlog.failed, 0);
  const state =
    unwell.length === 0
      ? `All ${formatCount(bots.length)} bots are well`
      : `${unwell.length} of ${formatCount(bots.length)} bots not well: ${unwell.join(', ')}`;
  return `${state}; ${formatCount(due)} due, ${formatCount(failed)} failed.`;
}

/** As `status` prints it for one. */
export function toldOf(one: Pick<BotStatus, 'status'> & { error?: string }): object {
  return one.status ?? { ok: false, error: one.error };
}
