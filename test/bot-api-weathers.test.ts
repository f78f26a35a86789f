import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callBotApi } from './support/bot-api/client.ts';
import {
  allForbidden,
  allUnreachable,
  deletes,
  edits,
  endlessFlood,
  frozen,
  noDeleteMessages,
  oddChat,
  oddMessage,
  sends,
  serverErrors,
  unknownWords,
  wrongBot,
} from './support/bot-api/weathers.ts';
import { type BotApi, botToken, type Fault, startBotApi } from './support/bot-api.ts';

const otherToken = '987654321:AAF-simulated-token_of-another-bot-0123';
const otherId = 987654321;

let api: BotApi;
beforeEach(async () => {
  api = await startBotApi({ limits: { sendsPerSecondPerChat: 0 } });
  api.addBot({ token: otherToken });
  for (const chatId of [42, 43]) api.addMessages(chatId, [1, 2, 3]);
});
afterEach(() => api.close());

/** Every method in one chat, each of which succeeds in good weather: what each answered. */
async function callAll(chatId = 42, token = botToken): Promise<Record<string, string>> {
  const calls: [string, object][] = [
    ['getMe', {}],
    ['getChat', { chat_id: chatId }],
    ['getChatMember', { chat_id: chatId, user_id: Number(token.split(':')[0]) }],
    ['sendMessage', { chat_id: chatId, text: 'x' }],
    ['editMessageText', { chat_id: chatId, message_id: 2, text: 'y' }],
    ['deleteMessage', { chat_id: chatId, message_id: 3 }],
    ['deleteMessages', { chat_id: chatId, message_ids: [1, 2] }],
  ];
  const answers: Record<string, string> = {};
  for (const [method, params] of calls) {
    const answer = await callBotApi(api.url, method, params, { token });
    answers[method] = answer.ok ? 'ok' : `${answer.status} ${answer.description}`;
  }
  return answers;
}

const calm = {
  getMe: 'ok',
  getChat: 'ok',
  getChatMember: 'ok',
  sendMessage: 'ok',
  editMessageText: 'ok',
  deleteMessage: 'ok',
  deleteMessages: 'ok',
};
const methods = Object.keys(calm);
const changed = ['sendMessage', 'editMessageText', 'deleteMessage', 'deleteMessages'];
const butGetMe = methods.filter((method) => method !== 'getMe');
const answering = (words: string, to: readonly string[]) => ({
  ...calm,
  ...Object.fromEntries(to.map((method) => [method, words])),
});

const teapot = { code: 418, description: 'I am a teapot' };
const unknown = '400 Bad Request: SOMETHING_NEW_INVALID';

