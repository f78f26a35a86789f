/** `deleteMessages` takes 1 to 100 ids of one chat (core.telegram.org/bots/api#deletemessages). */
export const mostIdsACall = 100;

/** Telegram counts messages from 1, in 32 bits. */
const largestMessageId = 2 ** 31 - 1;

export function isMessageId(id: number): boolean {
  return Number.isInteger(id) && id >= 1 && id <= largestMessageId;
}
