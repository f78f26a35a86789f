import { SettingsError, UsageError } from '../../process/errors.ts';
import type { World } from '../../process/world.ts';
import { type BotFile, type Installation, isInstallation, readInstallation } from '../../settings/installation.ts';
import { type Known, readKnown } from './read-known.ts';

/** Of a directory that is for another machine, or that is being filled, the schedule is printed as well. */
const nothing: Installation = { bots: [], common: {} };

/** @returns the path without the slash at its end where it names a directory, here or on another machine; else null */
export function directoryOf(envFile: string | null): string | null {
  if (envFile?.endsWith('/')) return envFile.replace(/(?<=.)\/+$/, '');
  return isInstallation(envFile) ? envFile : null;
}

/** What the schedule of a directory's bots is made of. */
export interface KnownBots {
  files: readonly BotFile[];
  hasCommon: boolean;
  /** What a bot without settings of its own would go by. */
  common: Known;
  /** Those that could be read. */
  bots: readonly Known[];
  /** Why the directory was not read; null where it was. */
  unread: string | null;
  /** Of each bot that could not be read, why. */
  problems: string[];
}

/** @throws SettingsError where the environment gives a malformed one */
export function readBots(env: World['env'], directory: string): KnownBots {
  const { installation, unread } = readDirectory(directory);
  const { bots: files, common } = installation;
  const read = files.map(({ name, envFile, problem }): Known | string => {
    if (problem !== null) return problem;
    try {
      const known = readKnown(env, { envFile, name, common });
      return known.unread === null ? known : `${envFile}: ${known.unread}`;
    } catch (error) {
      if (error instanceof SettingsError) return `${envFile}: ${error.message}`;
      throw error;
    }
  });
  return {
    files,
    hasCommon: Object.keys(common).length > 0,
    common: readKnown(env, { envFile: null, common }),
    bots: read.filter((known) => typeof known !== 'string'),
    unread,
    problems: read.filter((known) => typeof known === 'string'),
  };
}

/**
 * One bot of a directory.
 * @throws UsageError where the directory stands here without it
 */
export function readBot(env: World['env'], directory: string, bot: string): Known {
  const { installation, unread } = readDirectory(directory);
  const { bots, common } = installation;
  if (unread !== null) return { ...readKnown(env, { envFile: null, name: bot }), unread };
  const file = bots.find(({ name }) => name === bot);
  if (file !== undefined) return readKnown(env, { envFile: file.envFile, name: bot, common });
  const names = bots.map(({ name }) => name).join(', ');
  throw new UsageError(`--bot: ${JSON.stringify(bot)} is not in ${directory}; expected ${names}`);
}

function readDirectory(directory: string): { installation: Installation; unread: string | null } {
  try {
    return { installation: readInstallation(directory), unread: null };
  } catch (error) {
    if (error instanceof SettingsError) return { installation: nothing, unread: error.message };
    throw error;
  }
}
