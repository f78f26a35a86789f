import type { Job } from '../../job/job.ts';
import { complain, safeWriter } from '../../output/output.ts';
import { codeOf, messageOf, UsageError } from '../../process/errors.ts';
import { exitCodes } from '../../process/exit-code.ts';
import { version } from '../../process/version.ts';
import type { World } from '../../process/world.ts';
import { readTextFile } from '../../settings/text-file.ts';
import { type CommandFlags, endCommand } from '../command.ts';
import { crontab } from './crontab.ts';
import { kubernetesManifests } from './kubernetes.ts';
import { readTimes } from './read-times.ts';
import type { ScheduleFile, ScheduleRequest } from './request.ts';
import { systemdUnits } from './systemd.ts';

export type ScheduleFormat = 'crontab' | 'kubernetes' | 'systemd';

export interface ScheduleFlags extends CommandFlags {
  format: ScheduleFormat;
  jobs: readonly Job[];
  image: string | null;
  namespace: string | null;
  /** A folder to write files to, in place of stdout. */
  output: string | null;
}

/** `telesweep schedule`. Prints, or writes to a folder; touches neither the database nor Telegram. Never throws. */
export async function runSchedule(flags: ScheduleFlags, world: World): Promise<number> {
  const print = safeWriter(world.stdout);
  try {
    const request = readRequest(flags, world.env);
    if (flags.envFile !== null && 'reason' in readTextFile(flags.envFile)) {
      const times = `so the times are in ${request.timeZone}: give TIMEZONE in the environment if it says otherwise`;
      complain(world.stderr, 'schedule', `${flags.envFile} cannot be read here, ${times}`);
    }
    const files = filesOf(flags.format, request);
    if (flags.output !== null) await write(flags.output, files);
    if (flags.json) print(`${JSON.stringify({ format: flags.format, time_zone: request.timeZone, files })}\n`);
    else print(flags.output === null ? textOfAll(flags.format, files) : namesOf(flags.output, files));
    return exitCodes.ok;
  } catch (error) {
    return endCommand(error, 'schedule', flags, world);
  }
}

function readRequest(flags: ScheduleFlags, env: World['env']): ScheduleRequest {
  if (flags.format !== 'kubernetes') {
    if (flags.image !== null) throw new UsageError('--image: only for telesweep schedule kubernetes');
    if (flags.namespace !== null) throw new UsageError('--namespace: only for telesweep schedule kubernetes');
  }
  return {
    jobs: flags.jobs,
    ...readTimes(env, flags.envFile),
    // What goes into units and crontabs unquoted must not mean anything there.
    envFile: checked(
      'env-file',
      flags.envFile,
      /^\/[\w./@+-]*$/,
      'an absolute path of letters, digits and . / @ + - _',
    ),
    image:
      checked('image', flags.image, /^\w[\w./:@-]*$/, 'an image such as registry.example/telesweep:1.2.3') ??
      `telesweep:${version}`,
    namespace:
      checked('namespace', flags.namespace, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'a name such as telesweep') ??
      'telesweep',
  };
}

function checked(flag: string, value: string | null, pattern: RegExp, expected: string): string | null {
  if (value === null || pattern.test(value)) return value;
  throw new UsageError(`--${flag}: ${JSON.stringify(value)} will not do; expected ${expected}`);
}

function filesOf(format: ScheduleFormat, request: ScheduleRequest): ScheduleFile[] {
  switch (format) {
    case 'crontab':
      return crontab(request);
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
      return files.map(({ text }) => text).join('');
    case 'kubernetes':
      return files.map(({ text }) => text).join('---\n');
    case 'systemd':
      return files.map(({ name, text }) => `# /etc/systemd/system/${name}\n${text}`).join('\n');
  }
}

async function write(folder: string, files: readonly ScheduleFile[]): Promise<void> {
  const [{ mkdir, writeFile }, { join }] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  try {
    await mkdir(folder, { recursive: true });
    for (const { name, text } of files) await writeFile(join(folder, name), text);
  } catch (error) {
    const reason = codeOf(error) || messageOf(error);
    throw new UsageError(`--output: cannot write to ${JSON.stringify(folder)}: ${reason}`);
  }
}

function namesOf(folder: string, files: readonly ScheduleFile[]): string {
  const slash = folder.endsWith('/') ? '' : '/';
  return files.map(({ name }) => `${folder}${slash}${name}\n`).join('');
}
