import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DatabaseClock } from '../../src/engine/database-clock.ts';

let now = 0;

beforeEach(() => {
  now = 50_000;
  vi.spyOn(process, 'uptime').mockImplementation(() => now / 1000);
});
afterEach(() => vi.restoreAllMocks());

/** Answers whose way back takes 5 ms, from a database whose clock is so far ahead of ours. */
function known(ahead: number): DatabaseClock {
  const clock = new DatabaseClock();
  for (let n = 0; n < 5; n++) {
    const askedAt = now;
    now += 10;
    clock.answered(now - 5 + ahead, askedAt);
  }
  return clock;
}

describe('the clock of the database', () => {
  test('is as far away as the quickest of the answers says', () => {
    expect(known(1_000_000).here(now + 1_000_000)).toBeCloseTo(now + 5);
  });

  test.each([
    1_100, 60_000,
  ])('an answer that waited %d ms while the process was frozen makes nothing present', (frozenMs) => {
    const clock = known(1_000_000);
    const askedAt = now;
    const slotAt = now + 5;
    now += frozenMs;
    clock.answered(askedAt + 5 + 1_000_000, askedAt);
    expect(clock.here(slotAt + 1_000_000)).toBeCloseTo(slotAt + 5);
  });

  test.each([-3_600_000, -1_500, 1_500, 3_600_000])('is believed anew where it was set by %d ms', (byMs) => {
    const clock = known(1_000_000);
    const askedAt = now;
    now += 10;
    clock.answered(now - 5 + 1_000_000 + byMs, askedAt);
    expect(clock.here(now + 1_000_000 + byMs)).toBeCloseTo(now + 5);
  });

  test('a late first answer is corrected by the next quick one', () => {
    const clock = new DatabaseClock();
    const askedAt = now;
    now += 3_000;
    clock.answered(askedAt + 5, askedAt);
    const askedAgainAt = now;
    now += 10;
    clock.answered(now - 5, askedAgainAt);
    expect(clock.here(now)).toBeCloseTo(now + 5);
  });
});
