import type { JobName } from './job.ts';

export interface Schedule {
  /** Five fields as crontab(5) has them, in `TIMEZONE`. */
  cron: string;
  /** For `--max-runtime`: shorter than the interval, but for the job of every minute, whose next passes then find it at work and leave. */
  maxRuntime: string;
}

/** When each job is expected to run: what `schedule` prints, and what `status` and `doctor` hold the run history to. */
export const schedules: Readonly<Record<JobName, Schedule>> = {
  'cleanup-tokens': { cron: '0 0,12 * * *', maxRuntime: '55m' },
  'delete-due': { cron: '* * * * *', maxRuntime: '10m' },
  'delete-broadcasts': { cron: '0 * * * *', maxRuntime: '55m' },
  'reset-counts': { cron: '0 0 * * *', maxRuntime: '55m' },
  'post-guide': { cron: '0 */4 * * *', maxRuntime: '10m' },
};

const minuteMs = 60_000;

/** The table's cron expression; guides follow `GUIDE_INTERVAL`, in steps in which cron can count. */
export function cronOf(job: JobName, guideIntervalMs: number): string {
  if (job !== 'post-guide') return schedules[job].cron;
  const minutes = Math.max(1, Math.floor(guideIntervalMs / minuteMs));
  if (minutes % 60 === 0) return minutes >= 24 * 60 ? '0 0 * * *' : `0 */${minutes / 60} * * *`;
  const step = greatestCommonDivisor(minutes, 60);
  return step === 1 ? '* * * * *' : `*/${step} * * * *`;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
