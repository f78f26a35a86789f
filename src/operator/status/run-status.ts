import type { Job } from '../../job/job.ts';
import { widthOf } from '../../output/output.ts';
import { exitCodes } from '../../process/exit-code.ts';
import { redact } from '../../process/redact.ts';
import type { World } from '../../process/world.ts';
import { readOnly } from '../../store/connect.ts';
import { type Answer, ask, type CommandFlags, runCommand } from '../command.ts';
import { readStatus, type Status } from './status.ts';
import { statusText } from './status-text.ts';

export interface StatusFlags extends CommandFlags {
  /** Every job, because they share a budget, and those that are told of. */
  jobs: readonly Job[];
  asked: readonly Job[];
}

/** `telesweep status`. Never throws. @returns the exit code: 1 where a job is ill */
export function runStatus(flags: StatusFlags, world: World): Promise<number> {
  return runCommand('status', flags, world, [], async ({ settings, connection, print }) => {
    const status = await readOnly(connection, () => readStatus(connection, settings, flags.jobs, flags.asked));
    print(flags.json ? `${JSON.stringify(status)}\n` : statusText(status, widthOf(world)));
    return status.ok ? exitCodes.ok : exitCodes.failed;
  });
}

/** The same for a caller that prints it: without secrets. Never throws. */
export function askStatus(flags: StatusFlags, world: World): Promise<Answer<Status>> {
  return ask(flags, world, [], async ({ settings, connection }) => {
    const status = await readOnly(connection, () => readStatus(connection, settings, flags.jobs, flags.asked));
    const hidden: Status = JSON.parse(redact(JSON.stringify(status), settings.secrets));
    return hidden;
  });
}
