/** What `delete-broadcasts` counts. */
export const broadcastCounts = {
  broadcasts: 0,
  messages_deleted: 0,
  messages_gone: 0,
  messages_failed: 0,
  chats_unreachable: 0,
  deferred: 0,
};

export type BroadcastCounts = typeof broadcastCounts;
