import type { Job } from '../job/job.ts';
import {
  anyDueBroadcast,
  anyDueBroadcastAt,
  broadcastBacklog,
  broadcastsNearDeadline,
} from '../store/broadcast-due.ts';
import { instantLiteral } from '../store/instant.ts';
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
  dueSince: (_, began) => ({ text: anyDueBroadcastAt(instantLiteral(began)), values: [] }),
  backlog: () => ({ text: broadcastBacklog, values: [] }),
  nearDeadline: broadcastsNearDeadline,
  deadlines: async (connection) => (await import('../store/deadlines.ts')).broadcastDeadlines(connection),
  orphans: async (connection) => (await (await import('../store/orphans.ts')).readOrphans(connection)).rows,
  message: (counts) =>
    `Deleted ${counts.messages_deleted} broadcast messages, ${counts.messages_failed} failed, ${counts.broadcasts} broadcasts removed`,

  run: async (context) => (await import('./delete-broadcasts/sweep.ts')).sweepBroadcasts(context),

  plan: async (context) => (await import('./delete-broadcasts/plan.ts')).planBroadcasts(context),
};
