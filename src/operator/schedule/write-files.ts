import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf, UsageError } from '../../process/errors.ts';
import type { ScheduleFile } from './request.ts';

/**
 * Into a folder that stands alone: another is mistyped more often than wanted.
 * @throws UsageError where one of the files is somebody else's or another bot's; then none is written
 */
export async function writeFiles(folder: string, files: readonly ScheduleFile[]): Promise<void> {
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) {
    throw new UsageError(
      `--output: ${JSON.stringify(folder)} is no folder; expected one that stands, or mkdir it first`,
    );
  }
  for (const file of files) await refuseOthers(join(folder, file.name), file.text);
  try {
    for (const { name, text } of files) await writeFile(join(folder, name), text);
  } catch (error) {
    const reason = codeOf(error) || messageOf(error);
    throw new UsageError(`--output: cannot write to ${JSON.stringify(folder)}: ${reason}`);
  }
}

async function refuseOthers(path: string, text: string): Promise<void> {
  const before = await standing(path);
  if (before === null) return;
  const fault = isOurs(before) ? otherTie(tieOf(before), tieOf(text)) : 'stands and is not of telesweep schedule';
  if (fault !== null) throw new UsageError(`--output: ${path} ${fault}; expected another folder, or remove it first`);
}

/** Null where nothing stands. What cannot be read is not ours; nor is a mask of systemd, a link to /dev/null. */
async function standing(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? null : '';
  }
}

/** A unit, a timer, a manifest, a crontab, rules of Prometheus. */
function isOurs(text: string): boolean {
  return /^(?:# telesweep in cron|# Alerts on what telesweep tells|Description=telesweep\b| {4}app\.kubernetes\.io\/name: telesweep$|# {3}kubectl .* create secret generic telesweep)/m.test(
    text,
  );
}

function otherTie(before: string | null, now: string | null): string | null {
  return before === null || before === now ? null : `stands for ${before}, not for ${now}`;
}

/** What a printed file is for, by its env file or its namespace and bot; null where it names none, as a timer, which goes with its unit. */
function tieOf(text: string): string | null {
  const [, envFile] =
    /^LoadCredential=[\w.-]+\.env:(.+)$/m.exec(text) ??
    /^ExecStart=.* --env-file (\/\S+)/m.exec(text) ??
    /^(?:[\d*]\S* ){5} \S+ .* --env-file (.+)$/m.exec(text) ??
    [];
  if (envFile !== undefined) return envFile;
  const [, namespace] =
    /^ {2}namespace: (.+)$/m.exec(text) ?? /^kind: Namespace\nmetadata:\n {2}name: (.+)$/m.exec(text) ?? [];
  if (namespace === undefined) return null;
  const bot = /^ {4}app\.kubernetes\.io\/instance: (.+)$/m.exec(text)?.[1];
  const directory = /^ +projected:$|^# A Secret for each bot/m.test(text) ? ' and all bots' : '';
  return `namespace ${namespace}${bot === undefined ? directory : ` and ${bot}`}`;
}
