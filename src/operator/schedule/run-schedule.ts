import { complain, safeWriter } from '../../output/output.ts';
import { exitCodes } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { endCommand } from '../command.ts';
import { crontab } from './crontab.ts';
import { kubernetesManifests } from './kubernetes.ts';
import { alertRules } from './prometheus.ts';
import { readRequest, type ScheduleFlags } from './read-request.ts';
import type { ScheduleFile, ScheduleFormat, ScheduleRequest } from './request.ts';
import { systemdUnits } from './systemd.ts';
import { writeFiles } from './write-files.ts';

/** `telesweep schedule`. Prints, or writes to a folder; touches neither the database nor Telegram. Never throws. */
export async function runSchedule(flags: ScheduleFlags, world: World): Promise<number> {
  const print = safeWriter(world.stdout);
  try {
    const { request, doubts } = readRequest(flags, world);
    for (const doubt of doubts) complain(world.stderr, 'schedule', doubt);
    const files = filesOf(flags, request);
    if (flags.output !== null) await writeFiles(flags.output, files);
    if (flags.json) print(`${JSON.stringify({ format: flags.format, time_zone: request.timeZone, files })}\n`);
    else print(flags.output === null ? textOfAll(flags.format, files) : namesOf(flags.output, files));
    return exitCodes.ok;
  } catch (error) {
    return endCommand(error, 'schedule', { json: flags.json }, world);
  }
}

function filesOf({ format, jobs }: ScheduleFlags, request: ScheduleRequest): ScheduleFile[] {
  switch (format) {
    case 'crontab':
      return crontab(request);
    case 'prometheus':
      // Of several bots the rules wait for the one whose guides come seldom.
      return alertRules({
        jobs,
        names: request.names,
        guideIntervalMs: Math.max(...request.times.map((times) => times.guideIntervalMs)),
      });
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

function namesOf(folder: string, files: readonly ScheduleFile[]): string {
  const slash = folder.endsWith('/') ? '' : '/';
  return files.map(({ name }) => `${folder}${slash}${name}\n`).join('');
}
