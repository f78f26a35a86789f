import { expect, test } from 'vitest';
import { jobs } from '../../src/jobs/index.ts';
import { cronEvery } from '../../src/jobs/post-guide/cron-every.ts';
import { parseDuration } from '../../src/settings/duration.ts';
import { usualTimes } from '../support/usual-times.ts';

test('the schedules are those of the jobs that people run today', () => {
  expect(jobs.map((job) => [job.name, job.cron(usualTimes)])).toEqual([
    ['cleanup-tokens', '0 0,12 * * *'],
    ['delete-due', '* * * * *'],
    ['delete-broadcasts', '0 * * * *'],
    ['reset-counts', '0 0 * * *'],
    ['post-guide', '0 */4 * * *'],
  ]);
  for (const { maxRuntime } of jobs) expect(parseDuration(maxRuntime)).toBeGreaterThan(0);
});

test.each([
  ['4h', '0 */4 * * *'],
  ['1h', '0 */1 * * *'],
  ['24h', '0 0 * * *'],
  ['30m', '*/30 * * * *'],
  ['90m', '*/30 * * * *'],
  ['45m', '*/15 * * * *'],
  ['7m', '* * * * *'],
  ['1m30s', '* * * * *'],
])('every %s: %s', (interval, cron) => {
  expect(cronEvery(parseDuration(interval) ?? 0)).toBe(cron);
});

test('guides follow GUIDE_INTERVAL, and nothing else does', () => {
  const crons = (minutes: number) => jobs.map((job) => job.cron({ guideIntervalMs: minutes * 60_000 }));
  const [every4h, every30m] = [crons(240), crons(30)];
  expect(jobs.filter((_, index) => every4h[index] !== every30m[index]).map(({ name }) => name)).toEqual(['post-guide']);
});
