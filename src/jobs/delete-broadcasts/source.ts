import type { Source } from '../../engine/work.ts';
import type { JobContext } from '../../job/job.ts';
import {
  failTooOldMessages,
  failUnnamedMessages,
  type LedgerRow,
  readLedgerPage,
  readSameChats,
} from '../../store/broadcast-messages.ts';
import {
  type Finished,
  finishBroadcasts,
  openLateBroadcasts,
  type Started,
  startBroadcasts,
} from '../../store/broadcasts.ts';

/** So many broadcasts are worked on together; their messages in one chat travel in one call. */
const broadcastsTogether = 20;

/** So many ledger rows are read at once. Two pages at most are held, however long the ledger. */
const pageSize = 1_000;

/** Rows past 48 hours are given up so many a statement. */
const tooOldBatch = 10_000;

export interface LedgerEnds {
  /** Chats that wait for a call. */
  waiting(): number;
  /** All that was read is settled and written down. */
  settled(): boolean;
  /** What `--limit` still allows. */
  left(): number;
  /** Broadcasts whose rows come next; those before them are finished. */
  started(broadcasts: readonly Started[]): void;
  /** Of rows that were read just now, those that are new: a tick before `work` may take the others out of the table. */
  hold(rows: readonly LedgerRow[]): LedgerRow[];
  work(rows: readonly LedgerRow[], isFull: boolean): void;
  tooOld(messages: number): void;
  /** Rows that name no chat or no message, one reason for each. */
  unnamed(reasons: readonly string[]): void;
  finished(broadcasts: readonly Finished[]): void;
}

/** Streams the ledgers of the expired broadcasts: some broadcasts, their pages, and when all is written down their end. */
export class LedgerSource implements Source {
  ended = false;
  more = false;
  readonly #context: JobContext;
  readonly #ends: LedgerEnds;
  #step: 'open' | 'page' | 'same_chats' | 'too_old' | 'finish' = 'open';
  #ids: string[] = [];
  #lastId: string | null = null;
  #after: LedgerRow | null = null;
  #page: readonly LedgerRow[] = [];
  #lookedForTooOld = false;
  #lookedForLate = false;

  constructor(context: JobContext, ends: LedgerEnds) {
    this.#context = context;
    this.#ends = ends;
  }

  wantedAt(now: number): number {
    const never = Number.POSITIVE_INFINITY;
    if (this.#step === 'page') return this.#ends.waiting() < pageSize / 2 ? now : never;
    return this.#step !== 'finish' || this.#ends.settled() ? now : never;
  }

  async step(): Promise<void> {
    switch (this.#step) {
      case 'open':
        return this.#open();
      case 'page':
        return this.#readPage();
      case 'same_chats':
        return this.#readSameChats();
      case 'too_old':
        return this.#giveUpTooOld();
      case 'finish':
        return this.#finish();
    }
  }

  async #open(): Promise<void> {
    const { db, now } = this.#context;
    let started = await startBroadcasts(db, now, this.#lastId, broadcastsTogether);
    this.#lastId = started.at(-1)?.id ?? this.#lastId;
    // Last, because there is seldom any.
    if (started.length === 0 && !this.#lookedForLate) {
      this.#lookedForLate = true;
      started = await openLateBroadcasts(db);
    }
    this.#ids = started.map(({ id }) => id);
    this.#ends.started(started);
    this.#after = null;
    this.#lookedForTooOld = false;
    this.more = this.#ids.length > 0;
    this.ended = !this.more || this.#ends.left() <= 0;
    this.#step = 'page';
  }

  async #readPage(): Promise<void> {
    const { db, now } = this.#context;
    const size = Math.min(pageSize, this.#ends.left());
    const page = size > 0 ? await readLedgerPage(db, now, this.#ids, this.#after, size) : [];
    this.#after = page.at(-1) ?? this.#after;
    this.more = page.length === size && size > 0;
    this.#page = this.#ends.hold(page);
    if (this.#ids.length > 1 && this.#page.length > 0) this.#step = 'same_chats';
    else this.#takePage([]);
  }

  /** What the other broadcasts put into the same chats travels in the same calls. */
  async #readSameChats(): Promise<void> {
    const { db, now } = this.#context;
    const chats = [...new Set(this.#page.map(({ chat_id }) => chat_id))];
    this.#takePage(this.#ends.hold(await readSameChats(db, now, this.#ids, chats)));
  }

  #takePage(others: readonly LedgerRow[]): void {
    this.#ends.work([...this.#page, ...others], this.more);
    this.#page = [];
    // After the first page, so that calls begin before.
    if (!this.#lookedForTooOld) this.#step = 'too_old';
    else this.#step = this.more ? 'page' : 'finish';
  }

  async #giveUpTooOld(): Promise<void> {
    const { db, now } = this.#context;
    const batch = Math.min(tooOldBatch, this.#ends.left());
    const failed = batch > 0 ? await failTooOldMessages(db, now, this.#ids, batch) : 0;
    if (failed > 0) return this.#ends.tooOld(failed);
    this.#lookedForTooOld = true;
    this.#step = this.more ? 'page' : 'finish';
  }

  async #finish(): Promise<void> {
    const { db } = this.#context;
    const unnamed = await failUnnamedMessages(db, this.#ids);
    if (unnamed.length > 0) this.#ends.unnamed(unnamed);
    this.#ends.finished(await finishBroadcasts(db, this.#ids));
    this.#step = 'open';
    this.ended = this.#ends.left() <= 0;
  }
}
