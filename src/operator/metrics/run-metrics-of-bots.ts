import { joinedExpositions } from '../../output/exposition.ts';
import { writeTextfile } from '../../output/metrics-textfile.ts';
import { safeWriter } from '../../output/output.ts';
import { UsageError } from '../../process/errors.ts';
import { worstOf } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { hearEach } from '../bots/each.ts';
import { endCommand } from '../command.ts';
import { type MetricsFlags, runMetrics } from './run-metrics.ts';

/** `telesweep metrics` over a directory: one exposition of all that can be read. Never throws. @returns the worst exit code */
export async function runMetricsOfBots(directory: string, flags: MetricsFlags, world: World): Promise<number> {
  const { output, jobs } = flags;
  const toFile = typeof output === 'string' ? output : null;
  try {
    const told = await hearEach(directory, { ...flags, json: false }, world, ({ envFile, bot }, own) =>
      runMetrics({ envFile, bot, jobs, output: toFile === null ? output : false }, own),
    );
    const text = joinedExpositions(told.map((one) => one.text));
    if (toFile === null) safeWriter(world.stdout)(text);
    else {
      const wrong = await writeTextfile(toFile, text, Date.now() / 1000);
      if (wrong !== null) throw new UsageError(`--output: ${wrong}`);
    }
    return worstOf(told.map(({ exitCode }) => exitCode));
  } catch (error) {
    return endCommand(error, 'metrics', { json: false }, world);
  }
}
