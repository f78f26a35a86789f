import type { JobContext, JobResult } from '../job.ts';
import type { Place, RangeDeleted, RangeOptions } from '../store/range-delete.ts';

/** Rows a batch. */
export interface BatchSizes {
  first: number;
  least: number;
  most: number;
}

/** A first batch that is short even where every row lies on a page of its own, and few statements for millions of rows. */
const usualSizes: BatchSizes = { first: 10_000, least: 500, most: 200_000 };

/** A batch that took longer is followed by one half as large, far from the second that a transaction may take. */
const slowMs = 300;

/** A batch that took less is followed by one twice as large. */
const fastMs = 100;

/** Work that takes longer than this is worth a count of what is to come. */
const longMs = 2_000;

/** The due rows of one table. */
export interface Sweep {
  deleteRange(range: RangeOptions): Promise<RangeDeleted>;
  /** For the progress of long work. */
  count(): Promise<number>;
}

/** Deletes in batches, each its own short transaction, until nothing is left or the pass is to stop. */
export async function sweepBatches(
  { limit, stop, counts, progress }: Pick<JobContext, 'limit' | 'stop' | 'counts' | 'progress'>,
  sweep: Sweep,
  sizes = usualSizes,
): Promise<JobResult> {
  let left = limit ?? Number.POSITIVE_INFINITY;
  let from: Place = { at: 'start' };
  let rows = sizes.first;
  let counted = false;
  let metLock = false;
  let ended = false;
  const startedAt = performance.now();
  progress.start(null, 'rows');
  try {
    while (left > 0 && stop.reason === null) {
      const batchAt = performance.now();
      const batch: RangeDeleted = await sweep.deleteRange({ from, rows: Math.min(rows, left), exact: limit !== null });
      counts.deleted = (counts.deleted ?? 0) + batch.deleted;
      left -= batch.deleted;
      progress.advance(batch.deleted);
      metLock ||= batch.metLock;
      ended = batch.next === null;
      if (batch.next === null) break;
      from = batch.next;
      rows = nextSize(rows, performance.now() - batchAt, sizes);
      if (!counted && performance.now() - startedAt > longMs) {
        counted = true;
        progress.start(Math.min(await sweep.count(), left), 'rows');
      }
    }
  } finally {
    progress.stop();
  }
  if (left <= 0) stop.request('limit');
  const result = { failed: 0, succeeded: counts.deleted ?? 0 };
  return ended && !metLock ? { ...result, left: { due: 0, oldest_due_seconds: 0 } } : result;
}

function nextSize(rows: number, ms: number, { least, most }: BatchSizes): number {
  if (ms > slowMs) return Math.max(Math.ceil(rows / 2), least);
  return ms < fastMs ? Math.min(rows * 2, most) : rows;
}
