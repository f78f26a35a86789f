import { InvalidArgumentError, Option } from 'commander';
import type { JobName } from '../job.ts';
import { schedules } from '../schedules.ts';

/** Every job, in the order of the table of schedules. */
export const everyJob: readonly JobName[] = Object.keys(schedules).filter((name): name is JobName => name in schedules);

/** `--job`, which may be given again. */
export function jobOption(): Option {
  return new Option('--job <JOB>', 'this job alone; may be given again').argParser(
    (name: string, names: JobName[] | undefined) => {
      const job = everyJob.find((known) => known === name);
      if (job === undefined) throw new InvalidArgumentError(`expected ${everyJob.join(', ')}.`);
      return [...(names ?? []), job];
    },
  );
}
