import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callBotApi } from './support/bot-api/client.ts';
import { type BotApi, botToken, type Call, type Fault, startBotApi } from './support/bot-api.ts';

let api: BotApi;
let now = 0;
beforeEach(async () => {
  now = Date.UTC(2026, 0, 2);
  api = await startBotApi({ clock: () => now, limits: { sendsPerSecondPerChat: 0 } });
  api.addMessages(42, [1, 2, 3]);
});
afterEach(() => api.close());

const call = (method: string, params: object = {}, signal?: AbortSignal) =>
  callBotApi(api.url, method, params, signal ? { signal } : {});
const send = () => call('sendMessage', { chat_id: 42, text: 'x' });
const raw = (redirect: 'manual' | 'follow' = 'manual') => {
  const query = 'sendMessage?chat_id=42&text=x';
  return fetch(`${api.url}/bot${botToken}/${query}`, { method: 'POST', redirect });
};
/** A promise with the function that fulfils it. */
function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}

describe('faults', () => {
  it.each<[Fault['kind'], Fault, boolean]>([
    ['drop_before', { kind: 'drop_before' }, false],
    ['drop_after', { kind: 'drop_after' }, true],
    ['truncated', { kind: 'truncated' }, true],
  ])('%s: the client sees a broken connection', async (kind, fault, done) => {
    api.fault(fault);
    await expect(send()).rejects.toThrow(TypeError);
    expect(api.sent(42)).toHaveLength(done ? 1 : 0);
    expect(api.calls).toMatchObject([{ n: 1, fault: kind, done }]);
    expect(await send()).toMatchObject({ status: 200 });
  });

  it('a connection broken before the headers was never answered', async () => {
    api.fault({ kind: 'drop_after' });
    await expect(raw()).rejects.toThrow(TypeError);
    expect(api.calls[0]?.status).toBeNull();
  });

  it('truncated: the status arrives before the connection breaks', async () => {
    api.fault({ kind: 'truncated' });
    const response = await raw();
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow(TypeError);
  });

  it.each([false, true])('hang: no answer until the client gives up (work done: %s)', async (work) => {
    api.fault({ kind: 'hang', work });
    const controller = new AbortController();
    api.onDone = () => controller.abort();
    await expect(call('sendMessage', { chat_id: 42, text: 'x' }, controller.signal)).rejects.toThrow('aborted');
    expect(api.sent()).toHaveLength(work ? 1 : 0);
    expect(api.calls).toMatchObject([{ status: null, done: work }]);
  });

  it('late: the work is done at once and the answer comes later', async () => {
    api.fault({ kind: 'late', ms: 60 });
    const { promise: done, resolve } = deferred();
    api.onDone = () => resolve();
    const began = performance.now();
    const answer = send();
    await done;
    expect([api.sent().length, api.inFlight]).toEqual([1, 1]);
    expect((await answer).status).toBe(200);
    expect(performance.now() - began).toBeGreaterThan(55);
    expect(api.inFlight).toBe(0);
  });

  it.each<[Fault, number, boolean]>([
    [{ kind: '5xx_before' }, 502, false],
    [{ kind: '5xx_after' }, 502, true],
    [{ kind: '5xx_after', code: 504 }, 504, true],
  ])('%j: Telegram in trouble', async (fault, status, done) => {
    api.fault(fault);
    expect(await send()).toMatchObject({ status, ok: false, error_code: status });
    expect(api.calls).toMatchObject([{ done, status }]);
    expect(api.sent()).toHaveLength(done ? 1 : 0);
  });

  it.each<[Fault, number, boolean]>([
    [{ kind: 'html', work: true }, 200, true],
    [{ kind: 'html', work: false }, 200, false],
    [{ kind: '5xx_before', body: 'html' }, 502, false],
    [{ kind: '5xx_after', body: 'html', code: 503 }, 503, true],
    [{ kind: 'html', work: false, code: 429 }, 429, false],
  ])('%j: a page instead of JSON', async (fault, status, done) => {
    api.fault(fault);
    const response = await raw();
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'text/html']);
    expect(await response.text()).toContain('<html>');
    expect(api.sent()).toHaveLength(done ? 1 : 0);
  });

  it('redirect: leads elsewhere without doing the work, and shows who followed', async () => {
    api.fault({ kind: 'redirect', times: 2 });
    const response = await raw();
    expect([response.status, response.headers.get('location')]).toEqual([302, '/elsewhere']);
    expect(api.strays).toEqual([]);
    expect((await raw('follow')).status).toBe(404);
    expect(api.strays).toEqual(['/elsewhere']);
    expect(api.sent()).toEqual([]);
  });

  it.each([1, 90, 100_000])('retry_after: %d seconds', async (seconds) => {
    api.fault({ kind: 'retry_after', seconds });
    expect(await send()).toMatchObject({ status: 429, parameters: { retry_after: seconds } });
    expect(await send()).toMatchObject({ status: 200 });
  });

  it('retry_after can pause all other calls until the wait ends', async () => {
    api.fault({ kind: 'retry_after', seconds: 90, pausesAll: true });
    await send();
    now += 60_000;
    expect(await call('getMe')).toMatchObject({ status: 429, parameters: { retry_after: 30 } });
    api.endFlood();
    expect(await call('getMe')).toMatchObject({ status: 200 });
  });

  it('error: any code, text and parameters', async () => {
    const parameters = { migrate_to_chat_id: -1009 };
    api.fault({ kind: 'error', code: 400, description: 'Bad Request: BUTTON_URL_INVALID', parameters });
    expect(await send()).toEqual({
      status: 400,
      ok: false,
      error_code: 400,
      description: 'Bad Request: BUTTON_URL_INVALID',
      parameters,
    });
    expect(api.sent()).toEqual([]);
  });

  it('deleted_at_once: it was sent and is gone', async () => {
    api.fault({ kind: 'deleted_at_once' });
    const description = 'Internal Server Error: sent message was immediately deleted';
    expect(await send()).toMatchObject({ status: 500, description });
    expect(api.sent(42)).toMatchObject([{ messageId: 4 }]);
    expect(api.message(42, 4)).toBeUndefined();
  });

  it('deleted_at_once: not where the chat refuses the message', async () => {
    api.addChat({ id: 43, state: 'blocked' });
    api.fault({ kind: 'deleted_at_once' });
    expect(await call('sendMessage', { chat_id: 43, text: 'Hello' })).toMatchObject({ status: 403, ok: false });
    expect(api.sent(43)).toEqual([]);
  });

  it('id_zero: a success that does not say which message it was', async () => {
    api.fault({ kind: 'id_zero' }, { kind: 'id_zero' });
    expect(await send()).toMatchObject({ status: 200, ok: true, result: { message_id: 0, text: 'x' } });
    expect(api.sent(42)).toMatchObject([{ messageId: 4 }]);
    api.setState(42, 'blocked');
    expect(await send()).toMatchObject({ status: 403, ok: false });
  });

  it('true_without_work: an answer that is no proof', async () => {
    api.fault({ kind: 'true_without_work' });
    const params = { chat_id: 42, message_ids: [1, 2] };
    expect(await call('deleteMessages', params)).toMatchObject({ status: 200, result: true });
    expect(api.messageIds(42)).toEqual([1, 2, 3]);
    expect(api.calls[0]?.done).toBe(false);
  });

  it('meet the calls they are meant for, in turn', async () => {
    api.fault(
      { kind: 'error', code: 500, description: 'first', method: 'sendMessage', nth: 2, times: 2 },
      { kind: 'error', code: 501, description: 'second', when: ({ messageIds }) => messageIds.includes(3) },
    );
    const seen: number[] = [];
    const steps = [() => send(), () => call('getMe'), () => send(), () => send(), () => send()];
    for (const step of steps) seen.push((await step()).status);
    for (const message_id of [1, 3, 3]) seen.push((await call('deleteMessage', { chat_id: 42, message_id })).status);
    expect(seen).toEqual([200, 200, 500, 500, 200, 200, 501, 200]);
    api.fault({ kind: 'drop_before', times: Infinity });
    await expect(send()).rejects.toThrow();
    await expect(send()).rejects.toThrow();
    api.clearFaults();
    expect(await send()).toMatchObject({ status: 200 });
  });
});

