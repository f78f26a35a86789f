import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../../output/format.ts';
import { botIdOf } from '../../settings/formats.ts';
import type { Settings } from '../../settings/settings.ts';
import { pauseBot, reserveCall } from '../../store/budgets.ts';
import type { Connection } from '../../store/connect.ts';
import { type Client, createClient } from '../../telegram/client.ts';
import { type Outcome, wordsOf } from '../../telegram/outcome.ts';
import type { SentMessage } from '../../telegram/result.ts';
import type { Channel, Delivery } from './channel.ts';

interface Receiver {
  token: string;
  chatId: string;
  settings: Settings;
  connection: Connection;
  signal: AbortSignal;
}

/** A topic that is gone or closed, or a chat that has none (telegram-answers.tsv). */
const topicIsAtFault = /thread not found|topic_(closed|deleted)|not a forum/i;

/** A message in ALERT_CHAT_ID. Each call takes its slot from the bot's budget, and none is made in a pause. */
export function telegramChannel(receiver: Receiver): Channel {
  const { token, chatId, settings, connection, signal } = receiver;
  const { apiRoot, timeoutMs, proxy, ratePerSecond, alertThreadId } = settings;
  const botId = botIdOf(token);
  let opened: Promise<Client> | null = null;
  const client = (): Promise<Client> => {
    opened ??= createClient(token, { apiRoot, timeoutMs, proxy });
    return opened;
  };

  const ready = async (): Promise<string | null> => {
    const { waitMs, pausedMs } = await reserveCall(connection, botId, ratePerSecond);
    if (waitMs === null) return `Telegram asked bot ${botId} to pause for ${formatDuration(pausedMs)} more`;
    await sleep(waitMs, undefined, { signal }).catch(() => {});
    return signal.aborted ? 'it was stopped by a signal' : null;
  };

  const outcomeOf = async (outcome: Outcome<unknown>): Promise<Delivery> => {
    const why = wordsOf(outcome);
    switch (outcome.kind) {
      case 'unanswered':
        return { kind: 'uncertain', why };
      case 'already_sent':
      case 'unmodified':
        return { kind: 'sent', message: null };
      case 'uneditable':
        return { kind: 'gone', why };
      case 'rate_limited':
        await pauseBot(connection, botId, outcome.retryAfterSeconds);
        return { kind: 'unsent', why: `Telegram asks for a pause of ${outcome.retryAfterSeconds} s` };
      default:
        return { kind: 'unsent', why };
    }
  };

  const send = async (text: string, replyTo: string | null): Promise<Delivery> => {
    const bot = await client();
    let target = { chatId, threadId: alertThreadId };
    // Each of these answers says that nothing was sent: once without the topic, once to the new id of a group.
    for (let tries = 1; ; tries++) {
      const outcome: Outcome<SentMessage> = await bot.sendMessage(
        { ...target, text, replyTo: replyTo === null ? null : Number(replyTo) },
        signal,
      );
      if (outcome.kind === 'ok') {
        const { messageId } = outcome.result;
        return { kind: 'sent', message: messageId === 0 ? null : { chatId, id: String(messageId) } };
      }
      const withoutTopic = target.threadId !== null && topicIsAtFault.test(wordsOf(outcome));
      if (withoutTopic) target = { ...target, threadId: null };
      else if (outcome.kind === 'chat_moved') target = { ...target, chatId: outcome.chatId };
      else return outcomeOf(outcome);
      const paused = tries > 2 ? wordsOf(outcome) : await ready();
      if (paused !== null) return { kind: 'unsent', why: paused };
    }
  };

  return {
    name: 'telegram',
    setting: 'ALERT_CHAT_ID',
    chatId,
    // Three calls at most, and the waits for their slots.
    longestMs: 3 * (timeoutMs + 5_000 + 6_000 / ratePerSecond),
    ready,
    async deliver(message) {
      if (message.kind !== 'edit') return send(message.text, message.replyTo);
      const { text, messageId } = message;
      const outcome = await (await client()).editMessageText({ chatId, text, messageId: Number(messageId) }, signal);
      if (outcome.kind === 'ok') return { kind: 'sent', message: null };
      return outcomeOf(
        outcome.kind === 'chat_moved' ? { kind: 'uneditable', description: 'the group has moved' } : outcome,
      );
    },
    close() {
      opened?.then(
        (bot) => bot.close(),
        () => {},
      );
    },
  };
}
