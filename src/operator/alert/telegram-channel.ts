import { formatDuration } from '../../output/format.ts';
import { botIdOf } from '../../settings/formats.ts';
import { pauseBot } from '../../store/budgets.ts';
import { type Outcome, wordsOf } from '../../telegram/outcome.ts';
import { type NotReady, type Receiver, telegramChat } from '../telegram-chat.ts';
import type { Channel, Delivery } from './channel.ts';

/** A message in ALERT_CHAT_ID. */
export function telegramChannel(receiver: Omit<Receiver, 'threadId'>): Channel {
  const { token, chatId, settings, connection, signal } = receiver;
  const botId = botIdOf(token);
  const chat = telegramChat({ ...receiver, threadId: settings.alertThreadId });

  const whyNot = (wait: NotReady): string =>
    wait.kind === 'paused'
      ? `Telegram asked bot ${botId} to pause for ${formatDuration(wait.ms)} more`
      : 'it was stopped by a signal';

  const deliveryOf = (outcome: Outcome<unknown>): Delivery => {
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
        return { kind: 'unsent', why: `Telegram asks for a pause of ${outcome.retryAfterSeconds} s` };
      default:
        return { kind: 'unsent', why };
    }
  };

  return {
    name: 'telegram',
    setting: 'ALERT_CHAT_ID',
    chatId,
    longestMs: chat.longestMs,
    async ready() {
      const wait = await chat.ready();
      return wait === null ? null : whyNot(wait);
    },
    async deliver(message) {
      if (message.kind !== 'edit') {
        const outcome = await chat.send(message.text, message.replyTo);
        if (outcome.kind === 'paused' || outcome.kind === 'stopped') return { kind: 'unsent', why: whyNot(outcome) };
        if (outcome.kind !== 'ok') return deliveryOf(outcome);
        const { messageId } = outcome.result;
        return { kind: 'sent', message: messageId === 0 ? null : { chatId, id: String(messageId) } };
      }
      const { text, messageId } = message;
      const outcome = await (await chat.client()).editMessageText(
        { chatId, text, messageId: Number(messageId) },
        signal,
      );
      if (outcome.kind === 'ok') return { kind: 'sent', message: null };
      if (outcome.kind === 'rate_limited') await pauseBot(connection, botId, outcome.retryAfterSeconds);
      return deliveryOf(
        outcome.kind === 'chat_moved' ? { kind: 'uneditable', description: 'the group has moved' } : outcome,
      );
    },
    close: () => chat.close(),
  };
}
