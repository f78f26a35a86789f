/** How Telegram behaves to every job: what each weather answers, and how a pass in it may end. */

import * as weather from '../support/bot-api/weathers.ts';
import type { Fault } from '../support/bot-api.ts';

export interface Weather {
  name: string;
  /** @param odd the chat, and the message in it, that a weather of one odd thing concerns */
  faults(odd: { chatId: string; messageId: number }): Fault[];
  /** Exit codes that a pass with few and with many chats may end with. */
  codes: { few: readonly number[]; many: readonly number[] };
  /** What it says of these chats is true: what is owed there ends quietly. */
  ends?: 'all' | 'odd';
}

const butGetMe = { exceptMethod: 'getMe' };

export const weathers: readonly Weather[] = [
  { name: 'a frozen account', faults: () => [weather.frozen(butGetMe)], codes: { few: [77], many: [77] } },
  { name: 'the wrong bot', faults: () => [weather.wrongBot()], codes: { few: [0, 1, 77], many: [77] } },
  {
    name: 'all unreachable',
    faults: () => [weather.allUnreachable()],
    codes: { few: [0, 1], many: [0, 1] },
    ends: 'all',
  },
  { name: 'all forbidden', faults: () => [weather.allForbidden()], codes: { few: [0, 1, 77], many: [77] } },
  {
    name: 'unknown words for everything',
    faults: () => [weather.unknownWords()],
    codes: { few: [0, 1, 77], many: [77] },
  },
  {
    name: 'unknown words for sends',
    faults: () => [weather.unknownWords({ method: weather.sends })],
    codes: { few: [0, 1, 78], many: [0, 77, 78] },
  },
  {
    name: 'one odd chat',
    faults: ({ chatId }) => [weather.oddChat(chatId, { code: 400, description: 'Bad Request: chat not found' })],
    codes: { few: [0, 1], many: [0, 1] },
    ends: 'odd',
  },
  {
    name: 'one chat of unknown words',
    faults: ({ chatId }) => [weather.oddChat(chatId, { code: 418, description: 'I am a teapot' })],
    codes: { few: [0, 1], many: [0, 1] },
  },
  {
    name: 'one odd message',
    faults: ({ chatId, messageId }) => [
      weather.oddMessage(messageId, { code: 403, description: 'Forbidden: MESSAGE_DELETE_FORBIDDEN' }, { chatId }),
    ],
    codes: { few: [0], many: [0] },
  },
  {
    name: '500 for one chat',
    faults: ({ chatId }) => [weather.serverErrors({ chatId, method: weather.deletes }, 500)],
    codes: { few: [0], many: [0] },
  },
  {
    name: '500 for all deletions',
    faults: () => [weather.serverErrors({ method: weather.deletes }, 500)],
    codes: { few: [0, 1, 69], many: [0, 1, 69] },
  },
  {
    name: 'no answer to anybody',
    faults: () => [
      { kind: 'drop_before', times: Number.POSITIVE_INFINITY, method: [...weather.deletes, 'getMe', 'getChat'] },
    ],
    codes: { few: [0, 1, 69], many: [0, 69] },
  },
  {
    name: 'a server that knows no deleteMessages',
    faults: () => [weather.noDeleteMessages()],
    codes: { few: [0], many: [0] },
  },
];
