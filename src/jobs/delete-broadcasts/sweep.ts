import { ChatDeletion, type DeletionEnds, type DeletionItem, type Fate } from '../../engine/chat-deletion.ts';
import { Engine } from '../../engine/engine.ts';
import type { Table } from '../../engine/writer.ts';
import type { JobContext, JobResult, Telegram } from '../../job/job.ts';
import { monotonicMs } from '../../process/clock.ts';
import { countDueMessages, type LedgerRow } from '../../store/broadcast-messages.ts';
import type { Finished, Started } from '../../store/broadcasts.ts';
import type { Figures } from '../../store/daily-counts.ts';
import { deletableSeconds } from '../../store/deletable.ts';
import { ledgerWrites } from '../../store/ledger-writes.ts';
import { isMessageId } from '../../telegram/message-id.ts';
import type { BroadcastCounts } from './counts.ts';
import { keyOf, type LedgerRowWrite, MessageEnds } from './message-ends.ts';
import { LedgerSource } from './source.ts';

/** Deletes the messages of the expired broadcasts, then the broadcasts. */
export async function sweepBroadcasts(context: JobContext<BroadcastCounts>): Promise<JobResult> {
  return new LedgerSweep(context, await context.telegram()).run();
}

const deleted: Figures = { broadcast_messages_deleted: 1 };
const gone: Figures = { broadcast_messages_gone: 1 };
const unreachable: Figures = { broadcast_chats_unreachable: 1 };

interface LedgerItem extends DeletionItem {
  row: LedgerRow;
}

class LedgerSweep {
  readonly #context: JobContext<BroadcastCounts>;
  readonly #engine: Engine<LedgerRowWrite>;
  readonly #messages: MessageEnds;
  readonly #ends: DeletionEnds<LedgerItem>;
  /** Rows at work, or settled and not yet written down: a page may bring them again. */
  readonly #held = new Set<string>();
  /** Messages that `--limit` still allows. */
  #left: number;
  #failedBroadcasts = 0;
  /** When the messages of the broadcasts at work were to go, by `monotonicMs`. */
  #dueAt = new Map<string, number>();
  #pages = 0;

  constructor(context: JobContext<BroadcastCounts>, telegram: Telegram) {
    this.#context = context;
    this.#left = context.limit ?? Number.POSITIVE_INFINITY;
    const engine = new Engine<LedgerRowWrite>(context, telegram, {
      table: this.#table(),
      // What the database refused would come again in this pass.
      onWritten: ({ key }, result) => result !== 'refused' && this.#held.delete(key),
    });
    this.#engine = engine;
    this.#messages = new MessageEnds(context, (write) => engine.put(write));
    this.#ends = {
      telegram,
      again: (call) => engine.call(call),
      tooOld: ({ row }) => this.#messages.fail(row, 'too_old'),
      unreachable: (items, chat) => this.#unreachable(items, chat),
      fated: (item, fates) => this.#fated(item, fates),
    };
    engine.addSource(
      new LedgerSource(context, {
        waiting: () => engine.waiting,
        settled: () => engine.settledButLocked,
        left: () => this.#left,
        hold: (rows) => rows.filter((row) => this.#isNew(row)),
        work: (rows, isFull) => this.#work(rows, isFull),
        tooOld: (messages) => this.#tooOld(messages),
        started: (broadcasts) => this.#started(broadcasts),
        unnamed: (reasons) => this.#unnamed(reasons),
        finished: (broadcasts) => this.#finished(broadcasts),
      }),
    );
  }

