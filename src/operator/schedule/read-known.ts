import { SettingsError } from '../../process/errors.ts';
import { parseEnvFile } from '../../settings/env-file.ts';
import { checkSettings, type Settings } from '../../settings/settings.ts';
import { readTextFile } from '../../settings/text-file.ts';

/** What the schedule of a bot is made of; the other settings may be incomplete, or on another machine. */
export interface Known extends Pick<Settings, 'name' | 'timeZone' | 'guideIntervalMs' | 'metricsDir'> {
  /** What stands in the env file, by its names; of those that the schedule itself goes by, the environment's come first. */
  given: Readonly<Record<string, string>>;
  /** Why the env file was not read, or not all of it; null where it was. */
  unread: string | null;
  /** Settings that the file gives and the environment gives otherwise. */
  overruled: string[];
}

/** Where a bot's settings stand: alone, or as one of a directory. */
export interface BotPlace {
  /** Null where there is none to read. */
  envFile: string | null;
  /** The bot's, by its file in a directory. */
  name?: string;
  common?: Readonly<Record<string, string>>;
}

const only = ['SCHEMA', 'NAME', 'TIMEZONE', 'GUIDE_INTERVAL', 'METRICS_TEXTFILE_DIR', 'STATS_CHAT_ID'];

/** @throws SettingsError naming which of those that the schedule goes by is malformed */
export function readKnown(env: Readonly<Record<string, string | undefined>>, place: BotPlace): Known {
  const { envFile, common = {} } = place;
  const file = envFile === null ? { text: '' } : readTextFile(envFile);
  const isRead = envFile !== null && 'text' in file;
  const { settings, problems } = checkSettings({
    ...place,
    env,
    envFile: isRead ? envFile : null,
    requires: [],
    only,
  });
  if (problems.length > 0) throw new SettingsError(problems);
  const { values, complaints } = 'text' in file ? parseEnvFile(file.text) : { values: {}, complaints: [file.reason] };
  const { name, timeZone, guideIntervalMs, metricsDir } = settings;
  const inFile: Record<string, string | undefined> = { ...common, ...values };
  // WSL sets NAME; a bot of a directory has its own.
  const ours = only.filter((setting) => place.name === undefined || setting !== 'NAME');
  const here = Object.fromEntries(
    ours.flatMap((setting) => (env[setting]?.trim() ? [[setting, env[setting].trim()]] : [])),
  );
  const overruled = Object.keys(here).filter(
    (setting) => (inFile[setting] ?? '') !== '' && inFile[setting] !== here[setting],
  );
  const given = { ...common, ...values, ...here };
  return { name, timeZone, guideIntervalMs, metricsDir, given, unread: complaints[0] ?? null, overruled };
}
