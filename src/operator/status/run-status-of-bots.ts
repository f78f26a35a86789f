import { safeWriter, widthOf } from '../../output/output.ts';
import { exitCodes, worstOf } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { entriesAsJson, forEachBot } from '../bots/each.ts';
import { endCommand } from '../command.ts';
import { askStatus, type StatusFlags } from './run-status.ts';
import { type BotStatus, statusOfBotsText, toldOf } from './status-of-bots-text.ts';

/** `telesweep status` over a directory. Never throws. @returns the worst exit code */
export async function runStatusOfBots(directory: string, flags: StatusFlags, world: World): Promise<number> {
  try {
    const bots = await forEachBot(directory, flags, world, async (own, ofBot, bot): Promise<BotStatus> => {
      const answer = await askStatus(own, ofBot);
      if ('error' in answer) return { ...answer, bot, status: null };
      const { value: status } = answer;
      return { bot, status, exitCode: status.ok ? exitCodes.ok : exitCodes.failed };
    });
    safeWriter(world.stdout)(
      flags.json
        ? entriesAsJson(bots.map(({ bot, exitCode, ...rest }) => ({ bot, exitCode, told: toldOf(rest) })))
        : statusOfBotsText(bots, widthOf(world)),
    );
    return worstOf(bots.map(({ exitCode }) => exitCode));
  } catch (error) {
    return endCommand(error, 'status', flags, world, null, { bots: [] });
  }
}
