import { expect, test } from 'vitest';
import { parseDuration } from '../src/duration.ts';
import { cronOf, schedules } from '../src/schedules.ts';

test('the schedules are those of the jobs that people run today', () => {
  expect(Object.entries(schedules).map(([job, { cron }]) => [job, cron])).toEqual([
    ['cleanup-tokens', '0 0,12 * * *'],
    ['delete-due', '* * * * *'],
    ['delete-broadcasts', '0 * * * *'],
    ['reset-counts', '0 0 * * *'],
    ['post-guide', '0 */4 * * *'],
  ]);
  for (const { maxRuntime } of Object.values(schedules)) expect(parseDuration(maxRuntime)).toBeGreaterThan(0);
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
])('guides every %s: %s', (interval, cron) => {
  expect(cronOf('post-guide', parseDuration(interval) ?? 0)).toBe(cron);
  expect(cronOf('reset-counts', parseDuration(interval) ?? 0)).toBe('0 0 * * *');
});
