import type { Scheduled } from './request.ts';

/** `doctor --alert`, beside the jobs. */
export const alert: Scheduled = {
  name: 'alert',
  command: 'doctor --alert',
  tells: true,
  summary: 'tell people what is not well',
  // Doctor looks at every bot.
  token: 'TELEGRAM_BOT_TOKEN',
  requires: ['ALERT_CHAT_ID or ALERT_WEBHOOK_URL'],
  cron: () => '*/5 * * * *',
  maxRuntime: '3m',
};
