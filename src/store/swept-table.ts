import type { RawBuilder } from 'kysely';

/** A table whose due rows are deleted in ranges of an indexed column. */
export interface SweptTable {
  table: string;
  column: string;
  /** What is due, with the terms of the index's own condition. */
  due: RawBuilder<unknown>;
  /** How a person knows a row: an expression, null where it has no name. */
  name: RawBuilder<unknown>;
  figures: SweptFigures;
}

/** How the rows that go are counted for the figures of the day on which they were made. */
export interface SweptFigures {
  /** What a removal returns of each row. */
  of: RawBuilder<unknown>;
  /** A select from `gone`, the rows that went, with their number `n` in few rows. */
  kinds: RawBuilder<unknown>;
  /** A select from `kinds` of `day`, `metric` and `value`, as `addToDaily` wants it. */
  days: string;
}

/** Rows that the database does not let go. */
export interface Kept {
  /** Where each stands, part and ctid, so that one that is met again is known. */
  places: string[];
  example: { name: string | null; words: string } | null;
}

/** What was deleted of some rows. */
export interface Deleted {
  deleted: number;
  /** Whether a lock was met: then some may be left. */
  metLock: boolean;
  kept: Kept;
}

export const nothingKept: Kept = { places: [], example: null };
