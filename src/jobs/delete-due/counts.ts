/** What `delete-due` counts. */
export const dueCounts = {
  records: 0,
  messages_deleted: 0,
  messages_gone: 0,
  messages_failed: 0,
  chats_unreachable: 0,
  notices_sent: 0,
  notices_uncertain: 0,
  deferred: 0,
};

export type DueCounts = typeof dueCounts;
