/**
 * Makes a sweep's calls: one scheduler, and one writer whose every statement is a tick. Many calls are under way at once,
 * but one statement. Nothing waits for a chat but what is owed to that chat.
 */
import type { Kysely } from 'kysely';
import TinyQueue from 'tinyqueue';
import type { JobContext, Telegram } from '../job/job.ts';
import { monotonicMs } from '../process/clock.ts';
import { rememberBot } from '../store/bots.ts';
import { briefCount } from '../store/brief-count.ts';
import { startCooldown } from '../store/budgets.ts';
import type { Database } from '../store/schema.ts';
import type { TickAnswer } from '../store/tick.ts';
import type { Outcome } from '../telegram/outcome.ts';
import { Answers } from './answers.ts';
import { DatabaseClock } from './database-clock.ts';
import { Owed } from './owed.ts';
import { Pause } from './pause.ts';
import { type Plan, plan, sendShare, sendsMayGo } from './plan.ts';
import { Slots } from './slots.ts';
import { TickTime } from './tick-time.ts';
import { type Doubted, Witness } from './witness.ts';
import type { Call, Send, Source } from './work.ts';
import { type Table, type Write, Writer, type Written } from './writer.ts';

/** Calls under way: enough for the budget where Telegram takes seconds to answer. */
const mostUnderWay = 64;

/** At the end of a pass a lock on a row is waited for so long. */
const lockedAtEndMs = 3_000;

const never = Number.POSITIVE_INFINITY;

export interface EngineOptions<W extends Write> {
  table: Table<W>;
  /** Told of every write but claims and releases. */
  onWritten?: (write: W, result: Written) => void;
}

/** A call that waits for a slot, with its deadline, which does not move meanwhile. */
interface Waiting {
  turn: number;
  deadline: number;
  call: Call;
}

export class Engine<W extends Write, S extends Send<W> = Send<W>> {
  readonly #context: JobContext;
  readonly #telegram: Telegram;
  readonly #onWritten: (write: W, result: Written) => void;
  readonly #writer: Writer<W>;
  readonly #slots: Slots;
  readonly #clock = new DatabaseClock();
  readonly #tickTime = new TickTime();
  readonly #pause = new Pause();
  readonly #answers: Answers;
  readonly #witness: Witness;
  readonly #owed = new Owed<S>();
  readonly #calls = new TinyQueue<Waiting>([], inOrder);
  readonly #sources: Source[] = [];
  readonly #chores: (() => Promise<void>)[] = [];
  /** Sends whose claim is with the writer, by the key of the write. */
  readonly #claiming = new Map<string, S>();
  #turn = 0;
  #underWay = 0;
  #callsSinceSend = sendShare;
  #sendsHeld = false;
  #statementRuns = false;
  #lastWasTick = false;
  /** The database is what failed: it is asked no more. */
  #cannotWrite = false;
  #flushUntil = never;
  #failure: { error: unknown } | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isToAdvance = false;
  #end: (() => void) | null = null;

