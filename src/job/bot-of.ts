import { botIdOf } from '../settings/formats.ts';
import type { Settings } from '../settings/settings.ts';
import type { Job } from './job.ts';

/** The bot whose API a job calls; null where it calls none, or no token is set. */
export function botOf({ token }: Pick<Job, 'token'>, settings: Settings): string | null {
  if (token === null) return null;
  const value = token === 'GUIDE_BOT_TOKEN' ? settings.guideBotToken : settings.telegramBotToken;
  return value === null ? null : botIdOf(value);
}
