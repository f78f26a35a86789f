import type { Job } from '../../job/job.ts';
import { safeWriter, wantsColor, widthOf } from '../../output/output.ts';
import { exitCodes } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { type CommandFlags, ofBotAsJson } from '../command.ts';
import { acceptBot } from './accept-bot.ts';
import { doctorText, levelsOf } from './doctor-text.ts';
import { examine } from './examine.ts';

export interface DoctorFlags extends CommandFlags {
  jobs: readonly Job[];
  /** Null for all that are used. */
  asked: readonly Job[] | null;
  /** The bot of the token is meant, though the jobs have worked with another one. */
  acceptBot: boolean;
}

/** `telesweep doctor`. Never throws. @returns the exit code: 1 where there is a fault */
export async function runDoctor(flags: DoctorFlags, world: World): Promise<number> {
  const { json } = flags;
  if (flags.acceptBot) {
    const exitCode = await acceptBot(flags, world);
    if (exitCode !== exitCodes.ok) return exitCode;
  }
  const { findings, settings } = await examine(flags, world);
  const { faults, warnings } = levelsOf(findings);
  safeWriter(world.stdout)(
    json
      ? ofBotAsJson(`${JSON.stringify({ ok: faults === 0, faults, warnings, findings })}\n`, settings)
      : doctorText(findings, widthOf(world), wantsColor(world, world.stdout)),
  );
  if (world.signal.aborted) return exitCodes.interrupted;
  return faults === 0 ? exitCodes.ok : exitCodes.failed;
}
