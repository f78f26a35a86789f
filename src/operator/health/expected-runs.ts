import type { Job } from '../../job/job.ts';

/** When a job should run, by the table of schedules. */
export interface ExpectedRuns {
  cron: string;
  /** The first time after an instant. */
  next(after: Date): Date;
  /** The last time up to an instant. */
  last(upTo: Date): Date;
  /** The times after `from` up to `to`, in order. */
  between(from: Date, to: Date): Date[];
}

/** A run may start so much after its time: a container takes a while. */
const slackMs = 60_000;

export async function expectedRuns(
  job: Pick<Job, 'cron'>,
  { timeZone, guideIntervalMs }: { timeZone: string; guideIntervalMs: number },
): Promise<ExpectedRuns> {
  const { Cron } = await import('croner');
  const expression = job.cron({ guideIntervalMs });
  const cron = new Cron(expression, { timezone: timeZone });
  const some = (date: Date | null | undefined): Date => {
    if (!date) throw new Error(`"${expression}" never comes in ${timeZone}`);
    return date;
  };
  const next = (after: Date): Date => some(cron.nextRun(after));
  return {
    cron: expression,
    next,
    last: (upTo) => some(cron.previousRuns(1, new Date(upTo.getTime() + 1_000))[0]),
    between(from, to) {
      const times: Date[] = [];
      for (let time = next(from); time <= to; time = next(time)) times.push(time);
      return times;
    },
  };
}

/** When a job is overdue that last ran, or fell due, at `since`: two of its times have passed, and a minute. */
export function overdueFrom(expected: ExpectedRuns, since: Date): Date {
  return new Date(expected.next(expected.next(since)).getTime() + slackMs);
}
