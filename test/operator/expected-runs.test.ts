import { describe, expect, test } from 'vitest';
import { deleteBroadcasts } from '../../src/jobs/delete-broadcasts.ts';
import { deleteDue } from '../../src/jobs/delete-due.ts';
import { resetCounts } from '../../src/jobs/reset-counts.ts';
import { expectedRuns, overdueFrom } from '../../src/operator/health/expected-runs.ts';

const fourHours = 4 * 3_600_000;
const at = (text: string): Date => new Date(text);

describe('expected runs', () => {
  test('go by the time zone, a change of its clock included', async () => {
    const daily = await expectedRuns(resetCounts, { timeZone: 'Europe/Berlin', guideIntervalMs: fourHours });
    expect(daily.next(at('2026-03-28T12:00:00Z'))).toEqual(at('2026-03-28T23:00:00Z'));
    expect(daily.next(at('2026-03-28T23:00:00Z'))).toEqual(at('2026-03-29T22:00:00Z'));
    expect(daily.last(at('2026-03-29T22:00:00Z'))).toEqual(at('2026-03-29T22:00:00Z'));
    expect(daily.last(at('2026-03-29T21:59:59Z'))).toEqual(at('2026-03-28T23:00:00Z'));
  });

  test('between two instants: after the one, up to the other', async () => {
    const hourly = await expectedRuns(deleteBroadcasts, { timeZone: 'UTC', guideIntervalMs: fourHours });
    expect(hourly.between(at('2026-01-01T10:00:00Z'), at('2026-01-01T12:00:00Z'))).toEqual([
      at('2026-01-01T11:00:00Z'),
      at('2026-01-01T12:00:00Z'),
    ]);
  });

  test('a job is overdue a minute after the second time that it missed', async () => {
    const minutely = await expectedRuns(deleteDue, { timeZone: 'UTC', guideIntervalMs: fourHours });
    expect(overdueFrom(minutely, at('2026-01-01T10:00:01Z'))).toEqual(at('2026-01-01T10:03:00Z'));
  });
});
