import { safeWriter, widthOf } from '../../output/output.ts';
import { exitCodes, worstOf } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { entriesAsJson } from '../bots/each.ts';
import type { Answer, CommandFlags } from '../command.ts';
import type { Status } from './status.ts';
import { type BotStatus, statusOfBotsText, toldOf } from './status-of-bots-text.ts';

export function statusOfBot(bot: string, answer: Answer<Status>): BotStatus {
  if ('error' in answer) return { ...answer, bot, status: null };
  const { value: status } = answer;
  return { bot, status, exitCode: status.ok ? exitCodes.ok : exitCodes.failed };
}

/** Prints how the jobs of several bots stand. @returns the worst exit code */
export function tellStatuses(bots: readonly BotStatus[], { json }: Pick<CommandFlags, 'json'>, world: World): number {
  safeWriter(world.stdout)(
    json
      ? entriesAsJson(bots.map(({ bot, exitCode, ...rest }) => ({ bot, exitCode, told: toldOf(rest) })))
      : statusOfBotsText(bots, widthOf(world)),
  );
  return worstOf(bots.map(({ exitCode }) => exitCode));
}
