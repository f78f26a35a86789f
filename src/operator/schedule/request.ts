import type { Job } from '../../job/job.ts';
import { exitCodes } from '../../process/exit-code.ts';
import type { Place } from './place.ts';
import type { Known } from './read-known.ts';

/** What runs at its times: the passes of a job, or another command beside them. */
export interface Scheduled extends Pick<Job, 'name' | 'summary' | 'token' | 'requires' | 'cron' | 'maxRuntime'> {
  /** In place of the job's name; it ends by itself. */
  command?: string;
  /** It tells people what is not well, so that exit code 1 is no failure of its own. */
  tells?: true;
}

/** The flags with which a line, a unit or a manifest ends a pass. */
export const limitOf = ({ command, maxRuntime }: Scheduled): string[] =>
  command === undefined ? ['--max-runtime', maxRuntime] : [];

/** With these the command has done its work: `doctor` has told what is not well. */
export const fineCodes = ({ tells }: Scheduled): number[] =>
  tells === undefined ? [exitCodes.interrupted] : [exitCodes.interrupted, exitCodes.failed];

/** What a schedule is printed for. */
export interface ScheduleRequest extends Omit<Known, 'unread' | 'overruled'> {
  jobs: readonly Scheduled[];
  /** Where the settings lie on the machine that will run the jobs, as it is written there. */
  envFile: string;
  place: Place;
  image: string;
  namespace: string;
}

/** One file of the schedule, under the name that it has in `deploy/`. */
export interface ScheduleFile {
  name: string;
  text: string;
}

/** Trying again at once would not help: failed items are kept for the operator, the others are the operator's to mend. */
export const finalCodes: readonly number[] = [
  exitCodes.failed,
  exitCodes.usage,
  exitCodes.defect,
  exitCodes.tokenRefused,
  exitCodes.settings,
];

/** Up to this many seconds from pass to pass the next one is as near as another try. */
export const shortInterval = 60;

/** The settings without which the job cannot run, in the order of the documentation. */
export function needsOf(job: Scheduled): string[] {
  const names = new Set(['DATABASE_URL', ...(job.token === null ? [] : [job.token]), ...job.requires]);
  return [...names].map((name) => (name === 'GUIDE_BOT_TOKEN' ? 'GUIDE_BOT_TOKEN or TELEGRAM_BOT_TOKEN' : name));
}
