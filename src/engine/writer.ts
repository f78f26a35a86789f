/** What became of rows, written down by ticks: the only one that writes a sweep's tables in a pass. */
import type { Kysely } from 'kysely';
import { monotonicMs } from '../process/clock.ts';
import type { CallCounts } from '../process/summary.ts';
import type { Figures } from '../store/daily-counts.ts';
import { keptInSilence, LockTimeoutError, type RowFault, rowFault } from '../store/database-error.ts';
import type { Database } from '../store/schema.ts';
import { runTick, type TickAnswer, type TickRequest, type TickWrites } from '../store/tick.ts';

/** One change to one row. */
export interface Write {
  /** Names the row. */
  readonly key: string;
  /** Committed on disk before anything is done about it. */
  readonly durable: boolean;
  /** Worth a tick of its own: until then a kill leaves a claim in doubt whose answer is known. */
  readonly urgent: boolean;
  /** Takes a claim back: with a new claim of the same row it is as if neither had been asked for. */
  readonly releases: boolean;
  /** What it adds to the figures of the day where it is done. */
  readonly figures: Figures;
}

/** How a job's rows are written. */
export interface Table<W extends Write> {
  writes(writes: readonly W[]): TickWrites;
  /** One write for what two asked for, the later one asked for last. */
  merge(former: W, later: W): W;
  /** What to write where the database refuses a write by itself; null where the row is to be left as it is. */
  refused(write: W, fault: RowFault): W | null;
}

/** What became of a write: `refused` where the database does not take it, or a claim that another pass or a lock kept away. */
export type Written = 'done' | 'gone' | 'refused';

/** What somebody's lock keeps from being written gets another chance so much later. */
const lockedPauseMs = 300;

type TickOptions = Omit<TickRequest, 'durable' | 'lockMs'>;

interface Pending<W> {
  write: W;
  since: number;
  /** Its row is locked: not before. */
  notBefore: number;
  /** A lock that cannot be passed over held it up: it gets a statement of its own. */
  apart: boolean;
}

export class Writer<W extends Write> {
  readonly #db: Kysely<Database>;
  readonly #table: Table<W>;
  readonly #written: (write: W, result: Written) => void;
  readonly #counted: (made: CallCounts) => void;
  #pending = new Map<string, Pending<W>>();
  /** Of the pending ones, those that a lock holds up. */
  #locked = 0;
  #urgent = 0;

  /** @param told of each write's end, and of calls that a statement has added to the figures, as soon as it has */
  constructor(
    db: Kysely<Database>,
    table: Table<W>,
    told: { written: (write: W, result: Written) => void; counted: (made: CallCounts) => void },
  ) {
    this.#db = db;
    this.#table = table;
    this.#written = told.written;
    this.#counted = told.counted;
  }

  put(write: W): void {
    this.#add({ write, since: monotonicMs(), notBefore: 0, apart: false });
  }

