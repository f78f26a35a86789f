/** An installation: the bots that a directory of env files names. */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SettingsError, UsageError } from '../process/errors.ts';
import { parseEnvFile } from './env-file.ts';
import { Wrong } from './format.ts';
import { botName } from './formats.ts';
import { nearest } from './nearest-name.ts';
import type { BotPlace } from './settings.ts';
import { readPlainFile, whyUnread } from './text-file.ts';

/** A bot of an installation. */
export interface BotFile {
  /** `NAME` of its file, else the file's name without `.env`. */
  name: string;
  /** For `--env-file` and `readSettings`. */
  envFile: string;
  /** What keeps the bot from being one: its file's name will not do, or another bot has it. */
  problem: string | null;
}

export interface Installation {
  /** In order of their names. */
  bots: readonly BotFile[];
  /** What `common.env` gives to all of them. */
  common: Readonly<Record<string, string>>;
}

/** Whether `--env-file` names a directory of bots. What cannot be looked at is none: who reads it as a file says why. */
export function isInstallation(envFile: string | null): envFile is string {
  if (envFile === null) return false;
  try {
    return statSync(envFile).isDirectory();
  } catch {
    return false;
  }
}

const ending = '.env';
/** What it says counts for every bot of the directory. */
export const commonFile = 'common.env';

/**
 * Lists the bots of a directory; of their files NAME alone is looked for.
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
    bots: withoutTwins(bots.map((file) => botOf(join(directory, file)))),
    common: files.includes(commonFile) ? readCommon(join(directory, commonFile)) : {},
  };
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    throw new SettingsError([`--env-file: ${JSON.stringify(directory)} cannot be read: ${whyUnread(error)}`]);
  }
}

function botOf(envFile: string): BotFile {
  const name = basename(envFile, ending);
  if (botName.parse(name) instanceof Wrong) {
    const problem = `--env-file: ${JSON.stringify(envFile)} does not name a bot; expected ${botName.expected}`;
    return { name, envFile, problem };
  }
  return { name: givenName(envFile) ?? name, envFile, problem: null };
}

/** What is wrong with it is told when the settings are read. */
function givenName(envFile: string): string | null {
  const file = readPlainFile(envFile);
  if ('reason' in file || !/^\s*(?:export\s+)?NAME[ \t]*=/m.test(file.text)) return null;
  const { NAME = '' } = parseEnvFile(file.text).values;
  const name = botName.parse(NAME.trim());
  return name instanceof Wrong ? null : name;
}

/** In order of their names. Of two with one name nobody could tell which is meant, so neither is a bot. */
function withoutTwins(bots: readonly BotFile[]): BotFile[] {
  const byName = grouped(bots, ({ name }) => name);
  return [...byName.keys()].sort().flatMap((name) => {
    const same = byName.get(name) ?? [];
    if (same.length === 1) return same;
    const files = same.map(({ envFile }) => envFile).join(' and ');
    return same.map((bot) => ({
      ...bot,
      problem: bot.problem ?? `NAME: "${name}" is that of ${files}; expected one each`,
    }));
  });
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** The bots that share an address of PING_URL, where one's success hides the other's failure. */
export function sharedPings(bots: readonly { name: string; pingUrl: string | null }[]): { names: readonly string[] }[] {
  const told = bots.filter(({ pingUrl }) => pingUrl !== null);
  const byAddress = grouped(told, ({ name, pingUrl }) => (pingUrl ?? '').replaceAll('{name}', name));
  return [...byAddress.values()]
    .filter((same) => same.length > 1)
    .map((same) => ({ names: same.map(({ name }) => name) }));
}

/** What `readSettings` takes of a bot beside its file. */
export function placeOf({ name, problem }: BotFile, { common }: Installation): BotPlace {
  return { name, common, problem };
}

/**
 * The one bot of a directory that `--bot` names.
 * @throws UsageError where there is none, SettingsError where the directory cannot be read
 */
export function findBot(directory: string, name: string): { envFile: string; bot: BotPlace } {
  const installation = readInstallation(directory);
  const bot = installation.bots.find((one) => one.name === name);
  if (bot !== undefined) return { envFile: bot.envFile, bot: placeOf(bot, installation) };
  const meant = nearest(
    name,
    installation.bots.map((one) => one.name),
    { most: 2 },
  );
  const hint = meant === null ? `expected a file ${name}.env there` : `did you mean ${meant}?`;
  throw new UsageError(`--bot: "${name}" is no bot of ${directory}; ${hint}`);
}

function readCommon(path: string): Record<string, string> {
  const file = readPlainFile(path);
  if ('reason' in file) throw new SettingsError([`--env-file: ${JSON.stringify(path)} cannot be read: ${file.reason}`]);
  const { values, complaints } = parseEnvFile(file.text);
  if ('NAME' in values) complaints.push('NAME would be that of every bot; expected it in the file of one');
  if (complaints.length > 0)
    throw new SettingsError(complaints.map((text) => `--env-file: ${JSON.stringify(path)} is malformed: ${text}`));
  return values;
}
