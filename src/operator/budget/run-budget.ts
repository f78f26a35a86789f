import { formatTimeNear } from '../../output/clock-text.ts';
import { widthOf } from '../../output/output.ts';
import { UsageError } from '../../process/errors.ts';
import { exitCodes } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { type Budget, clearBudgets, readBudgets } from '../../store/budgets.ts';
import { readNow } from '../../store/now.ts';
import { type CommandFlags, runCommand } from '../command.ts';
import { confirm } from '../confirm.ts';
import { budgetText, inWords } from './budget-text.ts';

/** `telesweep budget show`. Never throws. @returns the exit code */
export function runBudgetShow(flags: CommandFlags, world: World): Promise<number> {
  return runCommand('budget show', flags, world, [], async ({ settings, connection, print }) => {
    const budgets = await readBudgets(connection, settings.ratePerSecond);
    const now = await readNow(connection);
    if (flags.json) print(`${JSON.stringify({ now, bots: budgets })}\n`);
    else print(budgetText(budgets, now, settings.timeZone, widthOf(world)));
    return exitCodes.ok;
  });
}

export interface ClearFlags extends CommandFlags {
  /** Null for every bot. */
  botId: string | null;
  yes: boolean;
}

/** `telesweep budget clear`. Never throws. @returns the exit code */
export function runBudgetClear(flags: ClearFlags, world: World): Promise<number> {
  return runCommand('budget clear', flags, world, [], async ({ settings, connection, print }) => {
    const asked = askedFor(await readBudgets(connection, settings.ratePerSecond), flags.botId);
    const held = asked.filter(({ held_up }) => held_up);
    const now = await readNow(connection);
    const time = (at: Date): string => formatTimeNear(at, now, settings.timeZone);
    const question = `${held.map((budget) => inWords(budget, time)).join('\n')}\nEnd ${held.length === 1 ? 'that' : 'all of that'}?`;
    const agreed = held.length > 0 && (flags.yes || (await confirm(question, world)));
    const ids = held.map(({ bot_id }) => bot_id);
    const cleared = agreed ? await clearBudgets(connection, ids, settings.ratePerSecond) : [];
    if (flags.json) print(`${JSON.stringify({ cleared })}\n`);
    else if (held.length === 0) print('There is nothing to end: no bot is held up.\n');
    else if (!agreed) print('Nothing was changed.\n');
    else print(cleared.map((id) => `Bot ${id} may call now.\n`).join(''));
    return exitCodes.ok;
  });
}

/** @throws UsageError where the bot has no budget */
function askedFor(budgets: readonly Budget[], bot: string | null): Budget[] {
  const asked = budgets.filter(({ bot_id }) => bot === null || bot_id === bot);
  if (bot !== null && asked.length === 0) {
    const known = budgets.map(({ bot_id }) => bot_id).join(', ');
    throw new UsageError(
      `--bot: ${bot} has no budget here; expected ${known === '' ? 'none: no bot has called yet' : known}`,
    );
  }
  return asked;
}
