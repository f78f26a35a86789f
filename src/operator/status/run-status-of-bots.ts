import type { World } from '../../process/world.ts';
import { forEachBot } from '../bots/each.ts';
import { endCommand } from '../command.ts';
import { askStatus, type StatusFlags } from './run-status.ts';
import { statusOfBot, tellStatuses } from './tell-statuses.ts';

/** `telesweep status` over a directory. Never throws. @returns the worst exit code */
export async function runStatusOfBots(directory: string, flags: StatusFlags, world: World): Promise<number> {
  try {
    const bots = await forEachBot(directory, flags, world, async (own, ofBot, bot) =>
      statusOfBot(bot, await askStatus(own, ofBot)),
    );
    return tellStatuses(bots, flags, world);
  } catch (error) {
    return endCommand(error, 'status', flags, world, null, { bots: [] });
  }
}
