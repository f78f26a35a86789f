import { Api } from 'node-telegram-bot-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callBotApi } from './support/bot-api/client.ts';
import { type BotApi, botToken, type ChatState, startBotApi } from './support/bot-api.ts';

const hour = 3_600_000;
let api: BotApi;
let now = Date.UTC(2026, 0, 2);

const call = (method: string, params: object = {}, token = botToken) => callBotApi(api.url, method, params, { token });
const refusal = (code: number, description: string) =>
  expect.objectContaining({ status: code, ok: false, error_code: code, description });

beforeEach(async () => {
  now = Date.UTC(2026, 0, 2);
  api = await startBotApi({ clock: () => now });
});
afterEach(() => api.close());

describe('deleting', () => {
  it.each([
    [42, "Bad Request: message can't be deleted for everyone"],
    [-4200, "Bad Request: message can't be deleted for everyone"],
    [-1001234567890, "Bad Request: message can't be deleted"],
  ])('follows the 48-hour rule in chat %d', async (chat, text) => {
    api.addMessage(chat, { id: 1, ageMs: 48 * hour - 1000 });
    api.addMessage(chat, { id: 2, ageMs: 48 * hour + 1000 });
    expect(await call('deleteMessage', { chat_id: chat, message_id: 1 })).toMatchObject({ status: 200, result: true });
    expect(await call('deleteMessage', { chat_id: chat, message_id: 2 })).toEqual(refusal(400, text));
    expect(api.messageIds(chat)).toEqual([2]);
  });

  it('lets a message grow too old as the clock goes on', async () => {
    api.addMessages(42, [1, 2], { ageMs: 48 * hour - 1000 });
    expect(await call('deleteMessage', { chat_id: 42, message_id: 1 })).toMatchObject({ ok: true });
    now += 2000;
    expect(await call('deleteMessage', { chat_id: 42, message_id: 2 })).toMatchObject({ ok: false });
  });

  it('deletes all messages of a batch and skips ids that are not there', async () => {
    api.addMessages(42, [1, 2, 3]);
    expect(await call('deleteMessages', { chat_id: 42, message_ids: [1, 77, 3, 3] })).toMatchObject({ result: true });
    expect(api.messageIds(42)).toEqual([2]);
    expect(await call('deleteMessages', { chat_id: 42, message_ids: [500, 501] })).toMatchObject({ result: true });
  });

  it.each([
    ['too old', { ageMs: 49 * hour }, "message can't be deleted for everyone"],
    ['protected', { protected: true }, "message can't be deleted"],
    ['a topic', { kind: 'topic' }, "message can't be deleted"],
    ['a young dice', { kind: 'dice', ageMs: 23 * hour }, "message can't be deleted"],
  ] as const)('deletes nothing where one of a batch is %s', async (_, spec, text) => {
    api.addMessages(42, [1, 3]);
    api.addMessage(42, { id: 2, ...spec });
    const seen = await call('deleteMessages', { chat_id: 42, message_ids: [1, 2, 3] });
    expect(seen).toEqual(refusal(400, `Bad Request: ${text}`));
    expect(api.messageIds(42).sort()).toEqual([1, 2, 3]);
    expect(api.calls.map(({ done, status }) => [done, status])).toEqual([[false, 400]]);
  });

  it('deletes a dice after 24 hours, and in a group at once', async () => {
    api.addMessage(42, { id: 1, kind: 'dice', ageMs: 24 * hour });
    api.addMessage(-4200, { id: 1, kind: 'dice' });
    expect(await call('deleteMessage', { chat_id: 42, message_id: 1 })).toMatchObject({ ok: true });
    expect(await call('deleteMessage', { chat_id: -4200, message_id: 1 })).toMatchObject({ ok: true });
  });

  it.each([
    ['deleteMessage', { message_id: 9 }, 'message to delete not found'],
    ['deleteMessage', { message_id: 0 }, 'message identifier is not specified'],
    ['deleteMessage', {}, 'message identifier is not specified'],
    ['deleteMessages', {}, 'message identifiers are not specified'],
    ['deleteMessages', { message_ids: [] }, 'message identifiers are not specified'],
    ['deleteMessages', { message_ids: 7 }, 'expected an Array of message identifiers'],
    ['deleteMessages', { message_ids: [1, 0] }, 'invalid message identifier specified'],
    ['deleteMessages', { message_ids: [1, 2 ** 31] }, "can't parse message identifier as a Number"],
    [
      'deleteMessages',
      { message_ids: Array.from({ length: 101 }, (_, i) => i + 1) },
      'too many message identifiers specified',
    ],
  ])('refuses %s of %j', async (method, params, text) => {
    api.addMessage(42, { id: 1 });
    expect(await call(method, { chat_id: 42, ...params })).toEqual(refusal(400, `Bad Request: ${text}`));
    expect(api.messageIds(42)).toEqual([1]);
  });

  it('takes a batch of 100', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => i + 1);
    api.addMessages(42, ids);
    expect(await call('deleteMessages', { chat_id: 42, message_ids: ids })).toMatchObject({ result: true });
    expect(api.messageIds(42)).toEqual([]);
  });
});

