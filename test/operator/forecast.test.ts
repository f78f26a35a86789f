import { describe, expect, test } from 'vitest';
import { forecast } from '../../src/operator/health/forecast.ts';

const group = (seconds: number, calls: number, messages = calls) => ({ seconds, calls, messages });
const never = Number.POSITIVE_INFINITY;

describe('a forecast', () => {
  test('of nothing', () => {
    expect(forecast([{ startsInSeconds: 30, groups: [] }], 25, 0)).toEqual([
      { calls: 0, endsInSeconds: 0, pastAlready: 0, passFirst: 0, passWithinHour: 0 },
    ]);
  });

  test('ends when its calls are made, counted from the start of its pass or the end of a pause', () => {
    const queue = { startsInSeconds: 60, groups: [group(never, 250)] };
    expect(forecast([queue], 25, 0)[0]).toMatchObject({ calls: 250, endsInSeconds: 70 });
    expect(forecast([queue], 25, 600)[0]).toMatchObject({ calls: 250, endsInSeconds: 610 });
  });

  test('works on what passes 48 hours first, and on what cannot be reached in time not at all', () => {
    // 10 s at 10 calls a second: of the first 150, 100 are made; then the second group has all its time.
    const groups = [group(500, 100), group(10, 150, 300), group(-1, 1_000, 7)];
    expect(forecast([{ startsInSeconds: 0, groups }], 10, 0)[0]).toEqual({
      calls: 200,
      endsInSeconds: 20,
      pastAlready: 7,
      passFirst: 100,
      passWithinHour: 100,
    });
  });

  test('of two jobs: they share the rate while both have work, and the later starter joins', () => {
    const [first, second] = forecast(
      [
        { startsInSeconds: 0, groups: [group(never, 100)] },
        { startsInSeconds: 5, groups: [group(never, 100)] },
      ],
      10,
      0,
    );
    // 5 s alone make 50, then 5 a second each: the first has 10 s more, the second then 50 left at 10 a second.
    expect(first).toMatchObject({ calls: 100, endsInSeconds: 15 });
    expect(second).toMatchObject({ calls: 100, endsInSeconds: 20 });
  });

  test('tells what passes within the hour from what passes later', () => {
    const groups = [group(3_600, 1, 5), group(3_601, 1, 6)];
    expect(forecast([{ startsInSeconds: 0, groups }], 10, 7_200)[0]).toMatchObject({
      calls: 0,
      passFirst: 11,
      passWithinHour: 5,
    });
  });
});
