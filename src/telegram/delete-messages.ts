import type { Bot } from './bot.ts';

/** `deleteMessages` takes 1 to 100 ids of one chat (core.telegram.org/bots/api#deletemessages). */
export const mostIdsACall = 100;

/** A message may be deleted within 48 hours of being sent (core.telegram.org/bots/api#deletemessage). */
export const deletableHours = 48;

/** Telegram counts messages from 1, in 32 bits. */
const largestMessageId = 2 ** 31 - 1;

export function isMessageId(id: number): boolean {
  return Number.isInteger(id) && id >= 1 && id <= largestMessageId;
}

/** What became of one message: `later` was not settled and is to be tried again. */
export type Fate =
  | { kind: 'deleted' }
  | { kind: 'gone' }
  | { kind: 'undeletable'; description: string }
  | { kind: 'refused'; description: string }
  | { kind: 'chat_unreachable' }
  | { kind: 'later'; reason: 'unanswered' | 'forbidden'; description: string }
  | { kind: 'stopped' };

/**
 * Deletes messages of one chat: 100 a call, a single one by `deleteMessage`, whose answers tell more. A refused batch
 * is halved until the ids at fault are alone, because one of them fails its whole call and nothing is deleted.
 * @param messageIds distinct, each a possible message id
 * @returns the fate of each id
 * @throws TokenRefusedError, UnavailableError as `Bot` does
 */
export async function deleteMessages(
  bot: Bot,
  chatId: string,
  messageIds: readonly number[],
): Promise<Map<number, Fate>> {
  const fates = new Map<number, Fate>();
  const batches: number[][] = [];
  for (let i = 0; i < messageIds.length; i += mostIdsACall) batches.push(messageIds.slice(i, i + mostIdsACall));

  for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
    const [only] = batch;
    if (only === undefined) continue;
    const outcome =
      batch.length === 1 ? await bot.deleteMessage(chatId, only) : await bot.deleteMessages(chatId, batch);
    const settle = (fate: Fate, ids: readonly number[]): void => {
      for (const id of ids) fates.set(id, fate);
    };
    switch (outcome.kind) {
      case 'ok':
        settle({ kind: 'deleted' }, batch);
        break;
      case 'chat_unreachable':
      case 'chat_moved':
        // After a move the old message ids mean nothing any more, so the rest cannot be deleted either.
        settle({ kind: 'chat_unreachable' }, [...batch, ...batches.flat()]);
        return fates;
      case 'stopped':
        settle({ kind: 'stopped' }, [...batch, ...batches.flat()]);
        return fates;
      case 'forbidden':
        settle({ kind: 'later', reason: 'forbidden', description: outcome.description }, [...batch, ...batches.flat()]);
        return fates;
      case 'unanswered':
      case 'not_sent':
        settle({ kind: 'later', reason: 'unanswered', description: outcome.description }, batch);
        break;
      default:
        if (batch.length > 1) {
          const half = Math.ceil(batch.length / 2);
          batches.unshift(batch.slice(0, half), batch.slice(half));
        } else if (outcome.kind === 'gone') {
          settle({ kind: 'gone' }, batch);
        } else if (outcome.kind === 'undeletable') {
          settle({ kind: 'undeletable', description: outcome.description }, batch);
        } else {
          settle(
            { kind: 'refused', description: 'description' in outcome ? outcome.description : outcome.kind },
            batch,
          );
        }
    }
  }
  return fates;
}
