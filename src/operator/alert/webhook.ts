import { PostError, post } from '../../output/post.ts';
import type { Channel } from './channel.ts';

const timeoutMs = 10_000;

/** A POST of `{"text": …}`, which receivers in the manner of Slack take. */
export function webhookChannel(url: string): Channel {
  return {
    name: 'webhook',
    setting: 'ALERT_WEBHOOK_URL',
    chatId: null,
    longestMs: timeoutMs,
    ready: async () => null,
    async deliver({ text }) {
      try {
        await post(new URL(url), { body: JSON.stringify({ text }), contentType: 'application/json', timeoutMs });
        return { kind: 'sent', message: null };
      } catch (error) {
        if (!(error instanceof PostError)) throw error;
        return { kind: error.mayHaveArrived ? 'uncertain' : 'unsent', why: error.message };
      }
    },
    close() {},
  };
}