  async run(): Promise<JobResult> {
    const { progress, stop } = this.#context;
    try {
      await this.#engine.run();
    } finally {
      progress.stop();
      this.#messages.sumUp();
    }
    if (this.#left <= 0) stop.request('limit');
    return { failed: this.#messages.failed + this.#failedBroadcasts, succeeded: this.#messages.succeeded };
  }

  #isNew(row: LedgerRow): boolean {
    const key = keyOf(row);
    if (this.#left <= 0 || this.#held.has(key)) return false;
    this.#left--;
    this.#held.add(key);
    return true;
  }

  #work(rows: readonly LedgerRow[], isFull: boolean): void {
    const { now, limit } = this.#context;
    if (this.#pages++ === 0) {
      this.#engine.startProgress('messages', isFull ? limit : rows.length, (db) => countDueMessages(db, now));
    }
    const readAt = monotonicMs();
    const chats = new Map<string, LedgerItem[]>();
    for (const row of rows) {
      const id = Number(row.message_id);
      if (row.chat_id === '0') this.#messages.fail(row, 'bad_chat_id');
      else if (!isMessageId(id)) this.#messages.fail(row, 'bad_message_id');
      else {
        const deadline = row.age === null ? Number.POSITIVE_INFINITY : readAt + (deletableSeconds - row.age) * 1000;
        const item = { row, ids: [id], deadline };
        const items = chats.get(row.chat_id);
        if (items === undefined) chats.set(row.chat_id, [item]);
        else items.push(item);
      }
    }
    for (const [chatId, items] of chats) this.#engine.call(new ChatDeletion(chatId, items, this.#ends));
  }

  #started(broadcasts: readonly Started[]): void {
    const now = monotonicMs();
    this.#dueAt = new Map(broadcasts.flatMap(({ id, late }) => (late === null ? [] : [[id, now - late * 1000]])));
  }

  #unnamed(reasons: readonly string[]): void {
    const { length: messages } = reasons;
    for (const reason of reasons) this.#context.tally.failed(reason);
    this.#messages.failed += messages;
    this.#messages.count('messages_failed', messages);
    this.#context.log.warn(
      { messages },
      `${messages} rows of the ledger name no chat or no message and are given up: bad_chat_id, bad_message_id`,
    );
  }

  #tooOld(messages: number): void {
    const { progress, log, tally } = this.#context;
    tally.failed('too_old', messages);
    this.#left -= messages;
    this.#messages.failed += messages;
    this.#messages.count('messages_failed', messages);
    progress.advance(messages);
    log.warn(
      { messages, failure: 'too_old' },
      `${messages} broadcast messages are past 48 hours and are given up: too_old`,
    );
  }

  #fated({ row }: LedgerItem, [fate]: readonly Fate[]): void {
    const messages = this.#messages;
    switch (fate?.kind) {
      case 'deleted':
        messages.count('messages_deleted');
        this.#context.tally.went(monotonicMs() - (this.#dueAt.get(row.broadcast_id) ?? Number.NaN));
        return messages.done(row, deleted, true);
      case 'gone':
        messages.count('messages_gone');
        return messages.done(row, gone, true);
      case 'refused':
        return this.#engine.doubt({
          chatId: row.chat_id,
          description: fate.description,
          believe: () => messages.refuse(row, fate.failure, fate.description, fate.undeletable),
          doubt: () => messages.defer(row, fate.description),
        });
      default:
        messages.defer(row, fate?.description ?? 'not tried');
    }
  }

  #unreachable(
    items: readonly LedgerItem[],
    { chatId, proven, description }: { chatId: string; proven: boolean; description: string },
  ): void {
    const believe = (): void => {
      this.#messages.count('chats_unreachable');
      for (const [n, { row }] of items.entries()) this.#messages.done(row, n === 0 ? unreachable : {}, false);
    };
    if (proven) return believe();
    this.#engine.doubt({
      chatId,
      description,
      believe,
      doubt: () => {
        for (const { row } of items) this.#messages.defer(row, description);
      },
    });
  }

  #finished(broadcasts: readonly Finished[]): void {
    const { log, tally } = this.#context;
    for (const { id, failure, detail } of broadcasts) {
      if (failure === 'held_by_database' || failure === 'no_ledger') tally.failed(failure);
      if (failure === null) this.#messages.count('broadcasts');
      else if (failure === 'held_by_database') {
        this.#failedBroadcasts++;
        log.error({ broadcast: id, failure, detail }, `the database does not let broadcast ${id} go: ${detail}`);
      } else if (failure === 'no_ledger') {
        this.#failedBroadcasts++;
        log.error(
          { broadcast: id, failure },
          `broadcast ${id} has no ledger, so nobody knows which messages to delete; see "What a bot must write" in the README`,
        );
      } else {
        log.warn({ broadcast: id, failure }, `broadcast ${id} is kept, because some of its messages were given up`);
      }
    }
  }

  #table(): Table<LedgerRowWrite> {
    return {
      writes: ledgerWrites,
      merge: (_, later) => later,
      refused: (write, { words }) => {
        this.#messages.held(write, words);
        if (write.change !== 'remove') return null;
        return { ...write, change: 'fail', failure: 'held_by_database', detail: words };
      },
    };
  }
}
