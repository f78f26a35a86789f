import type { JobContext, JobResult } from '../../job.ts';
import {
  countDueMessages,
  failTooOldMessages,
  type LedgerRow,
  readLedgerPage,
  readSameChats,
} from '../../store/broadcast-messages.ts';
import { finishBroadcasts, readExpiredBroadcasts, startDeletion } from '../../store/broadcasts.ts';
import type { Bot } from '../../telegram/bot.ts';
import { deleteMessages, isMessageId } from '../../telegram/delete-messages.ts';
import { ChatPool } from '../chat-pool.ts';
import { Settle } from './settle.ts';

/** So many broadcasts are worked on together; their messages in one chat travel in one call. */
const broadcastsTogether = 20;

/** So many ledger rows are read at once. Two pages at most are held, however long the ledger. */
const pageSize = 1_000;

/** Chats at work at once. */
const workers = 64;

/** Rows past 48 hours are given up so many a statement. */
const tooOldBatch = 10_000;

/** Streams the ledgers of the expired broadcasts through the pool of chats. */
export async function sweepBroadcasts(context: JobContext): Promise<JobResult> {
  const { db, now, stop, limit, progress } = context;
  progress.start(Math.min(await countDueMessages(db, now), limit ?? Number.POSITIVE_INFINITY), 'messages');
  const sweep = new Sweep(context, await context.bot());
  try {
    let after: string | null = null;
    while (sweep.left > 0 && stop.reason === null) {
      const ids: string[] = await readExpiredBroadcasts(db, now, after, broadcastsTogether);
      if (ids.length === 0) break;
      await startDeletion(db, ids);
      await sweep.run(ids);
      after = ids.at(-1) ?? null;
    }
  } finally {
    progress.stop();
  }
  if (sweep.left <= 0) stop.request('limit');
  return sweep.result();
}

class Sweep {
  /** Messages that `--limit` still allows. */
  left: number;
  readonly #context: JobContext;
  readonly #bot: Bot;
  readonly #settle: Settle;
  /** Rows at work or settled and not yet written down: a page may bring them again. */
  readonly #held = new Set<string>();
  #failedBroadcasts = 0;

  constructor(context: JobContext, bot: Bot) {
    this.#context = context;
    this.#bot = bot;
    this.left = context.limit ?? Number.POSITIVE_INFINITY;
    this.#settle = new Settle(context, (rows) => {
      for (const row of rows) this.#held.delete(keyOf(row));
    });
  }

  async run(broadcastIds: readonly string[]): Promise<void> {
    try {
      await this.#giveUpTooOld(broadcastIds);
      await this.#stream(broadcastIds);
    } finally {
      // What Telegram answered is written down even where the pass cannot go on.
      await this.#settle.drain();
    }
    await this.#finish(broadcastIds);
  }

  result(): JobResult {
    this.#bot.checkAnswered();
    return { failed: this.#settle.failed + this.#failedBroadcasts, succeeded: this.#settle.succeeded };
  }

  async #giveUpTooOld(broadcastIds: readonly string[]): Promise<void> {
    const { db, now, counts, stop, progress, log } = this.#context;
    let total = 0;
    while (this.left > 0 && stop.reason === null) {
      const failed = await failTooOldMessages(db, now, broadcastIds, Math.min(tooOldBatch, this.left));
      if (failed === 0) break;
      this.left -= failed;
      total += failed;
      progress.advance(failed);
    }
    if (total === 0) return;
    counts.messages_failed = (counts.messages_failed ?? 0) + total;
    this.#settle.failed += total;
    log.warn(
      { messages: total, failure: 'too_old' },
      `${total} broadcast messages are past 48 hours and are given up: too_old`,
    );
  }

  async #stream(broadcastIds: readonly string[]): Promise<void> {
    const { db, now, stop } = this.#context;
    const pool = new ChatPool<LedgerRow>(
      workers,
      (chatId, rows) => this.#sweepChat(chatId, rows),
      () => stop.request('error'),
    );
    let after: LedgerRow | null = null;
    while (this.left > 0 && stop.reason === null) {
      const size = Math.min(pageSize, this.left);
      const page: LedgerRow[] = await readLedgerPage(db, now, broadcastIds, after, size);
      this.#add(pool, page);
      if (broadcastIds.length > 1 && page.length > 0) {
        const chats = [...new Set(page.map(({ chat_id }) => chat_id))];
        this.#add(pool, await readSameChats(db, now, broadcastIds, chats));
      }
      pool.start();
      after = page.at(-1) ?? null;
      if (page.length < size) break;
      await pool.below(pageSize);
    }
    await pool.drained();
  }

  #add(pool: ChatPool<LedgerRow>, rows: readonly LedgerRow[]): void {
    for (const row of rows) {
      const key = keyOf(row);
      if (this.left <= 0 || this.#held.has(key)) continue;
      this.left--;
      this.#held.add(key);
      if (row.chat_id === '0') this.#giveUp(row, 'bad_chat_id');
      else if (!isMessageId(Number(row.message_id))) this.#giveUp(row, 'bad_message_id');
      else pool.add(row.chat_id, row);
    }
  }

  #giveUp(row: LedgerRow, failure: 'bad_chat_id' | 'bad_message_id'): void {
    this.#settle.fail(row, failure);
    this.#context.progress.advance(1);
  }

  async #sweepChat(chatId: string, rows: readonly LedgerRow[]): Promise<void> {
    const { counts, progress } = this.#context;
    const ids = [...new Set(rows.map((row) => Number(row.message_id)))];
    const fates = await deleteMessages(this.#bot, chatId, ids);
    let unreachable = false;
    for (const fate of fates.values()) {
      if (fate.kind === 'deleted') counts.messages_deleted = (counts.messages_deleted ?? 0) + 1;
      else if (fate.kind === 'gone') counts.messages_gone = (counts.messages_gone ?? 0) + 1;
      else if (fate.kind === 'chat_unreachable') unreachable = true;
    }
    if (unreachable) counts.chats_unreachable = (counts.chats_unreachable ?? 0) + 1;
    for (const row of rows) {
      const fate = fates.get(Number(row.message_id));
      if (fate !== undefined) this.#settle.settle(row, fate);
    }
    progress.advance(rows.length);
  }

  async #finish(broadcastIds: readonly string[]): Promise<void> {
    const { db, counts, log, stop } = this.#context;
    if (stop.reason === 'lease_lost') return;
    for (const { id, failure } of await finishBroadcasts(db, broadcastIds)) {
      if (failure === null) {
        counts.broadcasts = (counts.broadcasts ?? 0) + 1;
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
}

function keyOf(row: LedgerRow): string {
  return `${row.broadcast_id} ${row.chat_id} ${row.message_id}`;
}
