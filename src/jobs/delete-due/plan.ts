import type { JobContext, Plan } from '../../job.ts';
import { readAllDueRecords } from '../../store/pending-deletions.ts';
import { mostIdsACall } from '../../telegram/message-id.ts';
import { judgeRecord } from './record.ts';

const sampleSize = 10;

/** What a real pass would do with the records that are due now; no call is made. */
export async function planDueRecords({ db, now, limit, settings, counts }: JobContext): Promise<Plan> {
  const add = (key: string, n: number): void => {
    counts[key] = (counts[key] ?? 0) + n;
  };
  const idsOfChat = new Map<string, Set<number>>();
  const rows: string[][] = [];
  let notices = 0;

  for await (const record of readAllDueRecords(db, now, limit)) {
    const judged = judgeRecord(record, settings.notice, 0);
    let fate = '';
    if (judged.kind === 'failed') {
      add('messages_failed', judged.messages);
      fate = `fail: ${judged.failure}`;
    } else if (judged.kind === 'notice_uncertain') {
      add('notices_uncertain', 1);
      add('records', 1);
      fate = 'settle: notice uncertain';
    } else if (judged.kind === 'notice_sent') {
      add('records', 1);
      fate = 'remove: notice sent';
    } else {
      const { work } = judged;
      const ids = idsOfChat.get(work.chatId) ?? new Set<number>();
      idsOfChat.set(work.chatId, ids);
      if (!record.messages_deleted) for (const id of work.ids) ids.add(id);
      if (work.badIds > 0) {
        add('messages_failed', work.badIds);
        fate = 'delete, then fail: bad_message_id';
      } else {
        add('records', 1);
        if (settings.notice !== 'none') notices++;
        fate = record.messages_deleted ? 'notice' : settings.notice === 'none' ? 'delete' : 'delete and notice';
      }
    }
    if (rows.length < sampleSize) {
      const ids = record.message_ids ?? [];
      rows.push([record.id, record.chat_id ?? '', String(ids.length), record.unique_id ?? '', fate]);
    }
  }

  let deleteCalls = 0;
  for (const ids of idsOfChat.values()) {
    add('messages_deleted', ids.size);
    deleteCalls += Math.ceil(ids.size / mostIdsACall);
  }
  add('notices_sent', notices);
  const calls = deleteCalls + notices;
  return {
    counts,
    estimate: { calls, seconds: Math.ceil(calls / settings.ratePerSecond) },
    sample: { columns: ['record', 'chat', 'messages', 'unique_id', 'would'], rows },
  };
}
