import { execFile } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ClientOptions, createClient } from '../../src/telegram/client.ts';
import { CallFailure } from '../../src/telegram/failure.ts';
import { type BotApiOptions, botToken, botUsername, startBotApi } from '../support/bot-api.ts';
import { answering, closedPort, listen } from './tiny-servers.ts';

async function simulated(options: BotApiOptions = {}) {
  const api = await startBotApi(options);
  onTestFinished(() => api.close());
  return api;
}

async function clientFor(apiRoot: string, options: Partial<ClientOptions> & { token?: string } = {}) {
  const { token = botToken, ...rest } = options;
  const client = await createClient(token, { apiRoot, timeoutMs: 5000, proxy: null, ...rest });
  onTestFinished(() => client.close());
  return client;
}

const hour = 3_600_000;
const ok = { kind: 'ok', result: true };

describe('the methods, against the simulated Bot API', () => {
  test('getMe tells who the bot is', async () => {
    const api = await simulated();
    const client = await clientFor(`${api.url}/`);
    expect(client.botId).toBe('123456789');
    expect(await client.getMe()).toEqual({ kind: 'ok', result: { id: '123456789', username: botUsername } });
  });

  test('messages are deleted, alone and by the hundred', async () => {
    const api = await simulated();
    const ids = Array.from({ length: 100 }, (_, index) => index + 1);
    api.addChat('-1001234567890123');
    api.addMessages('-1001234567890123', [...ids, 500]);
    const client = await clientFor(api.url);
    expect(await client.deleteMessage('-1001234567890123', 500)).toEqual(ok);
    expect(await client.deleteMessage('-1001234567890123', 500)).toMatchObject({ kind: 'gone' });
    expect(await client.deleteMessages('-1001234567890123', ids)).toEqual(ok);
    expect(api.messageIds('-1001234567890123')).toEqual([]);
    expect(api.calls.map((call) => call.params.chat_id)).toEqual(Array(3).fill('-1001234567890123'));
  });

  test('a message past 48 hours cannot be deleted', async () => {
    const api = await simulated();
    const old = api.addMessage(7, { ageMs: 49 * hour });
    const client = await clientFor(api.url);
    expect(await client.deleteMessage('7', old)).toMatchObject({ kind: 'undeletable' });
    expect(await client.deleteMessages('7', [old])).toMatchObject({ kind: 'undeletable' });
    expect(api.messageIds(7)).toEqual([old]);
  });

  test('a message is sent with its button and edited', async () => {
    const api = await simulated();
    api.addChat(7);
    const client = await clientFor(api.url);
    const button = { text: '♻️ Click Here', url: 'https://t.me/files_bot?start=abc' };
    const sent = await client.sendMessage({ chatId: '7', text: 'Größe & <b> = 50% + 1 😀', button });
    if (sent.kind !== 'ok') throw new Error(sent.kind);
    expect(sent.result.chatId).toBe('7');
    expect(api.sent(7)).toMatchObject([
      { messageId: sent.result.messageId, text: 'Größe & <b> = 50% + 1 😀', entities: [] },
    ]);
    expect(api.sent(7)[0]?.replyMarkup).toEqual({ inline_keyboard: [[button]] });

    const edit = { chatId: '7', messageId: sent.result.messageId, text: 'new' };
    expect(await client.editMessageText(edit)).toEqual(ok);
    expect(await client.editMessageText(edit)).toEqual({ kind: 'unmodified' });
    expect(api.message(7, sent.result.messageId)).toMatchObject({ text: 'new', replyMarkup: null });
    expect(await client.editMessageText({ ...edit, messageId: 99 })).toMatchObject({ kind: 'uneditable' });
  });

  test('MarkdownV2 is read only where it was asked for', async () => {
    const api = await simulated({ limits: { sendsPerSecondPerChat: 0 } });
    api.addChat(7);
    const client = await clientFor(api.url);
    const message = { chatId: '7', text: '*bold*' };
    await client.sendMessage(message);
    await client.sendMessage({ ...message, parseMode: 'MarkdownV2' });
    expect(api.sent(7).map((sent) => sent.text)).toEqual(['*bold*', 'bold']);
    const faulty = await client.sendMessage({ chatId: '7', text: 'full stop.', parseMode: 'MarkdownV2' });
    expect(faulty).toMatchObject({ kind: 'bad_text' });
  });

  test('chats and rights are told', async () => {
    const server = await listen(
      answering((body, request, response) => {
        const member = { status: 'administrator', can_delete_messages: true, can_post_messages: false, body };
        const chat = { id: -100, type: 'channel', title: 'News', body };
        response.end(JSON.stringify({ ok: true, result: request.url?.endsWith('/getChat') ? chat : member }));
      }),
    );
    const client = await clientFor(server.url);
    const result = { status: 'administrator', canDeleteMessages: true, canPostMessages: false };
    expect(await client.getChatMember('@news', '123')).toEqual({ kind: 'ok', result });
    const chat = { id: '-100', type: 'channel', title: 'News' };
    expect(await client.getChat('@news')).toEqual({ kind: 'ok', result: chat });
  });

  test('a revoked token, a moved group and a long wait are told', async () => {
    const api = await simulated();
    api.addChat({ id: -5, type: 'group', migrateTo: -1005 });
    api.addChat(7);
    const client = await clientFor(api.url);
    expect(await client.sendMessage({ chatId: '-5', text: 'x' })).toEqual({ kind: 'chat_moved', chatId: '-1005' });
    api.fault({ kind: 'retry_after', seconds: 100_000 });
    const before = performance.now();
    expect(await client.deleteMessage('7', 1)).toEqual({ kind: 'rate_limited', retryAfterSeconds: 100_000 });
    expect(performance.now() - before, 'nothing waits here').toBeLessThan(2000);
    api.revoke(botToken);
    expect(await client.getMe()).toMatchObject({ kind: 'token_refused' });
  });
});

