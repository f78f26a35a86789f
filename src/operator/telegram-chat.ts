import { setTimeout as sleep } from 'node:timers/promises';
import { botIdOf } from '../settings/formats.ts';
import type { Settings } from '../settings/settings.ts';
import { pauseBot, reserveCall } from '../store/budgets.ts';
import type { Connection } from '../store/connect.ts';
import { type Client, createClient } from '../telegram/client.ts';
import { type Outcome, wordsOf } from '../telegram/outcome.ts';
import type { SentMessage } from '../telegram/result.ts';

/** A topic that is gone or closed, or a chat that has none (telegram-answers.tsv). */
const topicIsAtFault = /thread not found|topic_(closed|deleted)|not a forum/i;

export interface Receiver {
  token: string;
  chatId: string;
  threadId: number | null;
  settings: Settings;
  connection: Connection;
  signal: AbortSignal;
}

/** Why no call may be made now. */
export type NotReady = { kind: 'paused'; ms: number } | { kind: 'stopped' };

/** A chat that people are told things in. Each call takes its slot from the bot's budget, and none is made in a pause. */
export interface TelegramChat {
  /** What one message may take, in milliseconds: three calls at most, and the waits for their slots. */
  readonly longestMs: number;
  /** Waits for the slot of a call. @returns null where the call may be made */
  ready(): Promise<NotReady | null>;
  /**
   * Sends plain text, in the slot that was waited for. An answer which says that nothing was sent is followed: once without the topic,
   * once to the new id of a group. A pause that is asked for is written down.
   */
  send(text: string, replyTo: string | null): Promise<Outcome<SentMessage> | NotReady>;
  client(): Promise<Client>;
  close(): void;
}

export function telegramChat({ token, chatId, threadId, settings, connection, signal }: Receiver): TelegramChat {
  const { apiRoot, timeoutMs, proxy, ratePerSecond } = settings;
  const botId = botIdOf(token);
  let opened: Promise<Client> | null = null;
  const client = (): Promise<Client> => {
    opened ??= createClient(token, { apiRoot, timeoutMs, proxy });
    return opened;
  };

  const ready = async (): Promise<NotReady | null> => {
    const { waitMs, pausedMs } = await reserveCall(connection, botId, ratePerSecond);
    if (waitMs === null) return { kind: 'paused', ms: pausedMs };
    await sleep(waitMs, undefined, { signal }).catch(() => {});
    return signal.aborted ? { kind: 'stopped' } : null;
  };

  return {
    longestMs: 3 * (timeoutMs + 5_000 + 6_000 / ratePerSecond),
    ready,
    async send(text, replyTo) {
      const bot = await client();
      let target = { chatId, threadId };
      for (let tries = 1; ; tries++) {
        const message = { ...target, text, replyTo: replyTo === null ? null : Number(replyTo) };
        const outcome = await bot.sendMessage(message, signal);
        const withoutTopic = outcome.kind !== 'ok' && target.threadId !== null && topicIsAtFault.test(wordsOf(outcome));
        if (withoutTopic) target = { ...target, threadId: null };
        else if (outcome.kind === 'chat_moved') target = { ...target, chatId: outcome.chatId };
        else {
          if (outcome.kind === 'rate_limited') await pauseBot(connection, botId, outcome.retryAfterSeconds);
          return outcome;
        }
        if (tries > 2) return outcome;
        const wait = await ready();
        if (wait !== null) return wait;
      }
    },
    client,
    close() {
      opened?.then(
        (bot) => bot.close(),
        () => {},
      );
    },
  };
}