  constructor(context: JobContext, telegram: Telegram, { table, onWritten = () => {} }: EngineOptions<W>) {
    this.#context = context;
    this.#telegram = telegram;
    this.#onWritten = onWritten;
    this.#writer = new Writer(context.db, table, {
      written: (write, result) => this.#written(write, result),
      counted: (made) => context.uncounted.counted(made),
    });
    this.#slots = new Slots(context.settings.ratePerSecond);
    this.#answers = new Answers(telegram, context.stop);
    this.#witness = new Witness({ worked: telegram.worked, inARow: telegram.refusedInARow });
  }

  /** Calls that wait for a slot. */
  get waiting(): number {
    return this.#calls.length;
  }

  /** Sends that wait for their claim. */
  get owed(): number {
    return this.#owed.size;
  }

  /** Nothing waits, is under way or is to be written. */
  get settled(): boolean {
    return this.#sendsAndCalls + this.#writer.size === 0;
  }

  get #sendsAndCalls(): number {
    const sends = this.#owed.size + this.#owed.claimedCount + this.#claiming.size;
    return this.#calls.length + this.#underWay + sends + this.#chores.length;
  }

  /** As `settled`; but rows that somebody holds locked are waited for no longer than at the end of a pass. */
  get settledButLocked(): boolean {
    return this.settled || (this.#sendsAndCalls === 0 && this.#writer.isHeldUp(lockedAtEndMs));
  }

  call(call: Call): void {
    this.#calls.push({ turn: this.#turn++, deadline: call.deadline, call });
  }

  /** @returns false where there is no room for it at hand */
  owe(send: S): boolean {
    return this.#owed.add(send, monotonicMs());
  }

  put(write: W): void {
    this.#writer.put(write);
  }

  addSource(source: Source): void {
    this.#sources.push(source);
  }

  /** @param items null where they are not known: then somebody who watches is told what a count finds meanwhile */
  startProgress(unit: string, items: number | null, count: (db: Kysely<Database>) => Promise<number>): void {
    const { db, progress } = this.#context;
    progress.start(items, unit);
    if (items !== null || !progress.wantsTotal) return;
    this.chore(async () => {
      const total = await briefCount(db, count);
      if (total !== null) progress.start(total, unit);
    });
  }

  /** A statement that can wait for a gap between ticks. */
  chore(statement: () => Promise<void>): void {
    this.#chores.push(statement);
  }

  /** While held, nothing is claimed. */
  holdSends(held: boolean): void {
    this.#sendsHeld = held;
  }

  /** Takes out what is owed to a chat, or to all, and is not claimed. */
  takeOwed(chatId?: string): S[] {
    return this.#owed.take(chatId);
  }

  /** Hears of a refusal that a wrong or frozen bot would meet as well: it is decided on beside a witness, or when the pass ends. */
  doubt(doubted: Doubted): void {
    if (this.#witness.refused(doubted)) this.#fail(this.#answers.botAtFault(this.#witness.commonestWords));
  }

  /**
   * Works until all is done or the pass is to stop, and until what Telegram answered is written down.
   * @throws what ended the work: UnavailableError, TokenRefusedError, SettingsError
   */
  async run(): Promise<void> {
    const { signal } = this.#context.stop;
    // Not at once: what stops the pass may do so from within `#advance`.
    const wake = (): void => this.#advanceSoon();
    signal.addEventListener('abort', wake, { once: true });
    await new Promise<void>((resolve) => {
      this.#end = resolve;
      this.#advance();
    });
    clearTimeout(this.#timer);
    signal.removeEventListener('abort', wake);
    if (!this.#cannotWrite && this.#context.calls.calls > 0) await this.#remember();
    if (this.#failure !== null) throw this.#failure.error;
    this.#answers.check();
  }

  #remember(): Promise<void> {
    const { db, job } = this.#context;
    const { botId, oneByOne } = this.#telegram;
    const { worked, inARow: refusedInARow } = this.#witness;
    return rememberBot(db, job, { botId, worked, refusedInARow, oneByOne });
  }

  /** Does what can be done now, and sets the timer for what comes next. Called after everything that happens. */
  #advance(): void {
    if (this.#end === null) return;
    const now = monotonicMs();
    const stopping = this.#failure !== null || this.#context.stop.reason !== null;
    if (stopping) {
      // What a pass that lost its lease cannot write belongs to another.
      const patienceMs = this.#context.stop.reason === 'lease_lost' ? 0 : lockedAtEndMs;
      this.#flushUntil = Math.min(this.#flushUntil, now + patienceMs);
      this.#unclaim(now);
    } else this.#dispatch(now);
    if (this.#witness.holds && this.#underWay === 0 && (stopping || this.#isWaitingForWitness)) this.#decide();
    let wakeAt = stopping ? never : this.#nextDispatchAt(now);
    if (!this.#statementRuns) wakeAt = Math.min(wakeAt, stopping ? this.#flush(now) : this.#nextStatement(now));
    if (!this.#statementRuns && this.#isOver(now, stopping)) {
      const end = this.#end;
      this.#end = null;
      end();
      return;
    }
    clearTimeout(this.#timer);
    if (wakeAt !== never) this.#timer = setTimeout(() => this.#advance(), Math.max(1, Math.ceil(wakeAt - now)));
  }

  /** Once for all that a turn of the event loop answered: 7 % of the CPU at full speed. Safe from within `#advance`. */
  #advanceSoon(): void {
    if (this.#isToAdvance) return;
    this.#isToAdvance = true;
    setImmediate(() => {
      this.#isToAdvance = false;
      this.#advance();
    });
  }

  /** Nothing that was read is left but refusals that nobody has decided on. */
  get #isWaitingForWitness(): boolean {
    return this.settled && this.#sources.every(({ ended, more }) => ended || !more);
  }

  #decide(): void {
    if (this.#witness.decide()) this.#fail(this.#answers.botAtFault(this.#witness.commonestWords));
  }

  #isOver(now: number, stopping: boolean): boolean {
    if (this.#underWay > 0 || this.#witness.holds) return false;
    if (stopping) {
      const { count } = this.#writer.state();
      return this.#cannotWrite || this.#writer.size === 0 || (count === 0 && now >= this.#flushUntil);
    }
    if (!this.#sources.every(({ ended }) => ended)) return false;
    if (this.settled) return true;
    // Nothing is left but rows that somebody holds locked.
    const locked = this.#writer.state().count === 0 && this.#writer.size > 0;
    if (!locked || this.#calls.length + this.#owed.size + this.#owed.claimedCount > 0) return false;
    this.#flushUntil = Math.min(this.#flushUntil, now + lockedAtEndMs);
    return now >= this.#flushUntil;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#context.stop.request('error');
  }

  // Calls

  #dispatch(now: number): void {
    if (now < this.#pause.until) return;
    while (this.#underWay < mostUnderWay) {
      const slot = this.#slots.nextAt(now);
      if (slot === null || slot > now) return;
      const send = this.#sendIsNext(now) ? this.#owed.send(now) : undefined;
      if (send !== undefined) {
        this.#slots.take(now);
        this.#callsSinceSend = 0;
        this.#makeSend(send);
        continue;
      }
      const next = this.#calls.pop();
      if (next === undefined) return;
      if (!next.call.prepare(now)) continue;
      this.#slots.take(now);
      this.#callsSinceSend++;
      this.#makeCall(next.call);
    }
  }

  #sendIsNext(now: number): boolean {
    if (this.#owed.claimedCount === 0) return false;
    const next = this.#calls.peek();
    if (next === undefined) return true;
    const free = this.#calls.length;
    return this.#callsSinceSend >= sendShare - 1 && sendsMayGo({ free, deadline: next.deadline }, now);
  }

  /** When a slot and something to use it for meet. */
  #nextDispatchAt(now: number): number {
    const slot = this.#slots.nextAt(now);
    if (slot === null || this.#underWay >= mostUnderWay) return never;
    const ready = this.#calls.length > 0 ? 0 : this.#owed.claimedReadyAt;
    return Math.max(slot, ready, this.#pause.until);
  }

  #makeCall(call: Call): void {
    void this.#make(call, (outcome) => {
      if (outcome.kind === 'rate_limited') {
        this.call(call);
        this.#paused(outcome.retryAfterSeconds);
        return;
      }
      const refusal = this.#answers.refusal(outcome);
      if (refusal !== null) throw refusal;
      call.answered(outcome);
    });
  }

  #makeSend(send: S): void {
    void this.#make(send, (outcome) => {
      const now = monotonicMs();
      if (outcome.kind === 'rate_limited') {
        // It comes first again, before its chat rests.
        this.#release(send, now);
        this.#paused(outcome.retryAfterSeconds);
        return;
      }
      const refusal = this.#answers.refusal(outcome);
      if (refusal !== null) {
        this.#release(send, now);
        throw refusal;
      }
      this.#owed.sent(send.chatId, now);
      send.answered(outcome);
    });
  }

  /** Never throws. @param answered what it throws ends the pass */
  async #make(call: Pick<Call, 'make' | 'witnessChat'>, answered: (outcome: Outcome<unknown>) => void): Promise<void> {
    const { stop, calls } = this.#context;
    this.#underWay++;
    calls.calls++;
    try {
      const outcome = await call.make(this.#telegram.client, stop.hardSignal);
      if (outcome.kind === 'rate_limited') calls.rate_limited++;
      if (outcome.kind === 'ok') {
        this.#pause.succeeded();
        if (call.witnessChat !== null) this.#witness.succeeded(call.witnessChat);
      }
      answered(outcome);
      this.#answers.count(outcome);
    } catch (error) {
      this.#fail(error);
    }
    this.#underWay--;
    this.#advanceSoon();
  }

  /** Voids what is in hand: the pause counts for all calls of the token, from this answer on. */
  #paused(seconds: number): void {
    const now = monotonicMs();
    this.#context.log.warn({ retry_after: seconds }, `Telegram asks to wait ${seconds} s`);
    this.#pause.asked(seconds, now);
    this.#slots.void();
    this.#unclaim(now);
  }

  // Claims

  /** Claims that were not used go back. */
  #unclaim(now: number): void {
    for (const send of this.#owed.unclaim()) this.#release(send, now);
  }

  #release(send: S, now: number): void {
    this.#owed.putBack(send, now);
    this.#writer.put(send.release());
  }

  #claim(sends: readonly S[]): void {
    for (const send of sends) {
      const write = send.claim();
      // A claim that is about to be released still stands.
      if (this.#writer.keepClaim(write.key)) this.#owed.claimed(send);
      else {
        this.#claiming.set(write.key, send);
        this.#writer.put(write);
      }
    }
  }

  #written(write: W, result: Written): void {
    const send = write.durable ? this.#claiming.get(write.key) : undefined;
    if (send === undefined) {
      this.#onWritten(write, result);
      return;
    }
    this.#claiming.delete(write.key);
    const now = monotonicMs();
    if (result !== 'done') {
      this.#owed.over(send.chatId, now);
      send.notClaimed();
    } else if (now < this.#pause.until) this.#release(send, now);
    else this.#owed.claimed(send);
  }

  // Statements

  /** Starts the next statement where one is needed. @returns when to look again */
  #nextStatement(now: number): number {
    const planned = this.#plan(now);
    const source = this.#sources.find((one) => !one.ended && one.wantedAt(now) <= now);
    if (planned.due && (source === undefined || !this.#lastWasTick)) {
      this.#startTick(planned);
      return never;
    }
    const statement = source === undefined ? this.#chores.shift() : () => source.step();
    if (statement !== undefined) {
      this.#lastWasTick = false;
      this.#run(statement);
      return never;
    }
    const { lockedUntil } = this.#writer;
    const isIdle = this.#calls.length + this.#underWay + this.#owed.size + this.#owed.claimedCount === 0;
    if (lockedUntil <= now || (isIdle && this.#writer.state().count > 0)) {
      this.#startTick({ ...planned, reserve: 0, claims: 0 });
      return never;
    }
    const wanted = this.#sources.map((one) => (one.ended ? never : one.wantedAt(now)));
    return Math.min(planned.wakeAt, lockedUntil, ...wanted);
  }

  /** Writes down what is known, at the end of a pass. @returns when to look again */
  #flush(now: number): number {
    if (this.#cannotWrite || this.#writer.size === 0) return never;
    if (this.#writer.state().count > 0 || this.#writer.lockedUntil <= now) {
      this.#startTick({ reserve: 0, claims: 0 });
      return never;
    }
    return Math.min(this.#writer.lockedUntil, this.#flushUntil);
  }

  #plan(now: number): Plan {
    return plan(
      {
        slots: this.#slots,
        tickMs: this.#tickTime.ms,
        pausedUntil: this.#pause.until,
        free: this.#calls.length,
        moreFree: this.#sources.some(({ ended, more }) => more && !ended),
        deadline: this.#calls.peek()?.deadline ?? never,
        readyBy: (time, most) => this.#owed.readyBy(time, most),
        owedReadyAt: this.#owed.nextReadyAt,
        claimed: this.#owed.claimedCount,
        callsSinceSend: this.#callsSinceSend,
        sendsHeld: this.#sendsHeld,
        writes: this.#writer.state(),
        pauseToTell: this.#pause.toTell !== null,
      },
      now,
    );
  }

  #startTick({ reserve, claims }: Pick<Plan, 'reserve' | 'claims'>): void {
    const startedAt = monotonicMs();
    if (claims > 0) this.#claim(this.#owed.claim(startedAt + 2 * this.#tickTime.ms, claims));
    const { generation } = this.#slots;
    const pauseSeconds = this.#pause.toTell;
    this.#pause.toTell = null;
    const { job, runId, lease, uncounted } = this.#context;
    const renew = lease.isToRenew();
    const made = uncounted.forTick();
    this.#lastWasTick = true;
    this.#run(async () => {
      const answer = await this.#writer.tick({
        job,
        runId,
        renew,
        botId: this.#telegram.botId,
        calls: reserve,
        intervalSeconds: this.#slots.intervalMs / 1000,
        pauseSeconds,
        made,
      });
      if (renew && answer.leaseHeld) lease.renewed(startedAt);
      this.#tickTime.took(monotonicMs() - startedAt);
      await this.#ticked(answer, { startedAt, reserved: reserve, generation });
    });
  }

  async #ticked(
    answer: TickAnswer,
    { startedAt, reserved, generation }: { startedAt: number; reserved: number; generation: number },
  ): Promise<void> {
    const { stop, db } = this.#context;
    const now = monotonicMs();
    this.#clock.answered(answer.nowMs, startedAt);
    if (!answer.leaseHeld) stop.request('lease_lost');
    let valid = generation;
    if (this.#pause.met(answer.pausedMs, now)) {
      // Another process was asked for it. What this tick reserved comes after it.
      if (generation === this.#slots.generation) valid++;
      this.#slots.void();
      this.#unclaim(now);
    }
    if (answer.startsAtMs !== null) this.#slots.add(this.#clock.here(answer.startsAtMs), reserved, valid);
    if (this.#pause.toTell === null && this.#pause.isTooLong(now, stop)) {
      await startCooldown(db, this.#telegram.botId);
      stop.request('cooldown');
    }
  }

  #run(statement: () => Promise<void>): void {
    this.#statementRuns = true;
    statement()
      .catch((error: unknown) => {
        this.#cannotWrite = true;
        this.#fail(error);
      })
      .finally(() => {
        this.#statementRuns = false;
        this.#advance();
      });
  }
}

/** The nearest deadline first; among equals, who came first. */
function inOrder(a: Waiting, b: Waiting): number {
  // Infinity less itself is no number.
  if (a.deadline === b.deadline) return a.turn - b.turn;
  return a.deadline < b.deadline ? -1 : 1;
}