  /** Takes back a release that no statement has begun with: its claim still stands. */
  keepClaim(key: string): boolean {
    const pending = this.#pending.get(key);
    if (pending === undefined || !pending.write.releases) return false;
    this.#drop(pending);
    return true;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Those that can be written now: how many, since when the oldest waits, and whether one is urgent. */
  state(): { count: number; oldestAt: number; urgent: boolean } {
    const [oldest] = this.#pending.values();
    const count = this.#pending.size - this.#locked;
    return { count, oldestAt: oldest?.since ?? Number.POSITIVE_INFINITY, urgent: this.#urgent > 0 };
  }

  /** Nothing is left to write but rows that a lock has held up for so long. */
  isHeldUp(ms: number): boolean {
    const since = Math.max(...[...this.#pending.values()].map((pending) => pending.since));
    return this.#pending.size === this.#locked && monotonicMs() - since >= ms;
  }

  /** When the first of those that a lock holds up may be tried again; Infinity where there is none. */
  get lockedUntil(): number {
    if (this.#locked === 0) return Number.POSITIVE_INFINITY;
    return Math.min(...[...this.#pending.values()].map(({ notBefore }) => notBefore || Number.POSITIVE_INFINITY));
  }

  /**
   * One statement: what is pending, and what the request asks for. Only where the database refuses a row or a lock holds one
   * up, some more: halves, until the rows at fault are alone.
   */
  async tick(request: TickOptions): Promise<TickAnswer> {
    const now = monotonicMs();
    const batch = [...this.#pending.values()].filter(({ notBefore }) => notBefore <= now);
    for (const pending of batch) this.#drop(pending);
    const together = batch.filter(({ apart }) => !apart);
    const answer = await this.#together(request, together);
    const alone = { ...request, renew: false, calls: 0, pauseSeconds: null, made: null };
    for (const pending of batch) if (pending.apart) await this.#halves(alone, [pending]);
    return answer;
  }

  async #together(request: TickOptions, batch: Pending<W>[]): Promise<TickAnswer> {
    try {
      return await this.#run({ ...request, lockMs: 1_000 }, batch);
    } catch (error) {
      if (batch.length === 0 || !isOfRows(error)) throw error;
      const answer = await this.#run({ ...request, lockMs: 10_000 }, []);
      await this.#halves({ ...request, renew: false, calls: 0, pauseSeconds: null, made: null }, batch, error);
      return answer;
    }
  }

  async #halves(request: TickOptions, batch: Pending<W>[], met: unknown = null): Promise<void> {
    let error = met;
    if (error === null) {
      try {
        await this.#run({ ...request, lockMs: 50 }, batch);
        return;
      } catch (caught) {
        if (!isOfRows(caught)) throw caught;
        error = caught;
      }
    }
    const [only] = batch;
    if (only !== undefined && batch.length === 1) return this.#atFault(only, error);
    const half = Math.ceil(batch.length / 2);
    await this.#halves(request, batch.slice(0, half));
    await this.#halves(request, batch.slice(half));
  }

  #atFault(pending: Pending<W>, error: unknown): void {
    const fault = rowFault(error);
    if (fault === null) {
      this.#add({ ...pending, apart: true, notBefore: monotonicMs() + lockedPauseMs });
      return;
    }
    this.#refused(pending.write, fault);
  }

  #refused(write: W, fault: RowFault): void {
    const instead = this.#table.refused(write, fault);
    if (instead === null) this.#written(write, 'refused');
    else this.put(instead);
  }

  async #run(request: Omit<TickRequest, 'durable'>, batch: readonly Pending<W>[]): Promise<TickAnswer> {
    const writes = batch.map(({ write }) => write);
    const durable = writes.some((write) => write.durable);
    const carried = writes.length === 0 ? null : this.#table.writes(writes);
    const counted = writes.map(({ figures }) => figures);
    const answer = await runTick(this.#db, { ...request, durable }, carried, counted);
    if (request.made !== null) this.#counted(request.made);
    const notBefore = monotonicMs() + lockedPauseMs;
    for (const [n, pending] of batch.entries()) {
      if (answer.done.has(n)) this.#written(pending.write, 'done');
      else if (answer.gone.has(n)) this.#written(pending.write, 'gone');
      else if (answer.kept.has(n)) this.#refused(pending.write, keptInSilence);
      else this.#notDone(pending, notBefore);
    }
    return answer;
  }

  /** Its row stands and was passed over: somebody holds it locked, or a claim on it was refused. */
  #notDone(pending: Pending<W>, notBefore: number): void {
    if (pending.write.durable) this.#written(pending.write, 'refused');
    else this.#add({ ...pending, notBefore });
  }

  #add(pending: Pending<W>): void {
    const { key } = pending.write;
    const other = this.#pending.get(key);
    if (other === undefined) {
      this.#enter(pending);
      return;
    }
    // What comes back from a statement is the earlier of the two.
    const [former, later] = pending.notBefore > 0 ? [pending, other] : [other, pending];
    this.#drop(other);
    this.#enter({ ...former, write: this.#table.merge(former.write, later.write) });
  }

  #enter(pending: Pending<W>): void {
    this.#pending.set(pending.write.key, pending);
    if (pending.notBefore > 0) this.#locked++;
    else if (pending.write.urgent) this.#urgent++;
  }

  #drop(pending: Pending<W>): void {
    this.#pending.delete(pending.write.key);
    if (pending.notBefore > 0) this.#locked--;
    else if (pending.write.urgent) this.#urgent--;
  }
}

/** Whether a row is at fault, or a lock that could not be passed over: then the others can be written without it. */
function isOfRows(error: unknown): boolean {
  return error instanceof LockTimeoutError || rowFault(error) !== null;
}
