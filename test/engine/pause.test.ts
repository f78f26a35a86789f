import { describe, expect, test } from 'vitest';
import { Pause } from '../../src/engine/pause.ts';

const noDeadline = { msLeft: () => null };
const deadline = (ms: number) => ({ msLeft: () => ms });

describe('a pause', () => {
  test('lasts until the latest that was asked for, and the database hears of the longest', () => {
    const pause = new Pause();
    pause.asked(10, 0);
    pause.asked(3, 1_000);
    expect(pause).toMatchObject({ until: 10_000, toTell: 10 });
  });

  test('that another process was asked for is news once', () => {
    const pause = new Pause();
    expect(pause.met(0, 0)).toBe(false);
    expect(pause.met(5_000, 0)).toBe(true);
    expect(pause.met(4_000, 1_000)).toBe(false);
    expect(pause.met(4_100, 1_000)).toBe(false);
    expect(pause.met(9_000, 1_000)).toBe(true);
  });

  test('is too long for a pass that has no time for it, or for more than a minute where there is no deadline', () => {
    const pause = new Pause();
    pause.asked(60, 0);
    expect([pause.isTooLong(0, noDeadline), pause.isTooLong(0, deadline(59_000))]).toEqual([false, true]);
    pause.asked(61, 0);
    expect([pause.isTooLong(0, noDeadline), pause.isTooLong(0, deadline(62_000))]).toEqual([true, false]);
    expect(pause.isTooLong(61_000, noDeadline)).toBe(false);
  });

  test('in an endless row of short ones counts with those before, until a call has success', () => {
    const pause = new Pause();
    const tooLongAfter = (): number => {
      for (let n = 1; n <= 100; n++) {
        const now = n * 5_000;
        pause.asked(5, now);
        if (pause.isTooLong(now, noDeadline)) return n;
      }
      return Number.NaN;
    };
    expect(tooLongAfter()).toBe(13);
    pause.succeeded();
    expect(new Pause().isTooLong(0, noDeadline)).toBe(false);
    const other = new Pause();
    for (let n = 1; n <= 100; n++) {
      other.asked(5, n * 5_000);
      other.succeeded();
      expect(other.isTooLong(n * 5_000, noDeadline)).toBe(false);
    }
  });
});
