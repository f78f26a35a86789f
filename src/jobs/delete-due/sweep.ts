import { SettingsError } from '../../errors.ts';
import type { JobContext, JobResult } from '../../job.ts';
import { countDueRecords, type DueRecord, type PageKey, readDueRecords } from '../../store/pending-deletions.ts';
import { ChatPool } from '../chat-pool.ts';
import { createNotices } from './notices.ts';
import { judgeRecord, type Work } from './record.ts';
import { createSettle } from './settle.ts';
import { sweepChat } from './sweep-chat.ts';

/** So many records are read at once; those of one chat among them travel together. */
const pageSize = 1_000;

/** Chats at work at once: enough for the budget where Telegram takes a second to answer. */
const workers = 64;

/** Works through the due records page by page, many chats at once. */
export async function sweepDueRecords(context: JobContext): Promise<JobResult> {
  const { db, now, limit, stop, counts, progress } = context;
  const settle = createSettle(context);
  const bot = await context.bot();
  const notices = createNotices(context, bot, settle);
  const pool = new ChatPool<Work>(
    workers,
    async (chatId, works) => {
      await sweepChat({ context, bot, settle, notices }, chatId, works);
      progress.advance(works.length);
    },
    () => stop.request('error'),
  );

  /** Settles what needs no call. @returns the work that is left */
  const judge = (record: DueRecord): Work | null => {
    const judged = judgeRecord(record, context.settings.notice);
    if (judged.kind === 'work') return judged.work;
    if (judged.kind === 'failed') {
      counts.messages_failed = (counts.messages_failed ?? 0) + judged.messages;
      settle.fail(record, judged.failure);
    } else {
      notices.uncertain(record, 'the pass that was sending it ended before the answer came');
    }
    progress.advance(1);
    return null;
  };

  progress.start(Math.min(await countDueRecords(db, now), limit ?? Number.POSITIVE_INFINITY), 'records');
  let left = limit ?? Number.POSITIVE_INFINITY;
  try {
    let after: PageKey | null = null;
    while (left > 0 && stop.reason === null) {
      const size = Math.min(pageSize, left);
      const records: DueRecord[] = await readDueRecords(db, now, after, size);
      left -= records.length;
      for (const record of records) {
        const work = judge(record);
        if (work !== null) pool.add(work.chatId, work);
      }
      pool.start();
      after = records.at(-1) ?? null;
      if (records.length < size) break;
      await pool.below(pageSize);
    }
    await pool.drained();
  } finally {
    progress.stop();
    // What Telegram answered is written down even where the pass cannot go on.
    await settle.drain();
  }
  bot.checkAnswered();
  if (notices.textProblem !== null) {
    throw new SettingsError([`NOTICE_TEXT, NOTICE_BUTTON: Telegram refuses the notice: ${notices.textProblem}`]);
  }
  if (left <= 0) stop.request('limit');
  return { failed: settle.failed, succeeded: settle.succeeded };
}
