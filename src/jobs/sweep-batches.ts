import type { JobContext, JobResult } from '../job/job.ts';
import { keptInSilence } from '../store/database-error.ts';
import type { Place, RangeDeleted, RangeOptions } from '../store/range-delete.ts';
import type { Deleted, Kept } from '../store/swept-table.ts';

/** Rows a batch. */
export interface BatchSizes {
  first: number;
  least: number;
  most: number;
}

/** A first batch that is short even where every row lies on a page of its own, and few statements for millions of rows. */
const usualSizes: BatchSizes = { first: 10_000, least: 500, most: 200_000 };

/** What asks others for each row may take a second for one. */
const carefulSizes: BatchSizes = { first: 1, least: 1, most: 200_000 };

/** A batch that took longer is followed by one half as large, far from the second that a transaction may take. */
const slowMs = 300;

/** A batch that took less is followed by one twice as large. */
const fastMs = 100;

/** Work that takes longer than this is worth a count of what is to come. */
const longMs = 2_000;

/** Out of order each row may lie on a page of its own: so many are taken by the index, and where there are more, by pages. */
const fewRows = 1_000;

/** Pages of the first of the batches that go by pages. */
const firstPages = 1_000;

/** What is counted of them. */
export const rowCounts = { deleted: 0, kept: 0 };

/** The due rows of one table. */
export interface DueRows {
  deleteRange(range: RangeOptions): Promise<RangeDeleted>;
  /** Whether triggers or other tables are asked for each row that goes. */
  asksForEachRow(): Promise<boolean>;
  /** For a table that may be swept page by page. */
  pages?: {
    /** How many there are, where that is quicker than by the index; else null. */
    outOfOrder(): Promise<number | null>;
    delete(from: number, to: number): Promise<Deleted>;
  };
  /** For the progress of long work; null where it takes too long. */
  count(): Promise<number | null>;
  /** What is still there though all was asked to go: the database may keep rows without a word. */
  lookAgain(): Promise<Deleted>;
}

type RowContext = JobContext<typeof rowCounts>;

/** Deletes in batches, each its own short transaction, until nothing is left or the pass is to stop. */
export async function sweepBatches(
  {
    limit,
    stop,
    counts,
    progress,
    log,
    tally,
  }: Pick<RowContext, 'limit' | 'stop' | 'counts' | 'progress' | 'log' | 'tally'>,
  due: DueRows,
  sizesWhereFree = usualSizes,
): Promise<JobResult> {
  const kept = new KeptRows(log, counts);
  let left = limit ?? Number.POSITIVE_INFINITY;
  let from: Place = { at: 'start' };
  const asks = await due.asksForEachRow();
  const sizes = asks ? carefulSizes : sizesWhereFree;
  let rows = sizes.first;
  let counted = false;
  let metLock = false;
  let ended = false;
  const pages = limit === null && !asks ? ((await due.pages?.outOfOrder()) ?? null) : null;
  if (pages !== null) rows = Math.min(rows, fewRows);
  const startedAt = performance.now();
  progress.start(null, 'rows');
  try {
    while (left > 0 && stop.reason === null) {
      const batchAt = performance.now();
      const batch: RangeDeleted = await due.deleteRange({ from, rows: Math.min(rows, left), exact: limit !== null });
      counts.deleted += batch.deleted;
      left -= batch.deleted;
      progress.advance(batch.deleted);
      metLock ||= batch.metLock;
      kept.add(batch.kept);
      ended = batch.next === null;
      if (batch.next === null) break;
      from = batch.next;
      rows = nextSize(rows, performance.now() - batchAt, sizes);
      if (pages !== null) {
        const swept = await sweepPages({ stop, counts, progress }, due, pages, kept);
        metLock ||= swept.metLock;
        ended = swept.ended;
        break;
      }
      if (!counted && progress.wantsTotal && performance.now() - startedAt > longMs) {
        counted = true;
        const total = await due.count();
        if (total !== null) progress.start(Math.min(total, left), 'rows');
      }
    }
    if (ended && limit === null && !metLock && !kept.aloud) {
      const again = await due.lookAgain();
      counts.deleted += again.deleted;
      kept.add(again.kept);
    }
  } finally {
    progress.stop();
  }
  if (left <= 0) stop.request('limit');
  tally.failed('held_by_database', kept.rows);
  const result = { failed: kept.rows, succeeded: counts.deleted };
  return ended && !metLock && kept.rows === 0 ? { ...result, left: { due: 0, oldest_due_seconds: 0 } } : result;
}

/** Rows that the database does not let go: each counted once, the first told of. */
class KeptRows {
  /** Some were refused by an error, which asking again would meet again. */
  aloud = false;
  readonly #places = new Set<string>();
  readonly #log: RowContext['log'];
  readonly #counts: RowContext['counts'];

  constructor(log: RowContext['log'], counts: RowContext['counts']) {
    this.#log = log;
    this.#counts = counts;
  }

  get rows(): number {
    return this.#places.size;
  }

  add({ places, example }: Kept): void {
    const isFirst = this.#places.size === 0;
    for (const place of places) this.#places.add(place);
    this.#counts.kept = this.#places.size;
    this.aloud ||= example !== null && example.words !== keptInSilence.words;
    if (!isFirst || example === null) return;
    const { name, words } = example;
    this.#log.warn(
      { failure: 'held_by_database', detail: words },
      `the database does not let a row go, ${name ?? 'which has no name'}: ${words}; it is kept, and others like it are counted`,
    );
  }
}

/** What moves to another page meanwhile is for the next pass. */
async function sweepPages(
  { stop, counts, progress }: Pick<RowContext, 'stop' | 'counts' | 'progress'>,
  due: DueRows,
  pages: number,
  kept: KeptRows,
): Promise<{ ended: boolean; metLock: boolean }> {
  let size = firstPages;
  let metLock = false;
  let from = 0;
  while (from < pages && stop.reason === null) {
    const batchAt = performance.now();
    const to = Math.min(pages, from + size);
    const batch = await due.pages?.delete(from, to);
    const deleted = batch?.deleted ?? 0;
    counts.deleted += deleted;
    progress.advance(deleted);
    metLock ||= batch?.metLock === true;
    if (batch !== undefined) kept.add(batch.kept);
    from = to;
    size = nextSize(size, performance.now() - batchAt, { least: 1, most: 20_000 });
  }
  return { ended: from >= pages, metLock };
}

function nextSize(rows: number, ms: number, { least, most }: Omit<BatchSizes, 'first'>): number {
  if (ms > slowMs) return Math.max(Math.ceil(rows / 2), least);
  return ms < fastMs ? Math.min(rows * 2, most) : rows;
}
