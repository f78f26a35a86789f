import { exitCodes } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { botIdOf } from '../../settings/formats.ts';
import { acceptSender } from '../../store/bots.ts';
import { type CommandFlags, runCommand } from '../command.ts';

/** `telesweep doctor --accept-bot`: from now on the jobs work with the bot of TELEGRAM_BOT_TOKEN. @returns the exit code */
export function acceptBot(flags: CommandFlags, world: World): Promise<number> {
  return runCommand('doctor', flags, world, ['TELEGRAM_BOT_TOKEN'], async ({ settings, connection }) => {
    const { telegramBotToken: token } = settings;
    if (token !== null) await acceptSender(connection, botIdOf(token));
    return exitCodes.ok;
  });
}