describe('a call that is not answered is made once, and its outcome says what is known', () => {
  test.each([
    ['drops before the work', { kind: 'drop_before' }, 'unanswered', 0],
    ['drops after the work', { kind: 'drop_after' }, 'unanswered', 1],
    ['hangs', { kind: 'hang' }, 'unanswered', 0],
    ['answers too late', { kind: 'late', ms: 3000 }, 'unanswered', 1],
    ['fails with 502 before the work', { kind: '5xx_before' }, 'unanswered', 0],
    ['fails with 502 after the work', { kind: '5xx_after', body: 'html' }, 'unanswered', 1],
    ['sends a page', { kind: 'html', work: true }, 'unanswered', 1],
    ['sends a page with 429', { kind: 'html', work: false, code: 429 }, 'rate_limited', 0],
    ['redirects', { kind: 'redirect' }, 'unanswered', 0],
    ['answers by half', { kind: 'truncated' }, 'unanswered', 1],
    ['sends, and the chat deletes at once', { kind: 'deleted_at_once' }, 'already_sent', 1],
  ] as const)('the server %s', async (_, fault, kind, sends) => {
    const api = await simulated();
    api.addChat(7);
    const client = await clientFor(api.url, { timeoutMs: 300 });
    api.fault(fault);
    const before = performance.now();
    expect((await client.sendMessage({ chatId: '7', text: 'x' })).kind).toBe(kind);
    expect(performance.now() - before).toBeLessThan(2500);
    expect(api.callCount).toBe(1);
    expect(api.sent(7)).toHaveLength(sends);
    expect(api.strays, 'no redirect is followed').toEqual([]);
  });

  test('nobody listens: not sent', async () => {
    const client = await clientFor(`http://127.0.0.1:${await closedPort()}`);
    const outcome = await client.sendMessage({ chatId: '7', text: 'x' });
    expect(outcome).toEqual({ kind: 'not_sent', description: expect.stringMatching(/ECONNREFUSED/) });
  });

  test('a success with another result than a message is no proof of a send', async () => {
    const api = await simulated();
    api.addChat(7);
    const client = await clientFor(api.url);
    api.fault({ kind: 'true_without_work' });
    expect(await client.sendMessage({ chatId: '7', text: 'x' })).toMatchObject({ kind: 'unanswered' });
    api.fault({ kind: 'true_without_work' });
    expect(await client.deleteMessages('7', [1, 2])).toEqual(ok);
  });

  test('an abort before the call is not sent, one under way unanswered', async () => {
    const abort = new AbortController();
    const api = await simulated({ onCall: () => abort.abort(new Error(`at ${botToken}`)) });
    const client = await clientFor(api.url);
    const outcomes = [await client.getMe(abort.signal), await client.getMe(abort.signal)];
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['unanswered', 'not_sent']);
    expect(api.callCount).toBe(1);
  });

  test('after close nothing is sent', async () => {
    const api = await simulated();
    const client = await clientFor(api.url);
    client.close();
    expect(await client.getMe()).toMatchObject({ kind: 'not_sent' });
    expect(api.callCount).toBe(0);
  });
});

