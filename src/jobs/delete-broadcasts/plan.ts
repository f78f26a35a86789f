import type { JobContext, Plan } from '../../job/job.ts';
import { countLedger, sampleExpiredBroadcasts } from '../../store/broadcast-messages.ts';
import { countRemovableBroadcasts, countWithoutLedger } from '../../store/broadcasts.ts';
import type { BroadcastCounts } from './counts.ts';

/** What a real pass would do with the ledgers of the broadcasts that are expired now; no call is made. */
export async function planBroadcasts({ db, now, limit, counts }: JobContext<BroadcastCounts>): Promise<Plan> {
  const due = await countLedger(db, now, limit);
  const sample = await sampleExpiredBroadcasts(db, now, 10);
  counts.messages_deleted = due.messages;
  counts.messages_failed = due.too_old + due.bad;
  // A limit may end within any of them.
  counts.broadcasts = limit === null ? await countRemovableBroadcasts(db, now) : 0;
  const withoutLedger = limit === null || due.messages < limit ? await countWithoutLedger(db, now) : 0;
  return {
    calls: due.calls,
    failed: counts.messages_failed + withoutLedger,
    succeeded: counts.messages_deleted + counts.broadcasts,
    sample: {
      columns: ['broadcast', 'text', 'messages', 'past 48 h', 'failed before'],
      rows: sample.map((row) => [
        row.id,
        row.text ?? '',
        row.messages + row.failed === 0 && !row.had_ledger ? 'no ledger: would fail' : String(row.messages),
        String(row.past_48h),
        String(row.failed),
      ]),
    },
  };
}
