import { monotonicMs } from '../../clock.ts';
import { ChatDeletion, type DeletionEnds, type DeletionItem, type Fate } from '../../engine/chat-deletion.ts';
import { Engine } from '../../engine/engine.ts';
import type { Table } from '../../engine/writer.ts';
import type { JobContext, JobResult, Telegram } from '../../job.ts';
import { briefCount } from '../../store/brief-count.ts';
import { countDueMessages, type LedgerRow } from '../../store/broadcast-messages.ts';
import type { Finished } from '../../store/broadcasts.ts';
import { ledgerWrites } from '../../store/ledger-writes.ts';
import { deletableSeconds, isMessageId } from '../../telegram/message-id.ts';
import type { BroadcastCounts } from './counts.ts';
import { keyOf, type LedgerRowWrite, MessageEnds } from './message-ends.ts';
import { LedgerSource } from './source.ts';

/** Deletes the messages of the expired broadcasts, then the broadcasts. */
export async function sweepBroadcasts(context: JobContext<BroadcastCounts>): Promise<JobResult> {
  return new Sweep(context, await context.telegram()).run();
}

interface LedgerItem extends DeletionItem {
  row: LedgerRow;
}

class Sweep {
  readonly #context: JobContext<BroadcastCounts>;
  readonly #engine: Engine<LedgerRowWrite>;
  readonly #settle: MessageEnds;
  readonly #ends: DeletionEnds<LedgerItem>;
  /** Rows at work, or settled and not yet written down: a page may bring them again. */
  readonly #held = new Set<string>();
  /** Messages that `--limit` still allows. */
  #left: number;
  #failedBroadcasts = 0;
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
    this.#settle = new MessageEnds(context, (write) => engine.put(write));
    this.#ends = {
      get oneByOne() {
        return telegram.oneByOne;
      },
      methodUnknown: () => {
        telegram.oneByOne = true;
      },
      again: (call) => engine.call(call),
      tooOld: ({ row }) => this.#settle.fail(row, 'too_old'),
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
        unnamed: (messages) => this.#unnamed(messages),
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
      this.#settle.sumUp();
    }
    if (this.#left <= 0) stop.request('limit');
    return { failed: this.#settle.failed + this.#failedBroadcasts, succeeded: this.#settle.succeeded };
  }

  #isNew(row: LedgerRow): boolean {
    const key = keyOf(row);
    if (this.#left <= 0 || this.#held.has(key)) return false;
    this.#left--;
    this.#held.add(key);
    return true;
  }

  #work(rows: readonly LedgerRow[], isFull: boolean): void {
    if (this.#pages++ === 0) this.#startProgress(rows.length, isFull);
    const readAt = monotonicMs();
    const chats = new Map<string, LedgerItem[]>();
    for (const row of rows) {
      const id = Number(row.message_id);
      if (row.chat_id === '0') this.#settle.fail(row, 'bad_chat_id');
      else if (!isMessageId(id)) this.#settle.fail(row, 'bad_message_id');
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

  #startProgress(rows: number, isFull: boolean): void {
    const { db, now, progress, limit } = this.#context;
    progress.start(isFull ? limit : rows, 'messages');
    if (!isFull || limit !== null || !progress.wantsTotal) return;
    this.#engine.chore(async () => {
      const total = await briefCount(db, (transaction) => countDueMessages(transaction, now));
      if (total !== null) progress.start(total, 'messages');
    });
  }

  #unnamed(messages: number): void {
    this.#settle.failed += messages;
    this.#settle.count('messages_failed', messages);
    this.#context.log.warn(
      { messages },
      `${messages} rows of the ledger name no chat or no message and are given up: bad_chat_id, bad_message_id`,
    );
  }

  #tooOld(messages: number): void {
    const { progress, log } = this.#context;
    this.#left -= messages;
    this.#settle.failed += messages;
    this.#settle.count('messages_failed', messages);
    progress.advance(messages);
    log.warn(
      { messages, failure: 'too_old' },
      `${messages} broadcast messages are past 48 hours and are given up: too_old`,
    );
  }

  #fated({ row }: LedgerItem, [fate]: readonly Fate[]): void {
    const settle = this.#settle;
    switch (fate?.kind) {
      case 'deleted':
        settle.count('messages_deleted');
        return settle.done(row);
      case 'gone':
        settle.count('messages_gone');
        return settle.done(row);
      case 'refused':
        return this.#engine.doubt({
          chatId: row.chat_id,
          description: fate.description,
          believe: () => settle.refuse(row, fate.failure, fate.description, fate.undeletable),
          doubt: () => settle.defer(row, fate.description),
        });
      default:
        settle.defer(row, fate?.description ?? 'not tried');
    }
  }

  #unreachable(
    items: readonly LedgerItem[],
    { chatId, proven, description }: { chatId: string; proven: boolean; description: string },
  ): void {
    const believe = (): void => {
      this.#settle.count('chats_unreachable');
      for (const { row } of items) this.#settle.done(row);
    };
    if (proven) return believe();
    this.#engine.doubt({
      chatId,
      description,
      believe,
      doubt: () => {
        for (const { row } of items) this.#settle.defer(row, description);
      },
    });
  }

  #finished(broadcasts: readonly Finished[]): void {
    const { log } = this.#context;
    for (const { id, failure, detail } of broadcasts) {
      if (failure === null) this.#settle.count('broadcasts');
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
        this.#settle.held(write, words);
        if (write.change !== 'remove') return null;
        return { ...write, change: 'fail', failure: 'held_by_database', detail: words };
      },
    };
  }
}
