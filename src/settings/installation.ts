/** An installation: the bots that a directory of env files names. */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { codeOf, SettingsError } from '../process/errors.ts';
import { parseEnvFile } from './env-file.ts';
import { Wrong } from './format.ts';
import { botName } from './formats.ts';
import { readTextFile } from './text-file.ts';

/** A bot of an installation. */
export interface BotFile {
  /** The file's name without `.env`. */
  name: string;
  /** For `--env-file` and `readSettings`. */
  envFile: string;
  /** What keeps the bot from being one: its file's name will not do. */
  problem: string | null;
}

export interface Installation {
  /** In order of their names. */
  bots: readonly BotFile[];
  /** What `common.env` gives to all of them. */
  common: Readonly<Record<string, string>>;
}

/** Whether `--env-file` names a directory of bots. */
export function isInstallation(envFile: string | null): envFile is string {
  return envFile !== null && statSync(envFile, { throwIfNoEntry: false })?.isDirectory() === true;
}

const ending = '.env';
const commonFile = 'common.env';

/**
 * Lists the bots of a directory; the files of the bots are not read yet.
 * @throws SettingsError where the directory or its `common.env` cannot be read, or no bot stands in it
 */
export function readInstallation(directory: string): Installation {
  const files = listFiles(directory).filter((file) => file.endsWith(ending) && !file.startsWith('.'));
  const bots = files.filter((file) => file !== commonFile).sort();
  if (bots.length === 0) {
    throw new SettingsError([
      `--env-file: ${JSON.stringify(directory)} holds no bot; expected a file NAME.env for each`,
    ]);
  }
  return {
    bots: bots.map((file) => botOf(join(directory, file))),
    common: files.includes(commonFile) ? readCommon(join(directory, commonFile)) : {},
  };
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    throw new SettingsError([`--env-file: ${JSON.stringify(directory)} cannot be read: ${codeOf(error)}`]);
  }
}

function botOf(envFile: string): BotFile {
  const name = basename(envFile, ending);
  const wrong = botName.parse(name) instanceof Wrong;
  const problem = wrong
    ? `--env-file: ${JSON.stringify(envFile)} does not name a bot; expected ${botName.expected}`
    : null;
  return { name, envFile, problem };
}

function readCommon(path: string): Record<string, string> {
  const file = readTextFile(path);
  if ('reason' in file) throw new SettingsError([`${path}: cannot be read: ${file.reason}`]);
  const { values, complaints } = parseEnvFile(file.text);
  if ('NAME' in values) complaints.push('NAME would be that of every bot; expected it in the file of one');
  if (complaints.length > 0) throw new SettingsError(complaints.map((text) => `${path}: ${text}`));
  return values;
}
