import { ChatDeletion, type DeletionEnds, type Fate } from '../../engine/chat-deletion.ts';
import { Engine } from '../../engine/engine.ts';
import { sleep } from '../../engine/sleep.ts';
import type { Table, Written } from '../../engine/writer.ts';
import type { JobContext, JobResult, Telegram } from '../../job/job.ts';
import { monotonicMs } from '../../process/clock.ts';
import { SettingsError } from '../../process/errors.ts';
import { plus } from '../../store/daily-counts.ts';
import { countDueRecords, type DueRecord, readNextDue } from '../../store/pending-deletions.ts';
import { recordWrites } from '../../store/record-writes.ts';
import type { DueCounts } from './counts.ts';
import { type NoticeEngine, Notices } from './notices.ts';
import { judgeRecord, lateness, type RecordChangeWrite, type Work } from './record.ts';
import { RecordEnds } from './record-ends.ts';
import { askEveryMs, DueSource, isSoonAfter, Now, OwedSource } from './sources.ts';

/** Deletes what is due, tells its readers, and with `--stay` goes on with what becomes due. */
export async function sweepDueRecords(context: JobContext<DueCounts>): Promise<JobResult> {
  const stayUntil = context.stayMs === 0 ? 0 : monotonicMs() + context.stayMs;
  const now = new Now(context.now);
  if (stayUntil > 0 && !(await somethingBecomesDue(context, now, stayUntil))) return { failed: 0, succeeded: 0 };
  const sweep = new RecordSweep(context, await context.telegram(), now, stayUntil);
  return sweep.run();
}

class RecordSweep {
  readonly #context: JobContext<DueCounts>;
  readonly #engine: NoticeEngine;
  readonly #records: RecordEnds;
  readonly #notices: Notices;
  readonly #due: DueSource;
  readonly #owed: OwedSource;
  readonly #ends: DeletionEnds<Work>;
  /** Records at work, or settled and not yet written down: a page may bring them again. */
  readonly #held = new Set<string>();
  /** Records that `--limit` still allows, and those that it has counted; null without a limit. */
  #left: number;
  readonly #counted: Set<string> | null;
  #pages = 0;