test('whatever the server answers or the network throws, a method returns an outcome and never a false success', async () => {
  let answer: () => Promise<{ status: number; headers: Record<string, string>; body: string }>;
  const client = await clientFor('http://127.0.0.1:1', { fetch: () => answer() });
  const thrown = fc.oneof(fc.anything(), fc.constant(new CallFailure('x', false)), fc.constant(new Error('x')));
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 200, max: 599 }), fc.oneof(fc.string(), fc.json()), async (status, body) => {
      answer = async () => ({ status, headers: {}, body });
      const outcome = await client.deleteMessages('7', [1, 2]);
      expect(typeof outcome.kind).toBe('string');
      expect(['ok', 'gone', 'not_sent']).not.toContain(status === 407 ? '' : outcome.kind);
    }),
  );
  await fc.assert(
    fc.asyncProperty(thrown, async (error) => {
      answer = () => Promise.reject(error);
      const { kind } = await client.sendMessage({ chatId: '7', text: 'x' });
      expect(kind).toBe(error instanceof CallFailure ? 'not_sent' : 'unanswered');
    }),
  );
});

test('64 calls at once with one signal share connections and warn of nothing', async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on('warning', warned);
  onTestFinished(() => {
    process.off('warning', warned);
  });
  const server = http.createServer((_, response) => setTimeout(() => response.end('{"ok":true,"result":true}'), 20));
  const { url, sockets } = await listen(server);
  const client = await clientFor(url);
  const { signal } = new AbortController();
  for (let round = 0; round < 3; round++) {
    const calls = Array.from({ length: 64 }, (_, index) => client.deleteMessage('7', index + 1, signal));
    expect(await Promise.all(calls)).toEqual(Array(64).fill(ok));
  }
  expect(sockets.length).toBeLessThanOrEqual(64);
  // A warning is emitted on the next tick.
  await new Promise(setImmediate);
  expect(warnings).toEqual([]);
});

test('no timer and no connection keeps the process alive', async () => {
  const server = await listen(
    answering((_, request, response) => request.url?.includes('getMe') && response.end('{}')),
  );
  const silent = await listen(
    net.createServer(() => {}),
    'https',
  );
  const script = `
    const { createClient } = await import('./src/telegram/client.ts');
    const make = (apiRoot) => createClient('1:x', { apiRoot, timeoutMs: 600_000, proxy: null });
    const [idle, busy, connecting] = [await make('${server.url}'), await make('${server.url}'), await make('${silent.url}')];
    await idle.getMe();
    const calls = [busy, connecting].map((client) => client.deleteMessage('7', 1));
    setImmediate(() => [busy, connecting].forEach((client) => client.close()));
    console.log(...(await Promise.all(calls)).map(({ kind }) => kind));
  `;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 10_000 });
  expect(stdout).toMatch(/^(unanswered|not_sent) not_sent\n$/);
});

describe('secrets', () => {
  const token = '123456789:AAF-very_secret-token';

  test('an inspected client shows no token and no proxy password', async () => {
    const client = await clientFor('http://127.0.0.1:1', { token, proxy: 'http://me:hush-hush@127.0.0.1:1' });
    for (const shown of [inspect(client, { depth: 20, showHidden: true }), JSON.stringify(client)]) {
      expect(shown).toContain('123456789');
      expect(shown).not.toMatch(/AAF-very|hush-hush/);
    }
  });

  test('an answer that quotes the token or its half is told without it', async () => {
    const quotes = [`GET /bot${token}/x`, 'key AAF-very_secret-token', encodeURIComponent(token)];
    for (const quote of quotes) {
      const server = await listen(
        answering((_, __, response) => {
          response.end(JSON.stringify({ ok: false, error_code: 403, description: `Forbidden ${quote}` }));
        }),
      );
      const client = await clientFor(server.url, { token });
      const outcome = await client.getMe();
      expect(outcome).toMatchObject({ kind: 'forbidden', description: expect.stringMatching(/^Forbidden .*<secret>/) });
      expect(inspect(outcome)).not.toContain('AAF-very');
    }
  });

  test('no failure quotes the token', async () => {
    const dropping = await listen(answering((_, request) => request.socket.destroy()));
    const roots = [
      dropping.url,
      `http://127.0.0.1:${await closedPort()}`,
      'http://host.invalid',
      'http://[',
      'ftp://x',
    ];
    for (const root of roots) {
      const client = await clientFor(root, { token });
      expect(inspect(await client.getMe(), { depth: 20, showHidden: true })).not.toContain('AAF-very');
    }
  });
});
