import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/telegram/client.ts';
import type { Method } from '../../src/telegram/meanings.ts';
import type { Outcome } from '../../src/telegram/outcome.ts';
import { readAnswer, readRefusal as readBody } from '../../src/telegram/read-answer.ts';

const refusal = (error_code: number, description: string, parameters?: object) =>
  JSON.stringify({ ok: false, error_code, description, parameters });

/** What a text is said to. */
const methodOf = (text: string): Method =>
  /delete|identifier|_id_invalid/i.test(text)
    ? 'deleteMessage'
    : /edit|modified|no text in/i.test(text)
      ? 'editMessageText'
      : 'sendMessage';

const read = (status: number, body: string, headers = {}, method: Method = 'sendMessage') =>
  readAnswer(method, { status, headers, body });

/** What a deletion comes to when this is its answer. */
const answered = async (status: number, body: string): Promise<Outcome> => {
  const fetch = async () => ({ status, headers: {}, body });
  const client = await createClient('1:x', { apiRoot: 'http://127.0.0.1:1', timeoutMs: 1000, proxy: null, fetch });
  return client.deleteMessage('7', 1);
};

/** An answer as Telegram gives it: the status is the error code. */
const readRefusal = (code: number, description: string, parameters?: object) =>
  read(code, refusal(code, description, parameters), {}, methodOf(description));

describe('every row of the table "What an answer means"', () => {
  test.each<[code: number, description: string, kind: Outcome['kind']]>([
    [400, 'Bad Request: message to delete not found', 'gone'],
    [400, "Bad Request: message can't be deleted", 'undeletable'],
    [400, "Bad Request: message can't be deleted for everyone", 'undeletable'],
    [400, "Bad Request: can't parse entities: Character '.' is reserved and must be escaped", 'bad_text'],
    [400, 'Bad Request: message text is empty', 'bad_text'],
    [400, 'Bad Request: message is too long', 'bad_text'],
    [400, 'Bad Request: text is too long', 'bad_text'],
    [400, 'Bad Request: reply markup is too long', 'bad_text'],
    [400, 'Bad Request: BUTTON_URL_INVALID', 'bad_text'],
    [400, "Bad Request: inline keyboard button URL 'http://a' is invalid: Wrong HTTP URL", 'bad_text'],
    [400, "Bad Request: inline keyboard button URL 'http://chat not found' is invalid", 'bad_text'],
    [400, 'Bad Request: message is not modified: specified new message content is the same', 'unmodified'],
    [400, 'Bad Request: message to edit not found', 'uneditable'],
    [400, "Bad Request: message can't be edited", 'uneditable'],
    [400, 'Bad Request: there is no text in the message to edit', 'uneditable'],
    [400, 'Bad Request: chat not found', 'chat_unreachable'],
    [400, 'Bad Request: PEER_ID_INVALID', 'chat_unreachable'],
    [403, 'Forbidden: bot was blocked by the user', 'chat_unreachable'],
    [403, 'Forbidden: user is deactivated', 'chat_unreachable'],
    [403, 'Forbidden: bot was kicked from the supergroup chat', 'chat_unreachable'],
    [403, 'Forbidden: bot is not a member of the channel chat', 'chat_unreachable'],
    [403, 'Forbidden: the group chat was deleted', 'chat_unreachable'],
    [403, "Forbidden: bot can't initiate conversation with a user", 'chat_unreachable'],
    [403, 'Forbidden: something new', 'forbidden'],
    [403, '', 'forbidden'],
    [400, 'Bad Request: need administrator rights in the channel chat', 'forbidden'],
    [400, 'Bad Request: not enough rights to send text messages to the chat', 'forbidden'],
    [400, 'Bad Request: CHAT_WRITE_FORBIDDEN', 'forbidden'],
    [400, 'Bad Request: CHANNEL_PRIVATE', 'forbidden'],
    [401, 'Unauthorized', 'token_refused'],
    [404, 'Not Found', 'token_refused'],
    [421, 'Misdirected Request: unallowed token specified', 'token_refused'],
    [400, 'Logged out', 'token_refused'],
    [500, 'Internal Server Error: sent message was immediately deleted', 'already_sent'],
    [500, 'Internal Server Error: restart', 'unanswered'],
    [502, 'Bad Gateway', 'unanswered'],
    [503, 'sent message was immediately deleted', 'unanswered'],
    [400, 'Bad Request: message identifier is not specified', 'refused'],
    [400, 'Bad Request: MESSAGE_ID_INVALID', 'refused'],
    [400, 'Bad Request: group chat was upgraded to a supergroup chat', 'chat_unreachable'],
    [404, 'Not Found: method not found', 'method_unknown'],
    [404, 'Bad Request: chat not found', 'refused'],
    [409, 'Conflict: terminated by other getUpdates request', 'refused'],
    [413, 'Request Entity Too Large', 'bad_text'],
  ])('%i %s: %s', (code, description, kind) => {
    expect(readRefusal(code, description).kind).toBe(kind);
    expect(readRefusal(code, description.toUpperCase()).kind, 'in capitals').toBe(kind);
    const body: unknown = JSON.parse(refusal(code, description));
    expect(readBody(methodOf(description), body)?.kind, 'under HTTP 200 the body still wins').toBe(kind);
  });

  test('an upgraded group tells its new id', () => {
    const description = 'Bad Request: group chat was upgraded to a supergroup chat';
    const moved = readRefusal(400, description, { migrate_to_chat_id: -1001234567890 });
    expect(moved).toEqual({ kind: 'chat_moved', chatId: '-1001234567890' });
    for (const id of [1.5, 2 ** 60, 'x', null, {}]) {
      expect(readRefusal(400, description, { migrate_to_chat_id: id }).kind).toBe('chat_unreachable');
    }
  });

  test('success needs an HTTP status of success and the expected result', async () => {
    expect(await answered(200, '{"ok":true,"result":true}')).toEqual({ kind: 'ok', result: true });
    expect((await answered(200, '{"ok":true,"result":false}')).kind).toBe('unanswered');
    expect((await answered(200, '{"ok":true}')).kind).toBe('unanswered');
    for (const status of [0, 101, 301, 404, 429, 500, 502]) {
      expect((await answered(status, '{"ok":true,"result":true}')).kind).toBe('unanswered');
    }
  });

  test.each<[status: number, body: string, kind: Outcome['kind']]>([
    [200, '<html>It works!</html>', 'unanswered'],
    [200, '', 'unanswered'],
    [200, 'true', 'unanswered'],
    [200, '[{"ok":true,"result":true}]', 'unanswered'],
    [200, 'null', 'unanswered'],
    [400, '{"ok":false,"description":"Bad Request: message to delete not found"}', 'unanswered'],
    [400, '{"ok":false,"error_code":"400","description":"Bad Request: chat not found"}', 'unanswered'],
    [200, '{"ok":false,"error_code":200,"description":"Bad Request: message to delete not found"}', 'unanswered'],
    [401, '<html>401</html>', 'unanswered'],
    [404, '<html>Not Found</html>', 'unanswered'],
    [502, '<html>Bad Gateway</html>', 'unanswered'],
    [302, '', 'unanswered'],
    [429, '<html>Too Many Requests</html>', 'rate_limited'],
    [407, '<html>Proxy Authentication Required</html>', 'not_sent'],
  ])('HTTP %i with %s: %s', async (status, body, kind) => {
    expect((await answered(status, body)).kind).toBe(kind);
  });
});

