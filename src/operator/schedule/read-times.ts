import { SettingsError } from '../../errors.ts';
import { type Format, Wrong } from '../../settings/format.ts';
import { duration } from '../../settings/formats.ts';
import { describeProblem, type Problem } from '../../settings/problem.ts';
import { type SettingName, settingInfo } from '../../settings/settings-table.ts';
import { openSources, textOf } from '../../settings/sources.ts';
import { readTextFile } from '../../settings/text-file.ts';
import { timeZone } from '../../settings/time-zone.ts';

const minute = 60_000;

/**
 * The settings that a schedule depends on, and no others: those may be incomplete, or on another machine.
 * @param envFile passed over where it cannot be read
 * @throws SettingsError naming what is malformed
 */
export function readTimes(
  env: Readonly<Record<string, string | undefined>>,
  envFile: string | null,
): { timeZone: string; guideIntervalMs: number } {
  const readable = envFile !== null && !('reason' in readTextFile(envFile));
  const sources = openSources(env, readable ? envFile : null);
  const problems: Problem[] = [];

  const read = <T>(name: SettingName, format: Format<T>, fallback: T): T => {
    const text = textOf(sources, name, format.expected) ?? settingInfo(name).default ?? '';
    const value = typeof text === 'string' ? format.parse(text) : new Wrong([]);
    if (typeof text !== 'string') problems.push(text);
    if (!(value instanceof Wrong)) return value;
    for (const { value: given, text: complaint } of value.complaints) {
      problems.push({ name, value: given, text: `${complaint}; expected ${format.expected}` });
    }
    return fallback;
  };
  const times = {
    timeZone: read('TIMEZONE', timeZone, 'UTC'),
    guideIntervalMs: read('GUIDE_INTERVAL', duration(minute, 24 * 60 * minute), 0),
  };
  if (problems.length > 0) throw new SettingsError(problems.map((problem) => describeProblem(problem, [])));
  return times;
}
