import { exitCodes } from '../exit-code.ts';
import type { JobName } from '../job.ts';
import { safeWriter } from '../report/output.ts';
import type { World } from '../world.ts';
import { type CommandFlags, widthOf } from './command.ts';
import { doctorText } from './doctor/doctor-text.ts';
import { examine } from './doctor/examine.ts';

export interface DoctorFlags extends CommandFlags {
  /** Null for all. */
  jobs: readonly JobName[] | null;
  everyJob: readonly JobName[];
}

/** `telesweep doctor`. Never throws. @returns the exit code: 1 where there is a fault */
export async function runDoctor({ json, envFile, jobs, everyJob }: DoctorFlags, world: World): Promise<number> {
  const findings = await examine({ envFile, jobs, everyJob }, world);
  const faults = findings.filter(({ level }) => level === 'fault').length;
  const warnings = findings.filter(({ level }) => level === 'warning').length;
  const color = world.stdout.isTTY === true && (world.env.NO_COLOR ?? '') === '';
  safeWriter(world.stdout)(
    json
      ? `${JSON.stringify({ ok: faults === 0, faults, warnings, findings })}\n`
      : doctorText(findings, widthOf(world), color),
  );
  if (world.signal.aborted) return exitCodes.interrupted;
  return faults === 0 ? exitCodes.ok : exitCodes.failed;
}
