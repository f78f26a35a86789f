import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callBotApi } from './support/bot-api/client.ts';
import { type BotApi, startBotApi } from './support/bot-api.ts';

let api: BotApi;
let now = 0;
beforeEach(async () => {
  now = Date.UTC(2026, 0, 2);
  api = await startBotApi({ clock: () => now, limits: { sendsPerSecondPerChat: 0 } });
  api.addMessages(42, [1, 2, 3]);
});
afterEach(() => api.close());

const call = (method: string, params: object = {}) => callBotApi(api.url, method, params);
const send = (chat_id = 42) => call('sendMessage', { chat_id, text: 'x' });
const statuses = async (calls: Promise<{ status: number }>[]) => (await Promise.all(calls)).map(({ status }) => status);

describe('limits', () => {
  it('are a sliding window, not a bucket', async () => {
    api.setLimits({ callsPerSecond: 3, toleranceMs: 0, floodPausesAll: false });
    const at: [number, number][] = [];
    const start = now;
    for (const ms of [0, 900, 950, 999, 1000, 1001, 1899, 1900]) {
      now = start + ms;
      at.push([ms, (await call('getMe')).status]);
    }
    expect(at).toEqual([
      [0, 200],
      [900, 200],
      [950, 200],
      [999, 429],
      [1000, 200],
      [1001, 429],
      [1899, 429],
      [1900, 200],
    ]);
    expect(api.callsPerWindow(1000)).toBe(6);
    expect(api.callsPerWindow(1)).toBe(1);
    expect(api.rateLimited).toBe(3);
  });

  it('answer 429 with the wait, and pause every other call of the token until it is over', async () => {
    api.setLimits({ callsPerSecond: 1, floodSeconds: 3 });
    expect(await statuses([call('getMe')])).toEqual([200]);
    expect(await send()).toEqual({
      status: 429,
      ok: false,
      error_code: 429,
      description: 'Too Many Requests: retry after 3',
      parameters: { retry_after: 3 },
    });
    now += 2500;
    expect(await call('getMe')).toMatchObject({ status: 429, parameters: { retry_after: 1 } });
    now += 500;
    expect(await call('getMe')).toMatchObject({ status: 200 });
    expect(api.sent()).toEqual([]);
  });

  it('hold for each token by itself', async () => {
    api.setLimits({ callsPerSecond: 1 });
    const token = '777:another-simulated-token_0123456789';
    api.addBot({ token });
    expect(await statuses([call('getMe'), callBotApi(api.url, 'getMe', {}, { token })])).toEqual([200, 200]);
    expect(api.callsPerWindow(1000)).toBe(1);
  });

  it('allow one send a second to one chat', async () => {
    api.setLimits({ sendsPerSecondPerChat: 1, toleranceMs: 20, floodPausesAll: false });
    api.addChat(43);
    expect(await statuses([send(42), send(43)])).toEqual([200, 200]);
    now += 979;
    expect(await send(42)).toMatchObject({ status: 429, parameters: { retry_after: 1 } });
    expect(await call('deleteMessage', { chat_id: 42, message_id: 1 })).toMatchObject({ status: 200 });
    now += 1;
    expect(await send(42)).toMatchObject({ status: 200 });
  });

  it('allow a burst where one is configured', async () => {
    api.setLimits({ sendsPerSecondPerChat: 1, chatBurst: 3, toleranceMs: 0, floodPausesAll: false });
    expect([await send(), await send(), await send(), await send()].map(({ status }) => status)).toEqual([
      200, 200, 200, 429,
    ]);
    now += 3000;
    expect(await send()).toMatchObject({ status: 200 });
  });

  it('allow 20 sends a minute to a group, and more to a person', async () => {
    api.setLimits({ floodPausesAll: false });
    api.addChat(-4200);
    for (let i = 0; i < 20; i++) {
      expect(await statuses([send(-4200), send(42)])).toEqual([200, 200]);
      now += 1000;
    }
    expect(await send(-4200)).toMatchObject({ status: 429, parameters: { retry_after: 40 } });
    expect(await send(42)).toMatchObject({ status: 200 });
  });
});
