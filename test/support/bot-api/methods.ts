/** The methods of the Bot API that are simulated. Each returns its result or throws `Refused`. */
import { badRequest } from './answers.ts';
import { type Access, type Chat, putMessage, refusalOf, refusalToDelete } from './chats.ts';
import { isRecord, type Params, stringOf } from './request.ts';
import { checkLength, checkMarkup, readText } from './text.ts';
import type { Bot, Call, World } from './world.ts';

export interface Context {
  world: World;
  bot: Bot;
  call: Call;
  now: number;
}

export type Method = (context: Context) => unknown;

const largestId = 2 ** 31 - 1;

function findChat({ world, call }: Context, access: Access): Chat {
  const id = stringOf(call.params.chat_id);
  if (id === '') throw badRequest(access === 'delete' ? 'chat identifier is not specified' : 'chat_id is empty');
  const chat = world.chats.find(id);
  if (!chat) throw badRequest('chat not found');
  const refusal = refusalOf(chat, access);
  if (refusal) throw refusal;
  return chat;
}

/** A chat that exists for Telegram; whether it refuses the bot comes later, after the text was checked. */
function checkTextFor({ world, call }: Context): ReturnType<typeof readText> {
  const checked = readText(call.params);
  const chat = world.chats.find(stringOf(call.params.chat_id));
  if (chat && chat.state !== 'gone') {
    checkLength(checked.text);
    checkMarkup(call.params.reply_markup);
  }
  return checked;
}

function messageIdOf(params: Params): number {
  const id = Number(stringOf(params.message_id));
  if (!Number.isInteger(id) || id <= 0 || id > largestId) throw badRequest('message identifier is not specified');
  return id;
}

function messageIdsOf(params: Params): number[] {
  const ids = params.message_ids;
  if (ids === undefined || ids === '') throw badRequest('message identifiers are not specified');
  if (!Array.isArray(ids)) throw badRequest('expected an Array of message identifiers');
  if (ids.length > 100) throw badRequest('too many message identifiers specified');
  if (ids.length === 0) throw badRequest('message identifiers are not specified');
  return ids.map((value: unknown) => {
    if (typeof value !== 'number' && typeof value !== 'string') throw badRequest('message identifier must be a Number');
    const id = Number(value);
    if (!Number.isInteger(id) || Math.abs(id) > largestId) {
      throw badRequest("can't parse message identifier as a Number");
    }
    if (id <= 0) throw badRequest('invalid message identifier specified');
    return id;
  });
}

const userObject = (bot: Bot) => ({ id: bot.id, is_bot: true, first_name: bot.firstName, username: bot.username });

const chatObject = (chat: Chat) => ({
  id: Number(chat.id),
  type: chat.type,
  ...(chat.type === 'private' ? { first_name: chat.title } : { title: chat.title }),
  ...(chat.username === null ? {} : { username: chat.username }),
});

function messageObject(bot: Bot, chat: Chat, id: number): object {
  const message = chat.messages.get(id);
  if (!message) throw new Error(`chat ${chat.id} holds no message ${id}`);
  return {
    message_id: id,
    from: userObject(bot),
    chat: chatObject(chat),
    date: Math.floor(message.sentAt / 1000),
    ...(message.kind === 'media' ? { document: { file_id: message.text } } : { text: message.text }),
    ...(message.entities.length > 0 ? { entities: message.entities } : {}),
    ...(message.replyMarkup ? { reply_markup: message.replyMarkup } : {}),
  };
}

function deleteMessage(context: Context): true {
  const id = messageIdOf(context.call.params);
  const chat = findChat(context, 'delete');
  const message = chat.messages.get(id);
  if (!message) throw badRequest('message to delete not found');
  const refusal = refusalToDelete(chat, message, context.now);
  if (refusal) throw refusal;
  chat.messages.delete(id);
  return true;
}

/** All or nothing: one message that may not be deleted keeps every other where it is. Ids not found are skipped. */
function deleteMessages(context: Context): true {
  const ids = messageIdsOf(context.call.params);
  const chat = findChat(context, 'delete');
  for (const id of ids) {
    const message = chat.messages.get(id);
    const refusal = message && refusalToDelete(chat, message, context.now);
    if (refusal) throw refusal;
  }
  for (const id of ids) chat.messages.delete(id);
  return true;
}

