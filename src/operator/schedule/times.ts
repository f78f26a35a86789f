import type { Job } from '../../job/job.ts';
import { cronEvery, greatestCommonDivisor } from '../../jobs/post-guide/cron-every.ts';
import type { Settings } from '../../settings/settings.ts';
import { startsOf } from './calendar.ts';

/** What the times of a bot's jobs go by. */
export type Times = Pick<Settings, 'timeZone' | 'guideIntervalMs'>;

/** Times for one bot, or such that each of several finds its own among them: a pass more than it needs finds nothing due. */
export function cronForAll(job: Pick<Job, 'cron'>, bots: readonly Times[]): string {
  const [first = '', ...others] = new Set(bots.map((times) => job.cron(times)));
  if (others.length === 0 && !zonesDiffer(bots)) return first;
  const starts = [first, ...others].flatMap(startsOf);
  // Clocks are put forward and back by hours, but where the offsets below tell of less.
  const zones = zonesDiffer(bots) ? [60, ...bots.flatMap(({ timeZone }) => offsets(timeZone))] : [];
  return cronEvery([...starts, ...zones].reduce(greatestCommonDivisor, dayMinutes) * 60_000);
}

const dayMinutes = 24 * 60;

export const zonesDiffer = (bots: readonly Times[]): boolean => new Set(bots.map(({ timeZone }) => timeZone)).size > 1;

/** Minutes between the zone and UTC, in winter and in summer. */
function offsets(timeZone: string): number[] {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const year = new Date().getUTCFullYear();
  return [0, 6].map((month) => {
    const [, hours = 0, minutes = 0] = /GMT[+-](\d+):(\d+)/.exec(format.format(Date.UTC(year, month))) ?? [];
    return Number(hours) * 60 + Number(minutes);
  });
}
