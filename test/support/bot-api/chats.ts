/** The chats that the simulated Telegram knows, what they hold, and what stands between the bot and each of them. */
import { badRequest, forbidden, type Refused } from './answers.ts';

export type ChatId = number | string | bigint;
export type ChatType = 'private' | 'group' | 'supergroup' | 'channel';

/** Why calls to a chat are refused; the texts are in `refusals` below. */
export type ChatState =
  | 'ok'
  | 'blocked'
  | 'deactivated'
  | 'cannot_initiate'
  | 'gone'
  | 'peer_invalid'
  | 'kicked'
  | 'not_member'
  | 'group_deleted'
  | 'migrated'
  | 'cannot_delete'
  | 'need_admin'
  | 'not_enough_rights'
  | 'write_forbidden'
  | 'channel_private';

export interface ChatSpec {
  id: ChatId;
  /** Guessed from the id where it is left out: positive is private, -100… a supergroup, else a group. */
  type?: ChatType;
  /** Without the @. */
  username?: string;
  title?: string;
  state?: ChatState;
  /** The new id of a chat that was upgraded to a supergroup; makes the state `migrated`. */
  migrateTo?: number;
  /** Deletes still work although the user blocked the bot or is deactivated: Telegram does not document which holds. */
  canStillDelete?: boolean;
  /** The topics of a forum, each the id of the message that began it; a chat without any is no forum. */
  topics?: readonly number[];
}

export interface Chat {
  /** The id in decimal digits: the name under which calls and sent messages are recorded. */
  readonly id: string;
  readonly type: ChatType;
  readonly username: string | null;
  readonly title: string;
  state: ChatState;
  migrateTo: number | null;
  canStillDelete: boolean;
  readonly topics: Set<number>;
  /** What stands in the chat now, by message id. */
  readonly messages: Map<number, Message>;
  nextMessageId: number;
}

export interface Message {
  readonly id: number;
  /** When it was sent, in milliseconds of the server's clock. */
  readonly sentAt: number;
  readonly kind: 'text' | 'media' | 'dice' | 'topic';
  /** May never be deleted. */
  readonly protected: boolean;
  readonly editable: boolean;
  text: string;
  entities: readonly unknown[];
  replyMarkup: unknown;
}

/** A message that stands in a chat before the test begins. */
export interface MessageSpec {
  id?: number;
  /** How long ago it was sent; 0 where it is left out. */
  ageMs?: number;
  kind?: Message['kind'];
  protected?: boolean;
  editable?: boolean;
  text?: string;
}

/** Which part of the API a call wants from a chat: states refuse some and allow others. */
export type Access = 'read' | 'write' | 'delete';

function typeOf(id: string): ChatType {
  if (!id.startsWith('-')) return 'private';
  return id.startsWith('-100') && id.length > 11 ? 'supergroup' : 'group';
}

const refusals: Record<Exclude<ChatState, 'ok' | 'cannot_delete'>, (chat: Chat) => Refused> = {
  blocked: () => forbidden('bot was blocked by the user'),
  deactivated: () => forbidden('user is deactivated'),
  cannot_initiate: () => forbidden("bot can't initiate conversation with a user"),
  gone: () => badRequest('chat not found'),
  peer_invalid: () => badRequest('PEER_ID_INVALID'),
  kicked: (chat) => forbidden(`bot was kicked from the ${chat.type} chat`),
  not_member: (chat) => forbidden(`bot is not a member of the ${chat.type} chat`),
  group_deleted: () => forbidden('the group chat was deleted'),
  migrated: (chat) =>
    badRequest('group chat was upgraded to a supergroup chat', { migrate_to_chat_id: chat.migrateTo ?? 0 }),
  need_admin: (chat) => badRequest(`need administrator rights in the ${chat.type} chat`),
  not_enough_rights: (chat) => badRequest(`not enough rights to manage messages in the ${chat.type} chat`),
  write_forbidden: () => badRequest('CHAT_WRITE_FORBIDDEN'),
  channel_private: () => badRequest('CHANNEL_PRIVATE'),
};

const stillReadable: ReadonlySet<ChatState> = new Set([
  'blocked',
  'deactivated',
  'cannot_initiate',
  'need_admin',
  'not_enough_rights',
  'write_forbidden',
]);

/** The refusal that a call for `access` meets in this chat, or null where it may go on. */
export function refusalOf(chat: Chat, access: Access): Refused | null {
  if (chat.state === 'ok' || chat.state === 'cannot_delete') return null;
  if (access === 'read' && stillReadable.has(chat.state)) return null;
  if (access === 'delete' && chat.canStillDelete && stillReadable.has(chat.state)) return null;
  return refusals[chat.state](chat);
}

export class Chats {
  readonly #byId = new Map<string, Chat>();
  readonly #byName = new Map<string, Chat>();

  add(spec: ChatSpec): Chat {
    const id = String(spec.id);
    const chat: Chat = {
      id,
      type: spec.type ?? typeOf(id),
      username: spec.username ?? null,
      title: spec.title ?? `Chat ${id}`,
      state: spec.migrateTo === undefined ? (spec.state ?? 'ok') : 'migrated',
      migrateTo: spec.migrateTo ?? null,
      canStillDelete: spec.canStillDelete ?? false,
      topics: new Set(spec.topics),
      messages: new Map(),
      nextMessageId: 1,
    };
    this.#byId.set(id, chat);
    if (chat.username !== null) this.#byName.set(`@${chat.username.toLowerCase()}`, chat);
    return chat;
  }

  /** By id or by @name. */
  find(id: ChatId): Chat | undefined {
    const key = String(id);
    return key.startsWith('@') ? this.#byName.get(key.toLowerCase()) : this.#byId.get(key);
  }

  all(): Iterable<Chat> {
    return this.#byId.values();
  }
}

/** Puts a message into a chat. */
export function putMessage(chat: Chat, spec: MessageSpec, now: number): Message {
  const id = spec.id ?? chat.nextMessageId;
  const message: Message = {
    id,
    sentAt: now - (spec.ageMs ?? 0),
    kind: spec.kind ?? 'text',
    protected: spec.protected ?? false,
    editable: spec.editable ?? true,
    text: spec.text ?? `message ${id}`,
    entities: [],
    replyMarkup: null,
  };
  chat.messages.set(id, message);
  chat.nextMessageId = Math.max(chat.nextMessageId, id + 1);
  return message;
}

const hour = 3_600_000;

/** Why this message may not be deleted now, or null. One such message fails a whole `deleteMessages`. */
export function refusalToDelete(chat: Chat, message: Message, now: number): Refused | null {
  const age = now - message.sentAt;
  const forSelf = message.protected || message.kind === 'topic' || chat.state === 'cannot_delete';
  if (forSelf || (message.kind === 'dice' && chat.type === 'private' && age < 24 * hour)) {
    return badRequest("message can't be deleted");
  }
  if (age <= 48 * hour) return null;
  // Two texts for one rule: supergroups and channels are checked in another place of the server than the rest.
  const channelLike = chat.type === 'supergroup' || chat.type === 'channel';
  return badRequest(channelLike ? "message can't be deleted" : "message can't be deleted for everyone");
}