  constructor(context: JobContext<DueCounts>, telegram: Telegram, now: Now, stayUntil: number) {
    this.#context = context;
    this.#left = context.limit ?? Number.POSITIVE_INFINITY;
    this.#counted = context.limit === null ? null : new Set();
    const engine: NoticeEngine = new Engine(context, telegram, {
      table: this.#table(),
      onWritten: (write, result) => this.#onWritten(write, result),
    });
    this.#engine = engine;
    this.#records = new RecordEnds(context, (write) => engine.put(write));
    this.#due = new DueSource(context, {
      now,
      stayUntil,
      waiting: () => engine.waiting,
      take: (records) => this.#takePage(records),
    });
    this.#owed = new OwedSource(context, {
      now,
      owed: () => engine.owed,
      take: (records) => this.#takeOwed(records),
    });
    this.#notices = new Notices({
      context,
      telegram,
      engine,
      records: this.#records,
      leftInTable: (work) => this.#records.mark(work, true),
      deleteInstead: (work, id) => this.#delete(work.chatId, [{ ...work, ids: [id], keptId: null }]),
    });
    this.#ends = {
      telegram,
      again: (call) => engine.call(call),
      tooOld: (work) => this.#tooOld(work),
      unreachable: (works, chat) => this.#notices.unreachable(works, chat),
      fated: (work, fates) => this.#fated(work, fates),
    };
    engine.addSource(this.#due);
    engine.addSource(this.#owed);
  }

  async run(): Promise<JobResult> {
    const { progress, stop } = this.#context;
    try {
      await this.#engine.run();
    } finally {
      progress.stop();
      this.#records.sumUp();
    }
    const { textProblem } = this.#notices;
    if (textProblem !== null) {
      throw new SettingsError([`NOTICE_TEXT, NOTICE_BUTTON: Telegram refuses the notice: ${textProblem}`]);
    }
    if (this.#left <= 0) stop.request('limit');
    return { failed: this.#records.failed, succeeded: this.#records.succeeded };
  }

  // What is read

  #takePage(records: readonly DueRecord[]): void {
    if (this.#pages++ === 0) this.#startProgress(records.length);
    const readAt = monotonicMs();
    const chats = new Map<string, Work[]>();
    for (const record of records) {
      const work = this.#isNew(record) ? this.#judge(record, readAt) : null;
      if (work === null) continue;
      if (work.ids.length === 0 || work.deleted) this.#owe(work);
      else {
        const works = chats.get(work.chatId);
        if (works === undefined) chats.set(work.chatId, [work]);
        else works.push(work);
      }
    }
    for (const [chatId, works] of chats) this.#delete(chatId, works);
    if (this.#left <= 0) this.#due.full = true;
  }

  #takeOwed(records: readonly DueRecord[]): { taken: number; left: number } {
    const readAt = monotonicMs();
    let taken = 0;
    for (const record of records) {
      if (!this.#isNew(record)) continue;
      const work = this.#judge(record, readAt);
      if (work === null) continue;
      if (this.#notices.owe(work)) taken++;
      else this.#held.delete(record.id);
    }
    // What `--limit` has no room for is none of this pass's.
    const mayCome = ({ id }: DueRecord): boolean => this.#left > 0 || this.#counted?.has(id) === true;
    const left = records.filter((record) => mayCome(record) && !this.#held.has(record.id)).length;
    return { taken, left };
  }

  /** Takes a record on, unless it is at work or `--limit` has no room for it. */
  #isNew({ id }: DueRecord): boolean {
    const isCounted = this.#counted?.has(id) === true;
    if (this.#held.has(id) || (this.#left <= 0 && !isCounted)) return false;
    this.#held.add(id);
    if (isCounted) return true;
    this.#counted?.add(id);
    this.#left--;
    return true;
  }

  /** Settles what needs no call. @returns the work that is left */
  #judge(record: DueRecord, readAt: number): Work | null {
    const judged = judgeRecord(record, this.#context.settings.notice, readAt);
    const row = { record, claimed: false, deleted: record.messages_deleted, figures: {} };
    switch (judged.kind) {
      case 'work':
        return judged.work;
      case 'failed':
        this.#records.fail(row, judged.failure, judged.messages);
        return null;
      case 'notice_sent':
        this.#records.done({ ...row, claimed: true });
        return null;
      case 'notice_uncertain':
        this.#records.uncertain(row, 'the pass that was sending it ended before the answer came');
        return null;
    }
  }

  #startProgress(records: number): void {
    const { now, limit } = this.#context;
    const items = this.#due.more ? limit : Math.min(records, limit ?? records);
    this.#engine.startProgress('records', items, (db) => countDueRecords(db, now));
  }

  // What became of it

  #delete(chatId: string, works: readonly Work[]): void {
    this.#engine.call(new ChatDeletion(chatId, works, this.#ends));
  }

  #owe(work: Work): void {
    // From here on a kill costs the notice alone, never a second round of deletions past the 48 hours.
    if (work.keptId === null && !work.record.messages_deleted) {
      work.deleted = true;
      this.#records.mark(work, false);
    }
    if (!this.#notices.owe(work)) this.#records.mark(work, true);
  }

  #tooOld(work: Work): void {
    this.#records.fail(work, 'too_old', work.ids.length + work.badIds);
  }

  #fated(work: Work, fates: readonly Fate[]): void {
    const records = this.#records;
    const deleted = fates.filter(({ kind }) => kind === 'deleted').length;
    const gone = fates.filter(({ kind }) => kind === 'gone').length;
    records.count('messages_deleted', deleted);
    records.count('messages_gone', gone);
    const isNew = !work.record.messages_deleted;
    if (isNew) work.figures = plus(work.figures, { messages_deleted: deleted, messages_gone: gone });
    // A passing failure of one message keeps the whole record for later.
    const later = fates.find((fate) => fate.kind === 'later');
    if (later !== undefined) return records.defer(work, later.description);
    const refused = fates.filter((fate) => fate.kind === 'refused');
    const [first] = refused;
    if (first !== undefined) {
      const { failure, description, undeletable } = first;
      this.#engine.doubt({
        chatId: work.chatId,
        description,
        believe: () => records.refuse(work, failure, description, { undeletable, messages: refused.length }),
        doubt: () => records.defer(work, description),
      });
      return;
    }
    const late = monotonicMs() - work.dueAt;
    if (deleted > 0) this.#context.tally.went(late);
    // An edit that fails has its message deleted in a second round.
    if (work.keptId === null && isNew) work.figures = plus(work.figures, lateness(late));
    if (work.badIds === 0) return this.#owe(work);
    records.fail({ ...work, deleted: true }, 'bad_message_id', work.badIds);
  }

  // What is written

  #table(): Table<RecordChangeWrite> {
    return {
      writes: recordWrites,
      merge: (former, later) => ({
        ...later,
        deleted: former.deleted || later.deleted,
        claimed: former.claimed || later.claimed,
        urgent: former.urgent || later.urgent,
        figures: plus(former.figures, later.figures),
      }),
      refused: (write, { words }) => {
        this.#records.held(write, words);
        if (write.change !== 'remove') return null;
        const held = { failure: 'held_by_database', detail: words, sent: write.claimed };
        return { ...write, change: 'fail', ...held };
      },
    };
  }

  #onWritten({ id, change, leaves }: RecordChangeWrite, result: Written): void {
    // What the database refused would come again in this pass.
    if (result === 'refused' || !leaves) return;
    this.#held.delete(id);
    if (change === 'mark' && result === 'done') this.#owed.leaveOne();
  }
}

/** Waits for it, and loads nothing of Telegram until then. @returns false where nothing does, or the pass is to stop */
async function somethingBecomesDue(context: JobContext<DueCounts>, now: Now, stayUntil: number): Promise<boolean> {
  const { db, job, runId, stop, lease } = context;
  for (;;) {
    const askedAt = monotonicMs();
    const { leaseHeld, due, seconds, now: text } = await readNextDue(db, job, runId);
    if (!leaseHeld) stop.request('lease_lost');
    lease.renewed(askedAt);
    now.read(text);
    if (due) return stop.reason === null;
    const at = monotonicMs();
    const dueAt = seconds === null ? Number.POSITIVE_INFINITY : at + seconds * 1000;
    const lastsUntil = isSoonAfter(dueAt, stayUntil) ? Math.max(dueAt, stayUntil) : stayUntil;
    // A timer may come a moment early.
    await sleep(Math.min(askEveryMs, dueAt - at, lastsUntil - at) + 1, stop.signal);
    if (stop.reason !== null) return false;
    if (monotonicMs() >= dueAt) {
      now.moveOn();
      return true;
    }
    if (monotonicMs() >= lastsUntil) return false;
  }
}
