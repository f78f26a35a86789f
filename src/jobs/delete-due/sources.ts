/** Where delete-due's work comes from: the pages of due records, and what chats are owed. */

import type { Source } from '../../engine/work.ts';
import type { JobContext } from '../../job/job.ts';
import { monotonicMs } from '../../process/clock.ts';
import {
  type DueRecord,
  type PageKey,
  readDueRecords,
  readNextDue,
  readOwedRecords,
} from '../../store/pending-deletions.ts';

/** So many records are read at once; those of one chat among them travel together. */
const pageSize = 1_000;

/** A pass that stays asks so often what is due, where nothing is known to become due before. */
export const askEveryMs = 5_000;

/** What is known to become due so soon after the stay is waited for: a pass a minute that stays 55 s would leave a gap. */
const afterStayMs = 5_000;

/** What is due is at hand or held by somebody: it is looked for again so much later. */
const againMs = 1_000;

/** Chats of one look at what is owed, and records of each: one more than the engine holds of a chat and has under way. */
const owedChats = 500;
const owedOfChat = 6;

/** The database's clock, as far as it was read. */
export class Now {
  #readAt = monotonicMs();
  #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Never moves but by `read` and `moveOn`, so that a record that is put off does not come back in the same pass. */
  get text(): string {
    return this.#text;
  }

  read(text: string): void {
    this.#text = text;
    this.#readAt = monotonicMs();
  }

  /** Up to the next millisecond: what was waited for to the microsecond has come. */
  moveOn(): void {
    const now = monotonicMs();
    const microseconds = Number(/\.\d{3}(\d{3})Z$/.exec(this.#text)?.[1] ?? 0);
    this.#text = new Date(Math.ceil(Date.parse(this.#text) + microseconds / 1000 + (now - this.#readAt))).toISOString();
    this.#readAt = now;
  }
}

/** Whether a pass stays on for what becomes due then. Both by `monotonicMs`. */
export function isSoonAfter(dueAt: number, stayUntil: number): boolean {
  return dueAt <= stayUntil + afterStayMs;
}

export class DueSource implements Source {
  more = true;
  /** `--limit` has no room for more. */
  full = false;
  readonly #context: JobContext;
  readonly #now: Now;
  readonly #waiting: () => number;
  readonly #take: (records: readonly DueRecord[]) => void;
  readonly #stayUntil: number;
  #after: PageKey | null = null;
  #wakeAt = 0;
  #asks = false;
  /** When the next record becomes due, as far as is known. */
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(
    context: JobContext,
    options: { now: Now; stayUntil: number; waiting(): number; take(records: readonly DueRecord[]): void },
  ) {
    this.#context = context;
    this.#now = options.now;
    this.#stayUntil = options.stayUntil;
    this.#waiting = options.waiting;
    this.#take = options.take;
  }

  get #stays(): boolean {
    return this.#stayUntil > 0 && (monotonicMs() < this.#stayUntil || isSoonAfter(this.#dueAt, this.#stayUntil));
  }

  get ended(): boolean {
    return this.full || (!this.more && !this.#stays);
  }

  wantedAt(now: number): number {
    if (this.more) return this.#waiting() < pageSize / 2 ? now : Number.POSITIVE_INFINITY;
    return this.#wakeAt;
  }

  async step(): Promise<void> {
    if (this.more) await this.#readPage();
    else if (this.#asks) await this.#ask();
    else this.#startOver();
  }

  async #readPage(): Promise<void> {
    const records = await readDueRecords(this.#context.db, this.#now.text, this.#after, pageSize);
    this.#after = records.at(-1) ?? this.#after;
    this.more = records.length === pageSize;
    this.#take(records);
    if (this.more) return;
    this.#asks = true;
    this.#wakeAt = 0;
  }

  /** Reads from the first record again: what is new may stand anywhere. */
  #startOver(): void {
    this.#now.moveOn();
    this.#after = null;
    this.more = true;
  }

  async #ask(): Promise<void> {
    const { db, job, runId, stop, lease } = this.#context;
    const askedAt = monotonicMs();
    const { now, leaseHeld, due, seconds } = await readNextDue(db, job, runId);
    if (!leaseHeld) stop.request('lease_lost');
    lease.renewed(askedAt);
    this.#now.read(now);
    const at = monotonicMs();
    this.#dueAt = seconds === null ? Number.POSITIVE_INFINITY : at + seconds * 1000;
    this.#asks = !due && this.#dueAt > at + askEveryMs;
    this.#wakeAt = Math.min(this.#dueAt, at + (due ? againMs : askEveryMs));
  }
}

export class OwedSource implements Source {
  readonly more = false;
  readonly #context: JobContext;
  readonly #now: Now;
  readonly #owed: () => number;
  readonly #take: (records: readonly DueRecord[]) => { taken: number; left: number };
  /** More may stand in the table than is at hand. */
  #maybeMore = true;
  #nextAt = 0;
  #after: string | null = null;
  /** Of this round through the chats. */
  #leftInRound = 0;

  constructor(
    context: JobContext,
    options: {
      now: Now;
      owed(): number;
      /** `left`: records for which there was no room. */
      take(records: readonly DueRecord[]): { taken: number; left: number };
    },
  ) {
    this.#context = context;
    this.#now = options.now;
    this.#owed = options.owed;
    this.#take = options.take;
  }

  get ended(): boolean {
    return !this.#maybeMore;
  }

  /** A notice stays in the table. */
  leaveOne(): void {
    this.#maybeMore = true;
    this.#leftInRound++;
  }

  wantedAt(): number {
    return this.#owed() < owedChats ? this.#nextAt : Number.POSITIVE_INFINITY;
  }

  async step(): Promise<void> {
    const limits = { chats: owedChats, ofChat: owedOfChat };
    const records = await readOwedRecords(this.#context.db, this.#now.text, this.#after, limits);
    const { taken, left } = this.#take(records);
    const chats = new Set(records.map(({ chat_id }) => chat_id)).size;
    // Of a chat with so many records there may be more.
    this.#leftInRound += left + (records.length > chats ? chats : 0);
    const isEndOfRound = chats < owedChats;
    this.#after = isEndOfRound ? null : (records.at(-1)?.chat_id ?? null);
    this.#nextAt = taken > 0 && !isEndOfRound ? 0 : monotonicMs() + againMs;
    if (!isEndOfRound) return;
    this.#maybeMore = this.#leftInRound + taken > 0;
    this.#leftInRound = 0;
  }
}
