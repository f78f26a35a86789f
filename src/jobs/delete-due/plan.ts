import type { JobContext, Plan } from '../../job/job.ts';
import { readAllDueRecords } from '../../store/pending-deletions.ts';
import { mostIdsACall } from '../../telegram/message-id.ts';
import type { DueCounts } from './counts.ts';
import { judgeRecord } from './record.ts';

const sampleSize = 10;

/** What a real pass would do with the records that are due now; no call is made. */
export async function planDueRecords({ db, now, limit, settings, counts }: JobContext<DueCounts>): Promise<Plan> {
  const idsOfChat = new Map<string, Set<number>>();
  const rows: string[][] = [];
  let notices = 0;
  let failed = 0;

  for await (const record of readAllDueRecords(db, now, limit)) {
    const judged = judgeRecord(record, settings.notice, 0);
    let fate = '';
    if (judged.kind === 'failed') {
      counts.messages_failed += judged.messages;
      failed++;
      fate = `fail: ${judged.failure}`;
    } else if (judged.kind === 'notice_uncertain') {
      counts.notices_uncertain += 1;
      counts.records += 1;
      fate = 'settle: notice uncertain';
    } else if (judged.kind === 'notice_sent') {
      counts.records += 1;
      fate = 'remove: notice sent';
    } else {
      const { work } = judged;
      const ids = idsOfChat.get(work.chatId) ?? new Set<number>();
      idsOfChat.set(work.chatId, ids);
      if (!record.messages_deleted) for (const id of work.ids) ids.add(id);
      if (work.badIds > 0) {
        counts.messages_failed += work.badIds;
        failed++;
        fate = 'delete, then fail: bad_message_id';
      } else {
        counts.records += 1;
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
    counts.messages_deleted += ids.size;
    deleteCalls += Math.ceil(ids.size / mostIdsACall);
  }
  counts.notices_sent += notices;
  return {
    calls: deleteCalls + notices,
    sample: { columns: ['record', 'chat', 'messages', 'unique_id', 'would'], rows },
    failed,
    succeeded: counts.records,
  };
}