describe('how long to wait after a 429', () => {
  const seconds = (body: string, headers = {}) => {
    const outcome = read(429, body, headers);
    return outcome.kind === 'rate_limited' ? outcome.retryAfterSeconds : outcome.kind;
  };

  test('the parameters tell, else the description, else the header, else 5 seconds', () => {
    const header = { 'retry-after': '9' };
    expect(seconds(refusal(429, 'Too Many Requests: retry after 8', { retry_after: 7 }), header)).toBe(7);
    expect(seconds(refusal(429, 'Too Many Requests: retry after 8'), header)).toBe(8);
    expect(seconds(refusal(429, 'Too Many Requests'), header)).toBe(9);
    expect(seconds('<html>', header)).toBe(9);
    expect(seconds(refusal(429, 'Too Many Requests'))).toBe(5);
    expect(seconds('<html>', { 'retry-after': 'Sun, 22 Nov 2026 06:14:11 GMT' })).toBe(5);
    expect(seconds('<html>', { 'retry-after': ['9'] })).toBe(5);
  });

  test.each([
    ['-3', 1],
    ['0', 1],
    ['0.2', 1],
    ['3.2', 4],
    ['"17"', 17],
    ['3000000', 3_000_000],
    ['99999999999', 10_000_000],
    ['1e999', 10_000_000],
    ['null', 5],
    ['{}', 5],
    ['"soon"', 5],
  ])('retry_after %s is taken as %i seconds', (retryAfter, expected) => {
    expect(seconds(`{"ok":false,"error_code":429,"parameters":{"retry_after":${retryAfter}}}`)).toBe(expected);
  });

  test('is a whole number from 1 to 10,000,000 whatever the answer says', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), fc.string(), (retryAfter, description, header) => {
        const body = refusal(429, description, { retry_after: retryAfter });
        const outcome = read(429, body, { 'retry-after': header });
        if (outcome.kind !== 'rate_limited') throw new Error(outcome.kind);
        expect(outcome.retryAfterSeconds).toSatisfy((n) => Number.isInteger(n) && n >= 1 && n <= 10_000_000);
      }),
    );
  });
});

