import type { Scheduled } from './request.ts';

/** `stats --send`, where STATS_CHAT_ID is set: the report of the last week, on Mondays. */
export const statsReport: Scheduled = {
  name: 'stats',
  command: 'stats --send --quiet',
  whereZonesDiffer: '--at 09:00',
  summary: 'send the report of the last week',
  token: 'TELEGRAM_BOT_TOKEN',
  requires: ['STATS_CHAT_ID'],
  // Two more tries where it could not be sent at nine: another pass finds it sent.
  cron: () => '0 9,10,11 * * 1',
  maxRuntime: '3m',
};
