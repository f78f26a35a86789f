/** The way from `--env-file` and `--bot` to the bots that a command works on. */
import type { Command } from 'commander';
import type { CommandFlags } from '../operator/command.ts';
import type { World } from '../process/world.ts';
import { isInstallation } from '../settings/installation.ts';
import { type BotFlag, botOption, forDirectory, type SharedFlags, sharedOf, withShared } from './flags.ts';

/** The last flags of a command that takes a directory of bots, or one bot of it. */
export function withBots(command: Command, shown?: string): Command {
  return withShared(command.addOption(botOption()), shown);
}

/** What a command does with each kind of `--env-file`. */
export interface Ways {
  /** For one bot: a file, or what `--bot` names in a directory. */
  one(shared: CommandFlags): Promise<number>;
  /** For all bots of a directory; null where the command works on one alone. */
  each: ((directory: string, shared: CommandFlags) => Promise<number>) | null;
}

/**
 * Runs a command the way that its flags ask for.
 * @param command its parser, which is told of wrong usage
 * @returns the exit code
 * @throws CommanderError for wrong usage
 */
export async function goTheWay(
  command: Command,
  flags: SharedFlags & BotFlag,
  world: World,
  { one, each }: Ways,
): Promise<number> {
  const shared = sharedOf(flags);
  const { envFile: directory } = shared;
  const { bot } = flags;
  if (!isInstallation(directory)) {
    if (bot !== undefined) command.error(forDirectory('--bot', directory));
    return one(shared);
  }
  const name = nameOf(command);
  if (bot !== undefined) {
    const { runForBot } = await import('../operator/bots/each.ts');
    return runForBot(bot, directory, name, shared, world, one);
  }
  if (each === null) {
    return command.error(
      `error: ${name} works on one bot, and ${JSON.stringify(directory)} is a directory of them: name it with --bot NAME`,
    );
  }
  return each(directory, shared);
}

/** `guides list` */
function nameOf(command: Command): string {
  const above = command.parent?.parent == null ? '' : `${command.parent.name()} `;
  return above + command.name();
}
