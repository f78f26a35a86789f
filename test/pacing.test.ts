import { expect, test } from 'vitest';
import { broadcast, pendingDeletion } from './support/rows.ts';
import { createScene } from './support/scene.ts';

const rate = 20;

test.concurrent('two jobs at once make no more calls a second together than the rate allows, and use it', async () => {
  const scene = await createScene(
    { limits: { callsPerSecond: rate + 1, toleranceMs: 100 } },
    { TELEGRAM_RATE: `${rate}` },
  );
  try {
    for (let chat = 1; chat <= 20; chat++) {
      scene.api.addMessages(chat, [1, 2]);
      await pendingDeletion(scene.db, { chatId: chat, messageIds: [1, 2] });
    }
    const messages = Array.from({ length: 25 }, (_, n) => ({ chatId: 100 + n, messageId: 1 }));
    for (const { chatId } of messages) scene.api.addMessages(chatId, [1]);
    await broadcast(scene.db, { messages });

    const passes = await Promise.all([scene.pass(['delete-due']), scene.pass(['delete-broadcasts'])]);
    for (const { code, summary } of passes) {
      expect(code).toBe(0);
      expect(summary.telegram.rate_limited).toBe(0);
      expect(summary.telegram.calls).toBeGreaterThanOrEqual(25);
    }
    const calls = scene.api.callCount;
    expect(calls).toBeGreaterThanOrEqual(65);
    // What arrives is measured by a process that may be late itself, so a second's edges are not sharp.
    expect(scene.api.callsPerWindow(900)).toBeLessThanOrEqual(rate);
    expect(scene.api.callsPerWindow(1_000)).toBeLessThanOrEqual(rate + 1);
    const times = scene.api.calls.map(({ at }) => at);
    const seconds = (Math.max(...times) - Math.min(...times)) / 1000;
    // Slots that a busy machine misses are given up.
    expect(seconds).toBeLessThan((calls / rate) * 2);
  } finally {
    await scene.close();
  }
});

test.concurrent('sends to one chat keep a second apart, to one group three, while others go on', async () => {
  const scene = await createScene({ limits: { sendsPerSecondPerChat: 1, groupSendsPerMinute: 20 } });
  try {
    const group = -1_001_234_567_890;
    const chats = [7, group, 8, 9];
    for (const chatId of chats) scene.api.addMessages(chatId, [1, 2, 3]);
    for (const id of [1, 2, 3]) await pendingDeletion(scene.db, { chatId: 7, messageIds: [id], uniqueId: `a${id}` });
    for (const id of [1, 2]) await pendingDeletion(scene.db, { chatId: group, messageIds: [id], uniqueId: `b${id}` });
    for (const chatId of [8, 9]) await pendingDeletion(scene.db, { chatId, messageIds: [1] });

    const { summary } = await scene.pass(['delete-due']);
    expect(summary).toMatchObject({ counts: { records: 7, notices_sent: 7 }, telegram: { rate_limited: 0 } });
    const times = (chatId: number): number[] => scene.api.sent(chatId).map(({ at }) => at);
    const gaps = (chatId: number): number[] =>
      times(chatId)
        .slice(1)
        .map((at, n) => at - (times(chatId)[n] ?? 0));
    expect(gaps(7)).toHaveLength(2);
    for (const gap of gaps(7)) expect(gap).toBeGreaterThanOrEqual(990);
    expect(gaps(group)).toHaveLength(1);
    for (const gap of gaps(group)) expect(gap).toBeGreaterThanOrEqual(2_990);
    // Nobody else waited for them.
    const first = Math.min(...scene.api.calls.map(({ at }) => at));
    for (const chatId of [8, 9]) expect((times(chatId)[0] ?? Number.NaN) - first).toBeLessThan(2_500);
    expect(summary.duration_ms).toBeLessThan(15_000);
  } finally {
    await scene.close();
  }
});

test('a reservation an hour ahead, left by a clock that went back, is set right', async () => {
  const scene = await createScene();
  scene.api.addMessages(5, [1]);
  await pendingDeletion(scene.db, { chatId: 5, messageIds: [1] });
  await scene.db.query(
    "insert into telesweep.budgets (bot_id, next_call_at) values (123456789, now() + interval '1 hour')",
  );
  const { code, summary } = await scene.pass(['delete-due']);
  expect(code).toBe(0);
  expect(summary).toMatchObject({ counts: { records: 1 }, left: { due: 0 } });
  const [row] = await scene.db.query<{ ahead: number }>(
    'select extract(epoch from next_call_at - clock_timestamp())::float8 as ahead from telesweep.budgets',
  );
  expect(row?.ahead).toBeLessThan(10);
  await scene.close();
});
