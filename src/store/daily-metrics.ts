/** Every metric of `telesweep.daily`, once: what counts it, what reads it, and `docs/stats.md` go by this list. */

export interface DailyMetric {
  /** One that ends in a colon has a name behind it: `messages_failed:too_old`, `rows:tokens`. */
  name: string;
  /**
   * Of which day in TIMEZONE the row is. `work`: added to on the day on which the work was done; `made`: added to when a row is
   * removed, on the day on which it was made; `look`: written once, as the first pass that closes in the day finds it; `past`:
   * written once, when the day is over, as it was then.
   */
  day: 'work' | 'made' | 'look' | 'past';
  label: string;
}

export const dailyMetrics = [
  { name: 'tokens_verified', day: 'made', label: 'tokens removed as verified' },
  { name: 'tokens_bypassed', day: 'made', label: 'tokens removed as bypassed' },
  { name: 'token_users', day: 'made', label: 'users who made tokens, one counter each' },
  { name: 'tokens_generated', day: 'made', label: 'tokens made, by the counters' },

  { name: 'messages_deleted', day: 'work', label: 'messages of due records that were deleted' },
  { name: 'messages_gone', day: 'work', label: 'messages of due records that were gone already' },
  { name: 'messages_failed', day: 'work', label: 'messages of due records that were given up' },
  { name: 'messages_failed:', day: 'work', label: 'of these, by reason' },
  { name: 'chats_unreachable', day: 'work', label: 'chats that are gone or have blocked the bot' },
  { name: 'notices_sent', day: 'work', label: 'notices that were sent' },
  { name: 'notices_uncertain', day: 'work', label: 'notices of which nobody knows whether they arrived' },
  { name: 'late_within_1m', day: 'work', label: 'records done within a minute of their time' },
  { name: 'late_within_5m', day: 'work', label: 'records done later, within 5 minutes' },
  { name: 'late_within_1h', day: 'work', label: 'records done later, within an hour' },
  { name: 'late_over_1h', day: 'work', label: 'records done later than that' },

  { name: 'broadcast_messages_deleted', day: 'work', label: 'messages of broadcasts that were deleted' },
  { name: 'broadcast_messages_gone', day: 'work', label: 'messages of broadcasts that were gone already' },
  { name: 'broadcast_messages_failed', day: 'work', label: 'messages of broadcasts that were given up' },
  { name: 'broadcast_messages_too_old', day: 'work', label: 'of these, lost to the 48 hours' },
  {
    name: 'broadcast_chats_reached',
    day: 'work',
    label: 'chats in which nothing of a broadcast that reached them is left',
  },
  {
    name: 'broadcast_chats_unreachable',
    day: 'work',
    label: 'chats of broadcasts that are gone or have blocked the bot',
  },
  { name: 'broadcasts_removed', day: 'work', label: 'broadcasts that were removed' },

  { name: 'guides_posted', day: 'work', label: 'guides that were posted, one a channel' },
  { name: 'guides_failed', day: 'work', label: 'guide posts that failed' },
  { name: 'guides_uncertain', day: 'work', label: 'guide posts of which nobody knows whether they arrived' },

  { name: 'calls', day: 'work', label: 'Bot API calls' },
  { name: 'rate_limited', day: 'work', label: 'Bot API calls answered with 429' },

  { name: 'users_total', day: 'look', label: 'users in all' },
  { name: 'users_new', day: 'past', label: 'users who joined' },
  { name: 'users_banned', day: 'look', label: 'users who are banned' },
  { name: 'database_bytes', day: 'look', label: 'bytes of the database' },
  { name: 'rows:', day: 'look', label: "rows of a bot's table, as PostgreSQL estimates them" },
  { name: 'bytes:', day: 'look', label: "bytes of a bot's table, indexes included" },
  { name: 'dead_rows:', day: 'look', label: "dead rows of a bot's table" },
] as const satisfies readonly DailyMetric[];

type Listed = (typeof dailyMetrics)[number]['name'];

/** As it stands in the column `metric`. */
export type DailyMetricName = Listed extends infer Name
  ? Name extends `${infer _}:`
    ? `${Name}${string}`
    : Name
  : never;
