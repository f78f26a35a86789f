import type { Job } from '../../job/job.ts';
import { complain, safeWriter } from '../../output/output.ts';
import { codeOf, messageOf, UsageError } from '../../process/errors.ts';
import { exitCodes } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { type CommandFlags, endCommand } from '../command.ts';
import { crontab } from './crontab.ts';
import { healthFile } from './health-file.ts';
import { kubernetesManifests } from './kubernetes.ts';
import { placeOf, plainPath } from './place.ts';
import { alertRules } from './prometheus.ts';
import { readKnown } from './read-known.ts';
import type { Scheduled, ScheduleFile, ScheduleRequest } from './request.ts';
import { systemdUnits } from './systemd.ts';

export type ScheduleFormat = 'crontab' | 'kubernetes' | 'systemd' | 'prometheus';

export interface ScheduleFlags extends CommandFlags {
  format: ScheduleFormat;
  jobs: readonly Job[];
  /** Other commands with times of their own. */
  beside: readonly Scheduled[];
  image: string | null;
  namespace: string | null;
  /** A folder to write files to, in place of stdout. */
  output: string | null;
}

/** `telesweep schedule`. Prints, or writes to a folder; touches neither the database nor Telegram. Never throws. */
export async function runSchedule(flags: ScheduleFlags, world: World): Promise<number> {
  const print = safeWriter(world.stdout);
  try {
    const { request, doubts } = readRequest(flags, world);
    for (const doubt of doubts) complain(world.stderr, 'schedule', doubt);
    const files = filesOf(flags, request);
    if (flags.output !== null) await write(flags.output, files);
    if (flags.json) print(`${JSON.stringify({ format: flags.format, time_zone: request.timeZone, files })}\n`);
    else print(flags.output === null ? textOfAll(flags.format, files) : namesOf(flags.output, files));
    return exitCodes.ok;
  } catch (error) {
    return endCommand(error, 'schedule', flags, world);
  }
}

/** Where the jobs look for their settings unless told otherwise: as it is written there, and here. */
function usualEnvFile(format: ScheduleFormat, { HOME: home }: World['env']): { written: string; path: string | null } {
  switch (format) {
    case 'crontab':
      return { written: '"$HOME/telesweep.env"', path: home === undefined ? null : `${home}/telesweep.env` };
    case 'systemd':
      return { written: '/etc/telesweep/telesweep.env', path: '/etc/telesweep/telesweep.env' };
    case 'kubernetes':
    case 'prometheus':
      return { written: '', path: null };
  }
}

/** @returns `doubts`: what of the schedule may be other than it is meant */
function readRequest(flags: ScheduleFlags, world: World): { request: ScheduleRequest; doubts: string[] } {
  const { format } = flags;
  if (format !== 'kubernetes') {
    if (flags.image !== null) throw new UsageError('--image: only for telesweep schedule kubernetes');
    if (flags.namespace !== null) throw new UsageError('--namespace: only for telesweep schedule kubernetes');
  } else if (flags.image === null) {
    throw new UsageError(`--image: is missing; expected ${imageExpected}`);
  }
  const asked = checked('env-file', flags.envFile, plainPath, 'an absolute path of letters, digits and . / @ + - _');
  const image = checked('image', flags.image, /^\w[\w./:@-]*$/, imageExpected) ?? '';
  const namespace = checked(
    'namespace',
    flags.namespace,
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'a name such as telesweep',
  );
  const { written, path } = asked === null ? usualEnvFile(format, world.env) : { written: asked, path: asked };
  const { unread, overruled, ...known } = readKnown(world.env, path);
  const place = placeOf(world.program);
  const doubts: string[] = [];
  if (written !== '' && (path === null || unread !== null)) {
    const why = path === null ? 'HOME is not set' : unread;
    const times = `so the times are in ${known.timeZone}: give TIMEZONE and GUIDE_INTERVAL in the environment if it says otherwise`;
    doubts.push(`${written} cannot be read here (${why}), ${times}`);
  }
  if (format !== 'kubernetes' && overruled.length > 0) {
    const names = overruled.join(' and ');
    doubts.push(`${names}: printed by the environment, but ${written} says otherwise, and the jobs go by that`);
  }
  if (format !== 'kubernetes' && place.odd !== null) {
    doubts.push(`${JSON.stringify(place.odd)} would need quotes, so telesweep is looked for in ${place.path}`);
  }
  if (format === 'systemd' && place.hidden !== null) {
    const way = 'install Node.js and telesweep for the whole system, and print again';
    doubts.push(`${place.hidden} lies where no unit can look (ProtectHome=, PrivateTmp=): ${way}`);
  }
  // With all jobs, and where there is a folder: a pod has none.
  const writesHealth = flags.beside.length > 0 && format !== 'kubernetes' && known.metricsDir !== null;
  const request = {
    ...known,
    jobs: [...flags.jobs, ...flags.beside, ...(writesHealth ? [healthFile] : [])],
    envFile: written,
    place,
    image,
    namespace: namespace ?? 'telesweep',
  };
  return { request, doubts };
}

