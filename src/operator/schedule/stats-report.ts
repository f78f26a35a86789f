import type { Scheduled } from './request.ts';

/** `stats --send`, where STATS_CHAT_ID is set: the report of the last week, on Mondays. */
export const statsReport: Scheduled = {
  name: 'stats',
  command: 'stats --send',
  summary: 'send the report of the last week',
  token: 'TELEGRAM_BOT_TOKEN',
  requires: ['STATS_CHAT_ID'],
  cron: () => '0 9 * * 1',
  maxRuntime: '3m',
};
