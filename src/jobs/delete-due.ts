import type { Job } from '../job/job.ts';
import { anyDueDeletion, anyDueDeletionAt, deletionBacklog, deletionsNearDeadline } from '../store/due.ts';
import { instantLiteral } from '../store/instant.ts';
import { type DueCounts, dueCounts } from './delete-due/counts.ts';

/** Deletes the messages whose time has come, tells their readers, and removes the records. */
export const deleteDue: Job<DueCounts> = {
  name: 'delete-due',
  summary: 'delete messages whose time has come and tell their readers',
  token: 'TELEGRAM_BOT_TOKEN',
  needsSender: true,
  requires: ['TELEGRAM_BOT_TOKEN'],
  counts: dueCounts,
  cron: () => '* * * * *',
  maxRuntime: '10m',
  stay: 'go on with what becomes due until then, such as 55s',
  keepsFailed: 'retried',
  mark: '🗑️',
  due: (_, { stayMs }) => ({ text: stayMs > 0 ? 'true' : anyDueDeletion, values: [] }),
  dueSince: (_, began) => ({ text: anyDueDeletionAt(instantLiteral(began)), values: [] }),
  backlog: () => ({ text: deletionBacklog, values: [] }),
  nearDeadline: deletionsNearDeadline,
  deadlines: async (connection, settings) =>
    (await import('../store/deadlines.ts')).deletionDeadlines(connection, settings.notice !== 'none'),
  message: (counts) => `Deleted ${counts.messages_deleted} messages, ${counts.messages_failed} failed`,
  run: async (context) => (await import('./delete-due/sweep.ts')).sweepDueRecords(context),
  plan: async (context) => (await import('./delete-due/plan.ts')).planDueRecords(context),
};
