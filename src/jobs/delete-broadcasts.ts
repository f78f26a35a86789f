import type { Job } from '../job.ts';
import { anyDueBroadcast, broadcastBacklog, broadcastsNearDeadline } from '../store/broadcast-due.ts';
import { type BroadcastCounts, broadcastCounts } from './delete-broadcasts/counts.ts';

/** Deletes expired broadcasts from every chat of their ledger, then removes them. */
export const deleteBroadcasts: Job<BroadcastCounts> = {
  name: 'delete-broadcasts',
  summary: 'delete expired broadcasts from every chat they went to',
  token: 'TELEGRAM_BOT_TOKEN',
  needsSender: true,
  requires: ['TELEGRAM_BOT_TOKEN'],
  counts: broadcastCounts,
  cron: () => '0 * * * *',
  maxRuntime: '55m',
  keepsFailed: 'retried',
  mark: '📢',
  due: () => ({ text: anyDueBroadcast, values: [] }),
  backlog: () => ({ text: broadcastBacklog, values: [] }),
  nearDeadline: broadcastsNearDeadline,
  async deadlines(connection) {
    const { broadcastDeadlines } = await import('../store/deadlines.ts');
    return broadcastDeadlines(connection);
  },
  async orphans(connection) {
    const { readOrphans } = await import('../store/orphans.ts');
    return (await readOrphans(connection)).rows;
  },
  message: (counts) =>
    `Deleted ${counts.messages_deleted} broadcast messages, ${counts.messages_failed} failed, ${counts.broadcasts} broadcasts removed`,

  async run(context) {
    const { sweepBroadcasts } = await import('./delete-broadcasts/sweep.ts');
    return sweepBroadcasts(context);
  },

  async plan(context) {
    const { planBroadcasts } = await import('./delete-broadcasts/plan.ts');
    return planBroadcasts(context);
  },
};