function sendMessage(context: Context): object {
  const { world, bot, call, now } = context;
  const { text, entities } = checkTextFor(context);
  const chat = findChat(context, 'write');
  const threadId = threadOf(chat, call.params);
  const replyTo = repliedTo(chat, call.params);
  world.admitSend(bot, chat, now);
  const message = putMessage(chat, { text }, now);
  message.entities = entities;
  message.replyMarkup = call.params.reply_markup ?? null;
  const { replyMarkup } = message;
  const place = { chatId: chat.id, messageId: message.id, threadId, replyTo };
  world.sent.push({ call, at: now, ...place, text, entities, replyMarkup });
  return messageObject(bot, chat, message.id);
}

/** The topic that a message goes to. Texts: tdlib/td MessageTopic, ForumTopicManager. */
function threadOf(chat: Chat, params: Params): number | null {
  const asked = stringOf(params.message_thread_id);
  if (asked === '' || asked === '0') return null;
  if (!chat.topics.has(Number(asked))) throw badRequest('message thread not found');
  return Number(asked);
}

/** The message that another one answers; null where it is gone and the sender can do without. */
function repliedTo(chat: Chat, { reply_parameters: reply }: Params): number | null {
  if (!isRecord(reply)) return null;
  const id = Number(reply.message_id);
  if (chat.messages.has(id)) return id;
  if (reply.allow_sending_without_reply === true) return null;
  throw badRequest('message to be replied not found');
}

/** What bots send; telesweep sends no files. */
function sendDocument(context: Context): object {
  const { world, bot, call, now } = context;
  const file = stringOf(call.params.document);
  if (file === '') throw badRequest('there is no document in the request');
  const chat = findChat(context, 'write');
  world.admitSend(bot, chat, now);
  const message = putMessage(chat, { kind: 'media', text: file }, now);
  return messageObject(bot, chat, message.id);
}

function editMessageText(context: Context): object {
  const { world, bot, call, now } = context;
  const { text, entities } = checkTextFor(context);
  const messageId = messageIdOf(call.params);
  const chat = findChat(context, 'write');
  const message = chat.messages.get(messageId);
  if (!message) throw badRequest('message to edit not found');
  if (!message.editable) throw badRequest("message can't be edited");
  if (message.kind !== 'text') throw badRequest('there is no text in the message to edit');
  const replyMarkup = call.params.reply_markup ?? null;
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  if (message.text === text && same(message.entities, entities) && same(message.replyMarkup, replyMarkup)) {
    throw badRequest(
      'message is not modified: specified new message content and reply markup are exactly the same as a current ' +
        'content and reply markup of the message',
    );
  }
  Object.assign(message, { text, entities, replyMarkup });
  const place = { chatId: chat.id, messageId, threadId: null, replyTo: null };
  world.edits.push({ call, at: now, ...place, text, entities, replyMarkup });
  return messageObject(bot, chat, messageId);
}

function getChatMember(context: Context): object {
  const { bot, call } = context;
  const chat = findChat(context, 'read');
  const userId = Number(stringOf(call.params.user_id));
  if (!Number.isInteger(userId) || userId <= 0) throw badRequest('invalid user_id specified');
  if (userId !== bot.id) {
    return { user: { id: userId, is_bot: false, first_name: `User ${userId}` }, status: 'member' };
  }
  const user = userObject(bot);
  const mayWrite = chat.state === 'ok' || chat.state === 'cannot_delete';
  if (chat.type === 'private' || !mayWrite) return { user, status: 'member' };
  return {
    user,
    status: 'administrator',
    can_delete_messages: chat.state === 'ok',
    ...(chat.type === 'channel' ? { can_post_messages: true, can_edit_messages: true } : {}),
  };
}

/** By name in small letters: Telegram does not mind the case of a method. */
export const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['deletemessage', deleteMessage],
  ['deletemessages', deleteMessages],
  ['sendmessage', sendMessage],
  ['senddocument', sendDocument],
  ['editmessagetext', editMessageText],
  ['getme', ({ bot }) => ({ ...userObject(bot), can_join_groups: true, can_read_all_group_messages: false })],
  ['getchat', (context) => chatObject(findChat(context, 'read'))],
  ['getchatmember', getChatMember],
]);
