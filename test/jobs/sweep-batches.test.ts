import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createStop } from '../../src/job/stop.ts';
import { Tally } from '../../src/job/tally.ts';
import { type DueRows, sweepBatches } from '../../src/jobs/sweep-batches.ts';
import type { RangeOptions } from '../../src/store/range-delete.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A table of so many due rows, of which a batch takes all that it is told in a time of the test's choosing. */
function table(
  due: number,
  msOf: (batch: number) => number = () => 1,
  metLock = false,
): DueRows & { asked: RangeOptions[] } {
  let left = due;
  const asked: RangeOptions[] = [];
  return {
    asked,
    async deleteRange(range) {
      asked.push(range);
      vi.advanceTimersByTime(msOf(asked.length));
      const deleted = Math.min(left, range.rows);
      left -= deleted;
      return {
        deleted,
        metLock,
        kept: { places: [], example: null },
        next: left === 0 ? null : { at: 'before', value: String(left) },
      };
    },
    asksForEachRow: async () => false,
    count: async () => left,
    lookAgain: async () => ({ deleted: 0, metLock: false, kept: { places: [], example: null } }),
  };
}

const tens = { first: 10, least: 10, most: 10 };

function context({ limit = null as number | null } = {}) {
  const counts = { deleted: 0, kept: 0 };
  const told: string[] = [];
  const progress = {
    wantsTotal: true,
    start: (total: number | null) => told.push(`of ${total}`),
    advance: (n: number) => told.push(String(n)),
    stop: () => told.push('end'),
  };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  return {
    limit,
    counts,
    progress,
    log,
    told,
    tally: new Tally(),
    stop: createStop(null, new AbortController().signal),
  };
}

test('each batch starts where the last one ended, until there is none', async () => {
  const rows = table(25);
  const work = context();
  const result = await sweepBatches(work, rows, tens);
  expect(rows.asked.map(({ from }) => from)).toEqual([
    { at: 'start' },
    { at: 'before', value: '15' },
    { at: 'before', value: '5' },
  ]);
  expect(result).toMatchObject({ failed: 0, succeeded: 25 });
  expect(work.counts).toEqual({ deleted: 25, kept: 0 });
  expect(work.stop.reason).toBeNull();
  expect(work.told).toEqual(['of null', '10', '10', '5', 'end']);
});

test.each([
  'deadline',
  'signal',
  'lease_lost',
] as const)('a stop (%s) ends it after the batch under way', async (reason) => {
  const work = context();
  const rows = table(100, (batch) => {
    if (batch === 2) work.stop.request(reason);
    return 1;
  });
  expect(await sweepBatches(work, rows, tens)).toMatchObject({ succeeded: 20 });
  expect(rows.asked).toHaveLength(2);
  expect(work.stop.reason).toBe(reason);
});

test('what is left is known without a count only at the end of a table in which no lock was met', async () => {
  const nothing = { due: 0, oldest_due_seconds: 0 };
  expect((await sweepBatches(context(), table(20), tens)).left).toEqual(nothing);
  expect((await sweepBatches(context(), table(20, undefined, true), tens)).left).toBeUndefined();
  expect((await sweepBatches(context({ limit: 15 }), table(20), tens)).left).toBeUndefined();
  const stopped = context();
  const rows = table(20, () => {
    stopped.stop.request('deadline');
    return 1;
  });
  expect((await sweepBatches(stopped, rows, tens)).left).toBeUndefined();
});

test('a limit is asked for exactly and is said to have been reached', async () => {
  const work = context({ limit: 25 });
  const rows = table(100);
  await sweepBatches(work, rows, tens);
  expect(rows.asked.map((range) => [range.rows, range.exact])).toEqual([
    [10, true],
    [10, true],
    [5, true],
  ]);
  expect(work.counts).toEqual({ deleted: 25, kept: 0 });
  expect(work.stop.reason).toBe('limit');
});

test('quick batches grow from their first size to the largest, and one of middling length keeps it', async () => {
  const sizesOf = async (ms: number): Promise<number[]> => {
    const rows = table(100, () => ms);
    await sweepBatches(context(), rows, { first: 10, least: 5, most: 40 });
    return rows.asked.map((range) => range.rows);
  };
  expect(await sizesOf(10)).toEqual([10, 20, 40, 40]);
  expect(await sizesOf(200)).toEqual(new Array(10).fill(10));
});

test('slow batches shrink, but not to nothing, and grow again', async () => {
  const rows = table(100_000, (batch) => (batch <= 8 ? 400 : 10));
  await sweepBatches(context(), rows, { first: 8_000, least: 500, most: 8_000 });
  const sizes = rows.asked.map((range) => range.rows);
  expect(sizes.slice(0, 8)).toEqual([8_000, 4_000, 2_000, 1_000, 500, 500, 500, 500]);
  expect(sizes.slice(8, 15)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  expect(rows.asked.every(({ exact }) => !exact)).toBe(true);
});

test('where others are asked for each row, it begins with one and goes by no page, however slow they are', async () => {
  const sizesOf = async (msARow: number): Promise<number[]> => {
    const rows = table(64, (batch) => msARow * (rows.asked[batch - 1]?.rows ?? 0));
    const outOfOrder = vi.fn();
    const pages = { outOfOrder, delete: vi.fn() };
    await sweepBatches(context(), { ...rows, pages, asksForEachRow: async () => true });
    expect(outOfOrder).not.toHaveBeenCalled();
    return rows.asked.map((range) => range.rows);
  };
  expect(await sizesOf(1)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  expect((await sizesOf(40)).every((rows) => rows <= 4)).toBe(true);
  expect(await sizesOf(1_000)).toEqual(new Array(64).fill(1));
});

test('work that proves long is counted once, so that the progress knows its end', async () => {
  const work = context();
  await sweepBatches(
    work,
    table(100, () => 700),
    tens,
  );
  expect(work.told.filter((line) => line.startsWith('of'))).toEqual(['of null', 'of 70']);
});
