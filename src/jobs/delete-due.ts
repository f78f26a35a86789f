import type { Counts, Job } from '../job.ts';
import { anyDueDeletion, deletionBacklog, deletionsNearDeadline } from '../store/due.ts';

/** Deletes the messages whose time has come, tells their readers, and removes the records. */
export const deleteDue: Job = {
  name: 'delete-due',
  summary: 'delete messages whose time has come and tell their readers',
  token: 'TELEGRAM_BOT_TOKEN',
  needsSender: true,
  requires: ['TELEGRAM_BOT_TOKEN'],
  countKeys: [
    'records',
    'messages_deleted',
    'messages_gone',
    'messages_failed',
    'chats_unreachable',
    'notices_sent',
    'notices_uncertain',
    'deferred',
  ],
  mark: '🗑️',
  due: (_, { stayMs }) => ({ text: stayMs > 0 ? 'true' : anyDueDeletion, values: [] }),
  backlog: () => ({ text: deletionBacklog, values: [] }),
  nearDeadline: deletionsNearDeadline,
  message: (counts: Counts) =>
    `Deleted ${counts.messages_deleted ?? 0} messages, ${counts.messages_failed ?? 0} failed`,
  async run(context) {
    const { sweepDueRecords } = await import('./delete-due/sweep.ts');
    return sweepDueRecords(context);
  },
  async plan(context) {
    const { planDueRecords } = await import('./delete-due/plan.ts');
    return planDueRecords(context);
  },
};
