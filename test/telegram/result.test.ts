import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as result from '../../src/telegram/result.ts';

test('reads what the methods promise', () => {
  expect(result.asTrue(true)).toBe(true);
  expect(result.asTrueOrMessage(true)).toBe(true);
  expect(result.asTrueOrMessage({ message_id: 5 })).toBe(true);
  expect(result.asSentMessage({ message_id: 5, chat: { id: -1001234567890 } })).toEqual({
    messageId: 5,
    chatId: '-1001234567890',
  });
  expect(result.asSentMessage({ message_id: 5 })).toEqual({ messageId: 5, chatId: null });
  expect(result.asMe({ id: 42, username: 'files_bot' })).toEqual({ id: '42', username: 'files_bot' });
  expect(result.asChat({ id: -1, type: 'channel', title: 'News' })).toEqual({
    id: '-1',
    type: 'channel',
    title: 'News',
  });
  expect(result.asChat({ id: 1, type: 'private' })).toEqual({ id: '1', type: 'private', title: null });
  expect(result.asChatMember({ status: 'administrator', can_delete_messages: true, can_post_messages: false })).toEqual(
    {
      status: 'administrator',
      canDeleteMessages: true,
      canPostMessages: false,
    },
  );
  expect(result.asChatMember({ status: 'member' })).toEqual({
    status: 'member',
    canDeleteMessages: null,
    canPostMessages: null,
  });
});

test('anything else is not the promised result', () => {
  for (const other of [1, { message_id: 5 }, null]) expect(result.asTrue(other)).toBeUndefined();
  for (const other of [false, {}, { message_id: -1 }]) expect(result.asTrueOrMessage(other)).toBeUndefined();
  for (const other of [true, { message_id: '5' }, { message_id: -1 }, { message_id: 1.5 }, [5]]) {
    expect(result.asSentMessage(other)).toBeUndefined();
  }
  for (const other of [{ id: 42 }, { id: 42, username: '' }, { username: 'files_bot' }, true]) {
    expect(result.asMe(other)).toBeUndefined();
  }
  expect(result.asChat({ id: 2 ** 60, type: 'group' })).toBeUndefined();
  expect(result.asChatMember({})).toBeUndefined();
});

test('nothing that JSON can hold throws', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const read of Object.values(result)) read(value);
      expect(result.asTrue(value) === true).toBe(value === true);
    }),
  );
});
