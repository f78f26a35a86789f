/** Every answer that Telegram is known to give to our calls means what the table of answers says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Method } from '../../src/telegram/meanings.ts';
import { readAnswer } from '../../src/telegram/read-answer.ts';

const methods: readonly Method[] = [
  'deleteMessage',
  'deleteMessages',
  'sendMessage',
  'editMessageText',
  'getChat',
  'getChatMember',
  'getMe',
];

/** What the words of the table are as kinds. A refusal that nobody knows condemns nothing: see the engine. */
const kinds: Record<string, readonly string[]> = {
  done_already: ['gone', 'unmodified'],
  undeletable_this_message: ['undeletable'],
  uneditable: ['uneditable'],
  bad_text: ['bad_text'],
  chat_unreachable: ['chat_unreachable'],
  chat_moved: ['chat_moved'],
  operator_can_mend_chat: ['forbidden'],
  bot_wide: ['token_refused', 'bot_refused'],
  later: ['later', 'rate_limited', 'unanswered'],
  sent_already: ['already_sent'],
  unknown: ['refused'],
};

/** Where we judge otherwise, and why. */
const otherwise: Record<string, string> = {
  // The method alone is missing: the caller does without it.
  '404 Not Found: method not found': 'method_unknown',
  // Of a file at an address, which telesweep never sends.
  '400 Bad Request: failed to get HTTP URL content': 'refused',
};

interface Line {
  code: number;
  description: string;
  methods: Method[];
  scope: string;
  meaning: string;
}

const lines: Line[] = readFileSync(join(import.meta.dirname, 'telegram-answers.tsv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((text) => {
    const [code = '', description = '', named = '', scope = '', meaning = ''] = text.split('\t');
    const own = methods.filter((method) => named.split(', ').includes(method));
    return { code: Number(code), description, methods: own.length > 0 ? own : ['sendMessage'], scope, meaning };
  });

const read = ({ code, description }: Line, method: Method) => {
  const parameters = description.includes('upgraded') ? { parameters: { migrate_to_chat_id: -1005 } } : {};
  const body = JSON.stringify({ ok: false, error_code: code, description, ...parameters });
  return readAnswer(method, { status: code, headers: {}, body });
};

test('the table is whole', () => {
  expect(lines).toHaveLength(220);
});

describe.each(lines)('$code $description', (line) => {
  test.each(line.methods)('to %s', (method) => {
    const other = otherwise[`${line.code} ${line.description}`];
    expect(other === undefined ? kinds[line.meaning] : [other]).toContain(read(line, method).kind);
  });
});

const ofOneId = lines.filter(({ scope, meaning }) => scope === 'one id of the batch' && meaning === 'unknown');

test.each(ofOneId)('$code $description concerns one id of its batch', (line) => {
  for (const method of line.methods) expect(read(line, method)).toMatchObject({ kind: 'refused', scope: 'message' });
});
