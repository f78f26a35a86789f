import type { Place, RangeDeleted, RangeOptions } from '../../src/store/range-delete.ts';

export type DeleteRange = (range: RangeOptions) => Promise<RangeDeleted>;

/** Sweeps as a pass does; each range's count. Ends with an error where a sweep would go on for ever. */
export async function sweep(deleteRange: DeleteRange, rows: number, exact = false): Promise<number[]> {
  const deleted: number[] = [];
  let from: Place = { at: 'start' };
  for (let ranges = 0; ranges < 1_000; ranges++) {
    const range: RangeDeleted = await deleteRange({ from, rows, exact });
    deleted.push(range.deleted);
    if (range.next === null) return deleted;
    from = range.next;
  }
  throw new Error(`no end after ranges of ${deleted.join()}`);
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
