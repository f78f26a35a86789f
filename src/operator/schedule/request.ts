import type { Job } from '../../job/job.ts';

/** What a schedule is printed for. */
export interface ScheduleRequest {
  jobs: readonly Job[];
  timeZone: string;
  guideIntervalMs: number;
  /** Where the settings lie on the machine that will run the jobs; null for the usual place. */
  envFile: string | null;
  image: string;
  namespace: string;
}

/** One file of the schedule, under the name that it has in `deploy/`. */
export interface ScheduleFile {
  name: string;
  text: string;
}

/** The settings without which the job cannot run, in the order of the documentation. */
export function needsOf(job: Job): string[] {
  const names = new Set(['DATABASE_URL', ...(job.token === null ? [] : [job.token]), ...job.requires]);
  return [...names].map((name) => (name === 'GUIDE_BOT_TOKEN' ? 'GUIDE_BOT_TOKEN or TELEGRAM_BOT_TOKEN' : name));
}