describe('chats', () => {
  const channel = -1001234567890;

  it.each<[ChatState, number, string]>([
    ['blocked', 403, 'Forbidden: bot was blocked by the user'],
    ['deactivated', 403, 'Forbidden: user is deactivated'],
    ['cannot_initiate', 403, "Forbidden: bot can't initiate conversation with a user"],
    ['gone', 400, 'Bad Request: chat not found'],
    ['peer_invalid', 400, 'Bad Request: PEER_ID_INVALID'],
    ['kicked', 403, 'Forbidden: bot was kicked from the channel chat'],
    ['not_member', 403, 'Forbidden: bot is not a member of the channel chat'],
    ['group_deleted', 403, 'Forbidden: the group chat was deleted'],
    ['need_admin', 400, 'Bad Request: need administrator rights in the channel chat'],
    ['not_enough_rights', 400, 'Bad Request: not enough rights to manage messages in the channel chat'],
    ['write_forbidden', 400, 'Bad Request: CHAT_WRITE_FORBIDDEN'],
    ['channel_private', 400, 'Bad Request: CHANNEL_PRIVATE'],
  ])('that are %s refuse sends, edits and deletes', async (state, code, text) => {
    api.addChat({ id: channel, type: 'channel', state });
    api.addMessage(channel, { id: 1 });
    const chat_id = channel;
    for (const [method, params] of [
      ['sendMessage', { text: 'x' }],
      ['editMessageText', { message_id: 1, text: 'x' }],
      ['deleteMessage', { message_id: 1 }],
      ['deleteMessages', { message_ids: [1, 2] }],
    ] as const) {
      expect(await call(method, { chat_id, ...params })).toEqual(refusal(code, text));
    }
    expect(api.messageIds(channel)).toEqual([1]);
    expect(api.sent()).toEqual([]);
  });

  it('may allow deletes to a bot that cannot send', async () => {
    api.addChat({ id: 42, state: 'blocked', canStillDelete: true });
    api.addMessage(42, { id: 1 });
    expect(await call('deleteMessage', { chat_id: 42, message_id: 1 })).toMatchObject({ ok: true });
    expect(await call('sendMessage', { chat_id: 42, text: 'x' })).toMatchObject({ error_code: 403 });
  });

  it('without the right to delete refuse deletes alone', async () => {
    api.addChat({ id: channel, type: 'channel', state: 'cannot_delete' });
    api.addMessage(channel, { id: 1 });
    const seen = await call('deleteMessages', { chat_id: channel, message_ids: [1, 2] });
    expect(seen).toEqual(refusal(400, "Bad Request: message can't be deleted"));
    expect(await call('sendMessage', { chat_id: channel, text: 'x' })).toMatchObject({ ok: true });
  });

  it('that were upgraded name their new id', async () => {
    api.addChat({ id: -4200, migrateTo: channel });
    expect(await call('sendMessage', { chat_id: -4200, text: 'x' })).toMatchObject({
      error_code: 400,
      description: 'Bad Request: group chat was upgraded to a supergroup chat',
      parameters: { migrate_to_chat_id: channel },
    });
  });

  it('are found by name, and unknown ones are not', async () => {
    api.addChat({ id: channel, type: 'channel', username: 'News' });
    expect(await call('sendMessage', { chat_id: '@news', text: 'x' })).toMatchObject({
      result: { message_id: 1, chat: { id: channel, type: 'channel', username: 'News' } },
    });
    expect(api.sent('@news')).toMatchObject([{ chatId: String(channel), text: 'x' }]);
    expect(await call('sendMessage', { chat_id: '@other', text: 'x' })).toEqual(
      refusal(400, 'Bad Request: chat not found'),
    );
    expect(api.calls.map(({ chatId }) => chatId)).toEqual([String(channel), '@other']);
  });

  it('tell what the bot may do in them', async () => {
    api.addChat({ id: channel, type: 'channel' });
    const member = () => call('getChatMember', { chat_id: channel, user_id: 123456789 });
    expect(await member()).toMatchObject({ result: { status: 'administrator', can_post_messages: true } });
    api.setState(channel, 'need_admin');
    expect(await member()).toMatchObject({ result: { status: 'member' } });
    expect(await call('getChat', { chat_id: channel })).toMatchObject({ result: { id: channel, type: 'channel' } });
    api.setState(channel, 'kicked');
    expect(await call('getChat', { chat_id: channel })).toMatchObject({ error_code: 403 });
  });
});