describe('whatever comes', () => {
  const anyBody = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record(
        {
          ok: fc.oneof(fc.boolean(), fc.jsonValue()),
          result: fc.jsonValue(),
          error_code: fc.oneof(fc.integer({ min: 300, max: 700 }), fc.jsonValue()),
          description: fc.oneof(fc.string(), fc.jsonValue()),
          parameters: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((body) => JSON.stringify(body)),
  );
  const anyStatus = fc.oneof(fc.integer({ min: 0, max: 700 }), fc.double());
  const anyMethod = fc.constantFrom<Method>(
    'deleteMessage',
    'deleteMessages',
    'sendMessage',
    'editMessageText',
    'getChat',
    'getMe',
  );
  const anyHeaders = fc.dictionary(fc.oneof(fc.constant('retry-after'), fc.string()), fc.string());

  test('there is an outcome, and it is no success', () => {
    fc.assert(
      fc.property(anyStatus, anyHeaders, anyBody, (status, headers, body) => {
        const { kind } = readAnswer('sendMessage', { status, headers, body });
        expect(kind).toMatch(/^[a-z_]+$/);
        expect(kind).not.toBe('ok');
      }),
      { numRuns: 2000 },
    );
  });

  test('only the known words of a known code count as done', () => {
    const phrases = ['message to delete not found', 'message is not modified', 'sent message was immediately deleted'];
    const words = fc.array(fc.oneof(fc.string(), fc.constantFrom(...phrases, 'not', 'found', 'Bad Request:')));
    const codes = fc.oneof(fc.constantFrom(400, 403, 404, 500, 502), fc.integer({ min: -1, max: 1000 }));
    const done: Partial<Record<Outcome['kind'], [code: number, phrase: string | undefined]>> = {
      gone: [400, phrases[0]],
      unmodified: [400, phrases[1]],
      already_sent: [500, phrases[2]],
    };
    fc.assert(
      fc.property(
        anyStatus,
        codes,
        words,
        fc.jsonValue(),
        anyMethod,
        (status, code, description, parameters, method) => {
          const text = description.join(' ');
          const body = JSON.stringify({ ok: false, error_code: code, description: text, parameters });
          const { kind } = read(status, body, {}, method);
          expect(kind).not.toBe('ok');
          const [expectedCode, phrase = ''] = done[kind] ?? [code];
          expect(code).toBe(expectedCode);
          expect(text.toLowerCase()).toContain(phrase);
          // What may be repeated as a send must come from Telegram itself, and say that it refused.
          if (kind === 'rate_limited') expect(code === 429 || status === 429).toBe(true);
          if (kind === 'not_sent') expect(status).toBe(407);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('an answer that is no refusal of Telegram never counts as done, gone or sent', () => {
    fc.assert(
      fc.property(anyStatus, fc.string(), (status, body) => {
        const { kind } = readAnswer('sendMessage', { status, headers: {}, body: `<p>${body}` });
        expect(['unanswered', 'rate_limited', 'not_sent']).toContain(kind);
        if (kind === 'not_sent') expect(status).toBe(407);
      }),
    );
  });
});

test('a description is one short line without secrets', () => {
  const token = '123456789:AAF-abcdefghijklmnopqrstuvwxyz012345';
  const body = refusal(403, `Forbidden:\n/bot${token}/x\u0000\u001b[31m ${'😀'.repeat(200)}`);
  const outcome = readAnswer('sendMessage', { status: 403, headers: {}, body }, [token]);
  if (outcome.kind !== 'forbidden') throw new Error(outcome.kind);
  expect(outcome.description).toMatch(/^Forbidden: \/bot<secret>\/x \[31m 😀+…$/u);
  expect(outcome.description.length).toBeLessThanOrEqual(300);
});
