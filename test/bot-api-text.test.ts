import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callBotApi } from './support/bot-api/client.ts';
import { type BotApi, startBotApi } from './support/bot-api.ts';

let api: BotApi;
beforeEach(async () => {
  api = await startBotApi({ limits: { sendsPerSecondPerChat: 0 } });
  api.addChat(42);
});
afterEach(() => api.close());

const send = (params: object) => callBotApi(api.url, 'sendMessage', { chat_id: 42, ...params });
const edit = (message_id: number, params: object) =>
  callBotApi(api.url, 'editMessageText', { chat_id: 42, message_id, ...params });
const button = (url: string) => ({ inline_keyboard: [[{ text: '♻️', url }]] });

describe('MarkdownV2', () => {
  it.each([
    ['*bold* _italic_ __under__', 'bold italic under', ['bold', 'italic', 'underline']],
    ['*bold _both_*', 'bold both', ['bold', 'italic']],
    ['||hidden|| ~struck~ `a.b!`', 'hidden struck a.b!', ['spoiler', 'strikethrough', 'code']],
    ['```js\na.b()\n```', 'a.b()\n', ['pre']],
    ['1\\. [see](https://t\\.me/x_y)\\!', '1. see!', ['text_link']],
    ['>quoted\n>more\nafter', 'quoted\nmore\nafter', ['blockquote']],
    ['\\_\\*\\[\\]\\(\\)\\~\\`\\>\\#\\+\\-\\=\\|\\{\\}\\.\\!\\\\', '_*[]()~`>#+-=|{}.!\\', []],
  ])('reads %j', async (text, shown, types) => {
    expect(await send({ text, parse_mode: 'MarkdownV2' })).toMatchObject({ status: 200, result: { text: shown } });
    expect(api.sent()).toMatchObject([{ text: shown, entities: types.map((type) => ({ type })) }]);
  });

  it.each([
    ['Done.', "Character '.' is reserved and must be escaped with the preceding '\\'"],
    ['no!', "Character '!' is reserved and must be escaped with the preceding '\\'"],
    ['a > b', "Character '>' is reserved and must be escaped with the preceding '\\'"],
    ['(a)', "Character '(' is reserved and must be escaped with the preceding '\\'"],
    ['a|b', "Character '|' is reserved and must be escaped with the preceding '\\'"],
    ['ä _open', "Can't find end of Italic entity at byte offset 3"],
    // From the tests of Telegram's own parser:
    ['🏟 🏟_abac * asd ', "Can't find end of Bold entity at byte offset 15"],
    ['🏟 🏟_abac * asd _', "Can't find end of Italic entity at byte offset 21"],
    ['🏟 🏟`', "Can't find end of Code entity at byte offset 9"],
    ['🏟 🏟```a', "Can't find end of Pre entity at byte offset 9"],
    ['🏟 🏟```a ', "Can't find end of PreCode entity at byte offset 9"],
    ['🏟 🏟__🏟 🏟_', "Can't find end of Italic entity at byte offset 20"],
    ['🏟 🏟_🏟 🏟__', "Can't find end of Underline entity at byte offset 19"],
    ['[x](http://a', "Can't find end of a URL at byte offset 4"],
  ])('refuses %j', async (text, reason) => {
    const description = `Bad Request: can't parse entities: ${reason}`;
    expect(await send({ text, parse_mode: 'MarkdownV2' })).toMatchObject({ status: 400, description });
    expect(api.sent()).toEqual([]);
  });

  it('counts offsets in UTF-16 units', async () => {
    await send({ text: '♻️🗑 *b*', parse_mode: 'MarkdownV2' });
    expect(api.sent()).toMatchObject([{ entities: [{ type: 'bold', offset: 5, length: 1 }] }]);
  });

  it.each([
    '_',
    '*',
    '[',
    ']',
    '(',
    ')',
    '~',
    '`',
    '>',
    '#',
    '+',
    '-',
    '=',
    '|',
    '{',
    '}',
    '.',
    '!',
  ])('refuses a lone %s', async (character) => {
    expect(await send({ text: `a${character}`, parse_mode: 'MarkdownV2' })).toMatchObject({ status: 400 });
    expect(await send({ text: `a\\${character}`, parse_mode: 'MarkdownV2' })).toMatchObject({ status: 200 });
    expect(await send({ text: `a${character}` })).toMatchObject({ status: 200 });
  });
});

