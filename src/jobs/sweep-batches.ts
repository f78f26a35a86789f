import type { JobContext, JobResult } from '../job.ts';

/** Rows a batch: about a tenth of a second of work, and few enough statements for millions of rows. */
const batchSize = 50_000;

/** One batch in key order. */
export interface Batch {
  deleted: number;
  /** Where the next batch starts; null when there is none. */
  next: string | null;
}

/**
 * Deletes in batches, each its own short transaction, until nothing is left or the pass is to stop.
 * @param total what is due, for the progress
 * @param deleteBatch deletes about `rows` rows from a key on, never more
 */
export async function sweepBatches(
  { limit, stop, counts, progress }: JobContext,
  total: number,
  deleteBatch: (from: string | null, rows: number) => Promise<Batch>,
): Promise<JobResult> {
  let left = limit ?? Number.POSITIVE_INFINITY;
  let from: string | null = null;
  progress.start(total, 'rows');
  try {
    while (left > 0 && stop.reason === null) {
      const batch: Batch = await deleteBatch(from, Math.min(batchSize, left));
      counts.deleted = (counts.deleted ?? 0) + batch.deleted;
      left -= batch.deleted;
      progress.advance(batch.deleted);
      if (batch.next === null) break;
      from = batch.next;
    }
  } finally {
    progress.stop();
  }
  if (left <= 0) stop.request('limit');
  return { failed: 0, succeeded: counts.deleted ?? 0 };
}
