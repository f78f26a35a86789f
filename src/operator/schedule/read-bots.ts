import { basename } from 'node:path';
import { SettingsError } from '../../process/errors.ts';
import type { World } from '../../process/world.ts';
import {
  type BotFile,
  findBot,
  type Installation,
  isInstallation,
  readInstallation,
} from '../../settings/installation.ts';
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
 * One bot of a directory, and its file there.
 * @throws UsageError where the directory stands here without it
 */
export function readBot(env: World['env'], directory: string, bot: string): { known: Known; file: string } {
  const { unread } = readDirectory(directory);
  if (unread !== null) {
    return { known: { ...readKnown(env, { envFile: null, name: bot }), unread }, file: `${bot}.env` };
  }
  const { envFile, bot: place } = findBot(directory, bot);
  return { known: readKnown(env, { envFile, ...place }), file: basename(envFile) };
}

function readDirectory(directory: string): { installation: Installation; unread: string | null } {
  try {
    return { installation: readInstallation(directory), unread: null };
  } catch (error) {
    if (error instanceof SettingsError) return { installation: nothing, unread: error.message };
    throw error;
  }
}
