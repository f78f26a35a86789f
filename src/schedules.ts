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
