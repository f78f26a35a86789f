import type { Job } from '../job.ts';
import { anyDueBroadcast, broadcastBacklog, broadcastsNearDeadline } from '../store/broadcast-due.ts';

/** Deletes expired broadcasts from every chat of their ledger, then removes them. */
export const deleteBroadcasts: Job = {
  name: 'delete-broadcasts',
  summary: 'delete expired broadcasts from every chat they went to',
  token: 'TELEGRAM_BOT_TOKEN',
  needsSender: true,
  requires: ['TELEGRAM_BOT_TOKEN'],
  countKeys: ['broadcasts', 'messages_deleted', 'messages_gone', 'messages_failed', 'chats_unreachable', 'deferred'],
  mark: '📢',
  due: () => ({ text: anyDueBroadcast, values: [] }),
  backlog: () => ({ text: broadcastBacklog, values: [] }),
  nearDeadline: broadcastsNearDeadline,
  message: (counts) =>
    `Deleted ${counts.messages_deleted ?? 0} broadcast messages, ${counts.messages_failed ?? 0} failed, ${counts.broadcasts ?? 0} broadcasts removed`,

  async run(context) {
    const { sweepBroadcasts } = await import('./delete-broadcasts/sweep.ts');
    return sweepBroadcasts(context);
  },

  async plan(context) {
    const { planBroadcasts } = await import('./delete-broadcasts/plan.ts');
    return planBroadcasts(context);
  },
};
