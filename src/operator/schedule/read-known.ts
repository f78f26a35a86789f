import { SettingsError } from '../../process/errors.ts';
import { parseEnvFile } from '../../settings/env-file.ts';
import { checkSettings, type Settings } from '../../settings/settings.ts';
import { readTextFile } from '../../settings/text-file.ts';

/** What a schedule is made of; the other settings may be incomplete, or on another machine. */
export interface Known extends Pick<Settings, 'name' | 'timeZone' | 'guideIntervalMs' | 'metricsDir'> {
  /** What stands in the env file, by its names; of the three that the schedule itself goes by, the environment's come first. */
  given: Readonly<Record<string, string>>;
  /** Why the env file was not read, or not all of it; null where it was. */
  unread: string | null;
  /** Settings that the file gives and the environment gives otherwise. */
  overruled: string[];
}

const goneBy = ['TIMEZONE', 'GUIDE_INTERVAL', 'METRICS_TEXTFILE_DIR'];

/**
 * @param envFile null where there is none to read
 * @throws SettingsError naming which of the three, or of what names the bot, is malformed
 */
export function readKnown(env: Readonly<Record<string, string | undefined>>, envFile: string | null): Known {
  const file = envFile === null ? { text: '' } : readTextFile(envFile);
  const isRead = envFile !== null && 'text' in file;
  const only = [...goneBy, 'NAME', 'SCHEMA'];
  const { settings, problems } = checkSettings({ env, envFile: isRead ? envFile : null, requires: [], only });
  if (problems.length > 0) throw new SettingsError(problems);
  const { values, complaints } = 'text' in file ? parseEnvFile(file.text) : { values: {}, complaints: [file.reason] };
  const { name, timeZone, guideIntervalMs, metricsDir } = settings;
  const inFile: Record<string, string | undefined> = values;
  const here = Object.fromEntries(goneBy.flatMap((name) => (env[name]?.trim() ? [[name, env[name].trim()]] : [])));
  const overruled = Object.keys(here).filter((name) => (inFile[name] ?? '') !== '' && inFile[name] !== here[name]);
  const given = { ...values, ...here };
  return { name, timeZone, guideIntervalMs, metricsDir, given, unread: complaints[0] ?? null, overruled };
}