describe('text', () => {
  it.each([
    ['', 'message text is empty'],
    [' \n ', 'message text is empty'],
    ['x'.repeat(4097), 'message is too long'],
    [`${'🗑'.repeat(2048)}x`, 'message is too long'],
  ])('of the wrong length is refused', async (text, reason) => {
    expect(await send({ text })).toMatchObject({ status: 400, description: `Bad Request: ${reason}` });
  });

  it('is measured after parsing', async () => {
    expect(await send({ text: 'x'.repeat(4096) })).toMatchObject({ status: 200 });
    expect(await send({ text: `*${'\\.'.repeat(4096)}*`, parse_mode: 'MarkdownV2' })).toMatchObject({ status: 200 });
  });

  it('keeps entities given beside it, without escaping', async () => {
    const entities = [{ type: 'bold', offset: 0, length: 3 }];
    expect(await send({ text: 'a.b', entities })).toMatchObject({ status: 200 });
    expect(api.sent()).toMatchObject([{ text: 'a.b', entities }]);
  });
});

describe('buttons', () => {
  it.each([
    'https://t.me/bot?start=x_-9',
    'http://example.org',
    'tg://resolve?domain=bot',
    'example.org/path',
  ])('may lead to %s', async (url) => {
    expect(await send({ text: 'x', reply_markup: button(url) })).toMatchObject({ status: 200 });
    expect(api.sent()).toMatchObject([{ replyMarkup: button(url) }]);
  });

  it.each([
    ['http://localhost:3000/x', 'Wrong HTTP URL'],
    ['https://nodot', 'Wrong HTTP URL'],
    ['ftp://example.org', 'Unsupported URL protocol'],
  ])('may not lead to %s', async (url, reason) => {
    const description = `Bad Request: inline keyboard button URL '${url}' is invalid: ${reason}`;
    expect(await send({ text: 'x', reply_markup: button(url) })).toMatchObject({ status: 400, description });
  });

  it.each([
    [{ inline_keyboard: [[{ text: 'x' }]] }, 'Text buttons are unallowed in the inline keyboard'],
    ['no json', "can't parse reply keyboard markup JSON object"],
    [
      { inline_keyboard: [Array.from({ length: 101 }, () => ({ text: 'x', callback_data: 'y' }))] },
      'reply markup is too long',
    ],
  ])('are refused as %j', async (reply_markup, reason) => {
    const { status, description } = await send({ text: 'x', reply_markup });
    expect(status).toBe(400);
    expect(description).toContain(reason);
  });
});

it('finds the text at fault before the state of the chat', async () => {
  api.setState(42, 'blocked');
  expect(await send({ text: 'x'.repeat(5000) })).toMatchObject({ description: 'Bad Request: message is too long' });
  expect(await send({ text: 'x' })).toMatchObject({ status: 403 });
});

describe('editing', () => {
  it('changes the message once, and says so the second time', async () => {
    api.addMessage(42, { id: 7, text: 'old' });
    const params = { text: 'new', reply_markup: button('https://t.me/x') };
    expect(await edit(7, params)).toMatchObject({ status: 200, result: { message_id: 7, text: 'new' } });
    expect(await edit(7, params)).toMatchObject({
      status: 400,
      description: expect.stringMatching(/: message is not modified:/),
    });
    expect(await edit(7, { text: 'new' })).toMatchObject({ status: 200 });
    expect(api.message(42, 7)).toMatchObject({ text: 'new', replyMarkup: null });
    expect(api.edits(42).map(({ call }) => call.n)).toEqual([1, 3]);
    expect(api.sent()).toEqual([]);
  });

  it.each([
    [1, {}, 'there is no text in the message to edit'],
    [2, {}, "message can't be edited"],
    [3, {}, 'message to edit not found'],
    [4, { text: '' }, 'message text is empty'],
  ])('refuses message %d', async (id, params, text) => {
    api.addMessage(42, { id: 1, kind: 'media' });
    api.addMessage(42, { id: 2, editable: false });
    api.addMessage(42, { id: 4 });
    expect(await edit(id, { text: 'new', ...params })).toMatchObject({
      status: 400,
      description: `Bad Request: ${text}`,
    });
    expect(api.edits()).toEqual([]);
  });
});
