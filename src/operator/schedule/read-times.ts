import { SettingsError } from '../../process/errors.ts';
import { checkSettings, type Settings } from '../../settings/settings.ts';
import { readTextFile } from '../../settings/text-file.ts';

/**
 * The settings that a schedule depends on, and no others: those may be incomplete, or on another machine.
 * @param envFile passed over where it cannot be read
 * @throws SettingsError naming what is malformed
 */
export function readTimes(
  env: Readonly<Record<string, string | undefined>>,
  envFile: string | null,
): Pick<Settings, 'timeZone' | 'guideIntervalMs'> {
  const readable = envFile !== null && !('reason' in readTextFile(envFile));
  const only = ['TIMEZONE', 'GUIDE_INTERVAL'];
  const { settings, problems } = checkSettings({ env, envFile: readable ? envFile : null, requires: [], only });
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}