describe('a weather', () => {
  it.each<[string, Fault, string, readonly string[]]>([
    ['frozen', frozen(), '400 Bad Request: FROZEN_METHOD_INVALID', methods],
    ['frozen, known before', frozen({ exceptMethod: 'getMe' }), '400 Bad Request: FROZEN_METHOD_INVALID', butGetMe],
    ['wrong bot', wrongBot(), '400 Bad Request: chat not found', butGetMe],
    ['all unreachable', allUnreachable(), '403 Forbidden: bot was blocked by the user', changed],
    ['all forbidden', allForbidden(), '400 Bad Request: not enough rights', changed],
    ['odd chat', oddChat(42, teapot), '418 I am a teapot', butGetMe],
    ['odd chat, for sends', oddChat('42', teapot, { method: sends }), '418 I am a teapot', ['sendMessage']],
    ['unknown words', unknownWords(), unknown, changed],
    ['unknown words for sends', unknownWords({ method: sends }), unknown, ['sendMessage']],
    ['unknown words for edits', unknownWords({ method: edits }), unknown, ['editMessageText']],
    ['unknown words for deletes', unknownWords({ method: deletes }), unknown, ['deleteMessage', 'deleteMessages']],
    ['5xx', serverErrors(), '500 Internal Server Error', methods],
    ['5xx for one chat', serverErrors({ chatId: 42 }, 502), '502 Bad Gateway', butGetMe],
    ['no deleteMessages', noDeleteMessages(), '404 Not Found: method not found', ['deleteMessages']],
    ['endless flood', endlessFlood(2), '429 Too Many Requests: retry after 2', methods],
  ])('of %s answers whom it concerns, again and again, and does nothing for them', async (_, fault, words, concerned) => {
    api.fault(fault);
    const expected = answering(words, concerned);
    expect(await callAll()).toEqual(expected);

    const works = (method: string) => !concerned.includes(method);
    const gone = [...(works('deleteMessage') ? [3] : []), ...(works('deleteMessages') ? [1, 2] : [])];
    expect(api.messageIds(42)).toEqual([
      ...[1, 2, 3].filter((id) => !gone.includes(id)),
      ...(works('sendMessage') ? [4] : []),
    ]);
    expect(api.edits(42)).toHaveLength(works('editMessageText') ? 1 : 0);

    api.addMessages(42, [1, 2, 3]);
    expect(await callAll()).toEqual(expected);
    api.clearFaults();
    api.addMessages(42, [1, 2, 3]);
    expect(await callAll()).toEqual(calm);
  });

  it.each([
    ['odd chat', oddChat(42, teapot)],
    ['5xx for one chat', serverErrors({ chatId: 42 })],
  ])('of %s leaves other chats alone', async (_, fault) => {
    api.fault(fault);
    expect(await callAll(43)).toEqual(calm);
  });

  it('of one bot leaves another alone, so that a pass with the wrong token and one with the right can meet', async () => {
    api.fault(wrongBot({ botId: otherId }));
    expect(await callAll()).toEqual(calm);
    expect(await callAll(43, otherToken)).toEqual(answering('400 Bad Request: chat not found', butGetMe));
    expect(api.messageIds(43)).toEqual([1, 2, 3]);
  });

  it('can set in at a later call and end of itself', async () => {
    api.fault(frozen({ nth: 2, times: 3 }));
    const struck = ['getChat', 'getChatMember', 'sendMessage'];
    expect(await callAll()).toEqual(answering('400 Bad Request: FROZEN_METHOD_INVALID', struck));
  });

  it('of a migrated chat names its new id', async () => {
    const description = 'Bad Request: words that say nothing';
    api.fault(oddChat(42, { code: 400, description, parameters: { migrate_to_chat_id: -1009 } }));
    expect(await callBotApi(api.url, 'sendMessage', { chat_id: 42, text: 'x' })).toMatchObject({
      description,
      parameters: { migrate_to_chat_id: -1009 },
    });
  });
});

describe('an odd message', () => {
  const refusal = { code: 403, description: 'Forbidden: MESSAGE_DELETE_FORBIDDEN' };
  const remove = async (chat_id: number, ids: number[]): Promise<number> => {
    const { status } = await callBotApi(api.url, 'deleteMessages', { chat_id, message_ids: ids });
    return status;
  };
  const removeOne = async (message_id: number): Promise<number> =>
    (await callBotApi(api.url, 'deleteMessage', { chat_id: 42, message_id })).status;

  it('fails every call that holds it, which deletes nothing, and no other', async () => {
    api.fault(oddMessage(2, refusal, { chatId: 42 }));
    expect(await remove(42, [1, 2, 3])).toBe(403);
    expect(await remove(42, [1, 2])).toBe(403);
    expect(await removeOne(2)).toBe(403);
    expect(api.messageIds(42)).toEqual([1, 2, 3]);
    expect(await remove(42, [1])).toBe(200);
    expect(await removeOne(3)).toBe(200);
    expect(await remove(43, [1, 2, 3])).toBe(200);
    expect([api.messageIds(42), api.messageIds(43)]).toEqual([[2], []]);
  });

  it('counts in every chat where none is named, and edits hold it as well', async () => {
    api.fault(oddMessage(2, refusal));
    expect([await remove(42, [2]), await remove(43, [2])]).toEqual([403, 403]);
    const edit = { chat_id: 42, message_id: 2, text: 'y' };
    expect(await callBotApi(api.url, 'editMessageText', edit)).toMatchObject({ status: 403 });
    expect(api.edits()).toEqual([]);
  });
});