describe('the server', () => {
  it('waits for its hooks, before the work and before the answer', async () => {
    const seen: unknown[] = [];
    const look =
      (step: string) =>
      async ({ n, done }: Call) => {
        await Promise.resolve();
        seen.push([step, n, done, api.sent().length, api.inFlight]);
      };
    api.onCall = look('call');
    api.onDone = look('done');
    await send();
    expect(seen).toEqual([
      ['call', 1, false, 0, 1],
      ['done', 1, true, 1, 1],
    ]);
  });

  it('does the work of a client that has left, and records that nobody was answered', async () => {
    const { promise: gone, resolve } = deferred();
    const controller = new AbortController();
    api.onCall = () => {
      controller.abort();
      return gone;
    };
    await expect(call('sendMessage', { chat_id: 42, text: 'x' }, controller.signal)).rejects.toThrow('aborted');
    await expect.poll(() => api.inFlight, { interval: 5 }).toBe(0);
    resolve();
    await expect.poll(() => api.calls[0], { interval: 5 }).toMatchObject({ done: true, status: null });
    expect(api.sent()).toHaveLength(1);
  });

  it('closes while calls hang and answers are late', async () => {
    api.fault({ kind: 'hang' }, { kind: 'late', ms: 600_000 });
    const calls = [send(), send()].map((seen) => seen.catch((error: unknown) => error));
    await expect.poll(() => api.inFlight, { interval: 5 }).toBe(2);
    await api.close();
    expect(await Promise.all(calls)).toEqual([expect.any(TypeError), expect.any(TypeError)]);
  });

  it('answers everything without knowing any chat, still counting calls and keeping limits', async () => {
    const bench = await startBotApi({ answerEverything: true, clock: () => now, limits: { callsPerSecond: 3 } });
    try {
      const ask = (method: string) => callBotApi(bench.url, method, { chat_id: -5, message_ids: [1], text: 'x' });
      expect(await ask('deleteMessages')).toMatchObject({ result: true });
      expect(await ask('sendMessage')).toMatchObject({ result: { message_id: 1 } });
      expect(await ask('getMe')).toMatchObject({ result: { username: 'sweep_test_bot' } });
      expect(await ask('deleteMessage')).toMatchObject({ status: 429 });
      expect([bench.calls.length, bench.callCount, bench.callsPerWindow(1000), bench.rateLimited]).toEqual([
        0, 4, 4, 1,
      ]);
    } finally {
      await bench.close();
    }
  });
});