describe('topics and replies', () => {
  const forum = -1001234567890;
  beforeEach(() => {
    api.addChat({ id: forum, topics: [42] });
    now += 60_000;
  });

  it('sends to a topic that stands, and to no other', async () => {
    const send = (message_thread_id: number) => call('sendMessage', { chat_id: forum, text: 'x', message_thread_id });
    expect(await send(42)).toMatchObject({ ok: true });
    for (const gone of [1, 43]) expect(await send(gone)).toEqual(refusal(400, 'Bad Request: message thread not found'));
    expect(api.sent(forum)).toMatchObject([{ threadId: 42, replyTo: null }]);
  });

  it('answers a message that stands, or does without one where it may', async () => {
    api.addMessage(forum, { id: 7 });
    const send = (reply_parameters: object) => {
      now += 10_000;
      return call('sendMessage', { chat_id: forum, text: 'x', reply_parameters });
    };
    expect(await send({ message_id: 7 })).toMatchObject({ ok: true });
    expect(await send({ message_id: 70, allow_sending_without_reply: true })).toMatchObject({ ok: true });
    expect(await send({ message_id: 70 })).toEqual(refusal(400, 'Bad Request: message to be replied not found'));
    expect(api.sent(forum).map(({ replyTo }) => replyTo)).toEqual([7, null]);
  });
});

describe('tokens and methods', () => {
  it('answers each token as its own bot', async () => {
    const other = '777:another-simulated-token_0123456789';
    api.addBot({ token: other, username: 'guide_bot' });
    expect(await call('getMe')).toMatchObject({ result: { id: 123456789, is_bot: true, username: 'sweep_test_bot' } });
    expect(await call('getme', {}, other)).toMatchObject({ result: { id: 777, username: 'guide_bot' } });
    expect(api.calls.map(({ botId }) => botId)).toEqual([123456789, 777]);
  });

  it('refuses a wrong token with 401, a malformed one and an unknown method with 404', async () => {
    expect(await call('getMe', {}, botToken.replace('AAF', 'AAG'))).toEqual(refusal(401, 'Unauthorized'));
    expect(await call('getMe', {}, 'no-token')).toEqual(refusal(404, 'Not Found'));
    expect(await call('getNothing')).toEqual(refusal(404, 'Not Found: method not found'));
    api.revoke(botToken);
    expect(await call('getMe')).toEqual(refusal(401, 'Unauthorized'));
  });
});

describe('parameters', () => {
  const params = { chat_id: 42, message_ids: [1, 2] };
  beforeEach(() => api.addMessages(42, [1, 2, 3]));
  afterEach(() => {
    expect(api.messageIds(42)).toEqual([3]);
    expect(api.calls).toMatchObject([
      { chatId: '42', messageIds: [1, 2], params: { message_ids: [1, 2] }, done: true, status: 200 },
    ]);
  });

  it('come as JSON', () => call('deleteMessages', params));
  it('come in the query of a GET', () =>
    fetch(`${api.url}/bot${botToken}/deleteMessages?chat_id=42&message_ids=[1,2]`));
  it('come from node-telegram-bot-api', () => new Api(botToken, { apiRoot: api.url }).deleteMessages(params));
  it('come as multipart', async () => {
    const body = new FormData();
    body.set('chat_id', '42');
    body.set('message_ids', '[1,2]');
    await fetch(`${api.url}/bot${botToken}/deleteMessages`, { method: 'POST', body });
  });
});
