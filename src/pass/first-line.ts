import type { Job } from '../job/job.ts';
import { formatTimeNear } from '../output/clock-text.ts';
import { formatCount } from '../output/format.ts';
import { ofBot } from '../output/output.ts';
import { exitCodes } from '../process/exit-code.ts';
import type { Summary } from '../process/summary.ts';
import type { Settings } from '../settings/settings.ts';

/**
 * What a person reads first of a pass that went wrong: what is wrong, since when, and where to look. One line.
 * @param since when the first of the passes began that went wrong one after another; null where it is not known
 */
export function firstLine(
  job: Job,
  summary: Summary,
  exitCode: number,
  since: Date | null,
  { name: bot, timeZone }: Pick<Settings, 'name' | 'timeZone'>,
): string {
  const name = `${ofBot(bot)}${job.name}`;
  const { counts, error, left, stop_reason: reason } = summary;
  if (exitCode === exitCodes.interrupted) {
    return `${name} stopped early (${reason.replace('_', ' ')}), ${formatCount(left.due)} due are left for the next pass; telesweep status`;
  }
  if (error === undefined)
    return `${name} gave something up: ${job.message(counts, summary.guide_id)}; telesweep failed list`;
  const text = error.replace(/\s*\n\s*/g, '; ');
  if (since === null) return `${name} has failed: ${text}; telesweep doctor`;
  return `${name} has failed since ${formatTimeNear(since, new Date(), timeZone)}: ${text}; telesweep doctor`;
}
