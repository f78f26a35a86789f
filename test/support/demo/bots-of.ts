/** What a pass over a directory tells of each bot under `--json`. */
import type { Summary } from '../../../src/process/summary.ts';
import type { RunResult } from '../run.ts';

export interface BotEnd {
  bot: string;
  exitCode: number;
  summary: Summary | null;
}

/** Empty where the output is not that of such a pass. */
export function botsOf({ stdout }: Pick<RunResult, 'stdout'>): BotEnd[] {
  if (!stdout.startsWith('{"bots":')) return [];
  const { bots }: { bots: { bot: string; exit_code: number; summary: Summary | null }[] } = JSON.parse(stdout);
  return bots.map(({ bot, exit_code: exitCode, summary }) => ({ bot, exitCode, summary }));
}