const imageExpected = 'an image such as registry.example/telesweep:1.2.3 or registry.example/telesweep@sha256:…';

function checked(flag: string, value: string | null, pattern: RegExp, expected: string): string | null {
  if (value === null || pattern.test(value)) return value;
  throw new UsageError(`--${flag}: ${JSON.stringify(value)} will not do; expected ${expected}`);
}

function filesOf({ format, jobs }: ScheduleFlags, request: ScheduleRequest): ScheduleFile[] {
  switch (format) {
    case 'crontab':
      return crontab(request);
    case 'prometheus':
      return alertRules({ ...request, jobs, names: request.name === null ? [] : [request.name] });
    case 'kubernetes':
      return kubernetesManifests(request);
    case 'systemd':
      return systemdUnits(request);
  }
}

/** Several units in one stream carry their names, as `systemctl cat` does it. */
function textOfAll(format: ScheduleFormat, files: readonly ScheduleFile[]): string {
  switch (format) {
    case 'crontab':
    case 'prometheus':
      return files.map(({ text }) => text).join('');
    case 'kubernetes':
      return files.map(({ text }) => text).join('---\n');
    case 'systemd':
      return files.map(({ name, text }) => `# /etc/systemd/system/${name}\n${text}`).join('\n');
  }
}

/** Writes nothing where one file is refused, and into a folder that stands alone: another is mistyped more often than wanted. */
async function write(folder: string, files: readonly ScheduleFile[]): Promise<void> {
  const [{ readFile, stat, writeFile }, { join }] = await Promise.all([
    import('node:fs/promises'),
    import('node:path'),
  ]);
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) {
    throw new UsageError(
      `--output: ${JSON.stringify(folder)} is no folder; expected one that stands, or mkdir it first`,
    );
  }
  for (const { name, text } of files) {
    const path = join(folder, name);
    const before = tieOf(await readFile(path, 'utf8').catch(() => ''));
    const now = tieOf(text);
    if (before !== null && before !== now) {
      throw new UsageError(
        `--output: ${path} stands for ${before}, not for ${now}; expected another folder, or remove it first`,
      );
    }
  }
  try {
    for (const { name, text } of files) await writeFile(join(folder, name), text);
  } catch (error) {
    const reason = codeOf(error) || messageOf(error);
    throw new UsageError(`--output: cannot write to ${JSON.stringify(folder)}: ${reason}`);
  }
}

/** The env file or the namespace that a printed file is for; null where it names none. */
function tieOf(text: string): string | null {
  const [, envFile, namespace] =
    /^LoadCredential=telesweep\.env:(.+)$|^ {2}namespace: (.+)$/m.exec(text) ??
    /^(?:[\d*]\S* ){5} \S+ .* --env-file (.+)$/m.exec(text) ??
    [];
  return envFile ?? (namespace === undefined ? null : `namespace ${namespace}`);
}

function namesOf(folder: string, files: readonly ScheduleFile[]): string {
  const slash = folder.endsWith('/') ? '' : '/';
  return files.map(({ name }) => `${folder}${slash}${name}\n`).join('');
}
