import { widthOf } from '../../output/output.ts';
import { exitCodes } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { readOnly } from '../../store/connect.ts';
import { type CommandFlags, runCommand } from '../command.ts';
import { addDays, type Period, periodBefore, periodOf, periodsFrom, type Stretch } from './periods.ts';
import { readStats } from './read-stats.ts';
import { statsCsv } from './stats-csv.ts';
import { statsJson } from './stats-json.ts';
import { statsText } from './stats-text.ts';

export interface StatsFlags extends CommandFlags {
  /** Milliseconds; null for what suits the stretches. */
  sinceMs: number | null;
  by: Stretch;
  csv: boolean;
  /** Where the page is written; null for none. */
  html: string | null;
}

const dayMs = 86_400_000;
const usualDays: Readonly<Record<Stretch, number>> = { day: 30, week: 84, month: 365 };

/** `telesweep stats`. Never throws. @returns the exit code */
export function runStats(flags: StatsFlags, world: World): Promise<number> {
  const { by, sinceMs, csv, html, json } = flags;
  return runCommand('stats', flags, world, [], async ({ settings, connection, print }) => {
    const days = sinceMs === null ? usualDays[by] : Math.ceil(sinceMs / dayMs);
    const choose = (today: string): Period[] => chosen(by, addDays(today, -days), today);
    const stats = await readOnly(connection, () => readStats(connection, settings, { by, choose }));
    if (html !== null) {
      const [{ statsPage }, { writePage }] = await Promise.all([import('./stats-page.ts'), import('./write-page.ts')]);
      await writePage(html, statsPage(stats));
      print(json ? `${JSON.stringify({ ok: true, file: html })}\n` : `${html} is written\n`);
    } else if (json) print(`${JSON.stringify(statsJson(stats))}\n`);
    else print(csv ? statsCsv(stats) : statsText(stats, widthOf(world)));
    return exitCodes.ok;
  });
}

/** From the first day on; one that is over at least, to have something whole. */
function chosen(by: Stretch, first: string, today: string): Period[] {
  const { start } = periodBefore(by, periodOf(by, today, today), today);
  return periodsFrom(by, first < start ? first : start, today);
}
