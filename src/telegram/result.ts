/** Checks that a result has the shape that its method promises; undefined where it has not. */

export interface Me {
  id: string;
  username: string;
}

export interface SentMessage {
  messageId: number;
  /** Null where the answer names no chat. */
  chatId: string | null;
}

export interface Chat {
  id: string;
  /** `private`, `group`, `supergroup` or `channel`. */
  type: string;
  title: string | null;
}

export interface ChatMember {
  /** `creator`, `administrator`, `member`, `restricted`, `left` or `kicked`. */
  status: string;
  /** Rights as Telegram tells them; null where it does not: a creator has them all, a member none. */
  canDeleteMessages: boolean | null;
  canPostMessages: boolean | null;
}

export function asTrue(result: unknown): true | undefined {
  return result === true ? true : undefined;
}

/** An edit answers with the message, or with true where the message is not the bot's own. */
export function asTrueOrMessage(result: unknown): true | undefined {
  return result === true || asSentMessage(result) !== undefined ? true : undefined;
}

export function asSentMessage(result: unknown): SentMessage | undefined {
  const { message_id: messageId, chat } = fieldsOf(result);
  // 0 for a message that the server has put off (core.telegram.org/bots/api#message).
  if (typeof messageId !== 'number' || !Number.isSafeInteger(messageId) || messageId < 0) return undefined;
  return { messageId, chatId: idOf(fieldsOf(chat).id) };
}

export function asMe(result: unknown): Me | undefined {
  const { id, username } = fieldsOf(result);
  const botId = idOf(id);
  return botId !== null && typeof username === 'string' && username !== '' ? { id: botId, username } : undefined;
}

export function asChat(result: unknown): Chat | undefined {
  const { id, type, title } = fieldsOf(result);
  const chatId = idOf(id);
  if (chatId === null || typeof type !== 'string') return undefined;
  return { id: chatId, type, title: typeof title === 'string' ? title : null };
}

export function asChatMember(result: unknown): ChatMember | undefined {
  const { status, can_delete_messages: canDelete, can_post_messages: canPost } = fieldsOf(result);
  if (typeof status !== 'string') return undefined;
  return {
    status,
    canDeleteMessages: typeof canDelete === 'boolean' ? canDelete : null,
    canPostMessages: typeof canPost === 'boolean' ? canPost : null,
  };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function idOf(value: unknown): string | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : null;
}
