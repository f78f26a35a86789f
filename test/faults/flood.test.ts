import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await createScene({}, {}, { monitors: true });
});
afterAll(() => scene.close());

let chat = 50_000;
beforeEach(async () => {
  chat += 100;
  scene.api.clearFaults();
  scene.api.endFlood();
  await scene.db.query('truncate pending_deletions, telesweep.runs, telesweep.budgets, telesweep.leases');
  await scene.db.query("insert into telesweep.bots values ('123456789', 'sweep_test_bot') on conflict do nothing");
});

/** In groups, where a pass that waits for the next send to a chat waits for three seconds. */
async function records(n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    const chatId = -(chat + i);
    scene.api.addMessages(chatId, [1, 2]);
    await pendingDeletion(scene.db, { chatId, messageIds: [1, 2], uniqueId: `file_${chat + i}` });
  }
}

const sentInThisTest = () => scene.api.sent().filter(({ chatId }) => Number(chatId) <= -chat);

/** Seconds until the stored pause is over; null where there is none. */
async function pauseLeft(): Promise<number | null> {
  const [row] = await scene.db.query<{ seconds: number | null }>(
    'select extract(epoch from paused_until - clock_timestamp())::float8 as seconds from telesweep.budgets',
  );
  return row?.seconds ?? null;
}

const intents = async (): Promise<number> => {
  const [row] = await scene.db.query<{ n: number }>('select count(notice_started_at)::int as n from pending_deletions');
  return row?.n ?? Number.NaN;
};

describe('retry_after longer than the pass has time for', () => {
  test.each([
    [100_000, []],
    [90, []],
    [30, ['--max-runtime', '5s']],
  ] as const)('%i s, flags %j: the pause is stored, exit 75 at once, everything stays for later', async (seconds, flags) => {
    await records(5);
    scene.api.fault({ kind: 'retry_after', seconds, pausesAll: true, method: 'sendMessage', nth: 2 });
    const { code, summary, stderr } = await scene.pass(['delete-due', ...flags]);
    expect(summary.duration_ms).toBeLessThan(10_000);
    expect(code).toBe(75);
    expect(summary).toMatchObject({ outcome: 'interrupted', stop_reason: 'cooldown' });
    expect(summary.telegram.rate_limited).toBeGreaterThanOrEqual(1);
    // What was under way beside the refused call may meet a 429 of its own; nothing starts after it.
    expect(summary.telegram.rate_limited).toBeLessThanOrEqual(5);
    expect(stderr).toContain('stopped by cooldown');
    const left = await pauseLeft();
    expect(left).toBeGreaterThan(seconds - 10);
    expect(left).toBeLessThanOrEqual(seconds);
    // A 429 proves that nothing was sent: no intent stays, no notice is in doubt.
    expect(await intents()).toBe(0);
    expect(summary.counts.notices_uncertain).toBe(0);
    expect(summary.left.due).toBe(5 - sentInThisTest().length);
    expect(scene.monitors?.metrics('delete-due')).toMatch(
      /telesweep_budget_paused_until_timestamp_seconds\{.*\} 1[0-9.]{9,}\n/,
    );
  });

  test('until it is over a pass that finds something due leaves at once with 75, without a call and without a longer pause', async () => {
    await records(3);
    scene.api.fault({ kind: 'retry_after', seconds: 100_000, pausesAll: true, method: 'deleteMessages' });
    expect((await scene.pass(['delete-due'])).code).toBe(75);
    const [before] = await scene.db.query('select * from telesweep.budgets');
    const calls = scene.api.callCount;
    // With a limit longer than the pause as well: a pass before it has found that there is no point in waiting.
    for (const flags of [[], ['--max-runtime', '40h']]) {
      const { code, summary, stderr } = await scene.pass(['delete-due', ...flags]);
      expect(code).toBe(75);
      expect(summary).toMatchObject({
        outcome: 'interrupted',
        stop_reason: 'cooldown',
        telegram: { calls: 0, rate_limited: 0 },
        left: { due: 3 },
      });
      expect(stderr).toContain('pause');
    }
    expect(scene.api.callCount).toBe(calls);
    const [after] = await scene.db.query('select * from telesweep.budgets');
    expect(after).toEqual(before);
  });

  test('a pass that finds nothing due exits 0 meanwhile', async () => {
    await scene.db.query(
      `insert into telesweep.budgets (bot_id, paused_until, cooldown_until)
       values (123456789, now() + interval '1 hour', now() + interval '1 hour')`,
    );
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(0);
    expect(summary).toMatchObject({ outcome: 'ok', stop_reason: 'done' });
  });

  test('once it is over the work goes on', async () => {
    await records(3);
    await scene.db.query(
      `insert into telesweep.budgets (bot_id, paused_until, cooldown_until)
       values (123456789, now() - interval '1 second', now() - interval '1 second')`,
    );
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(0);
    expect(summary.counts.notices_sent).toBe(3);
  });

  test('the pause of another token is no concern', async () => {
    await records(1);
    await scene.db.query(
      `insert into telesweep.budgets (bot_id, paused_until, cooldown_until)
       values (987654321, now() + interval '1 hour', now() + interval '1 hour')`,
    );
    expect((await scene.pass(['delete-due'])).summary).toMatchObject({ outcome: 'ok', counts: { records: 1 } });
  });
});

describe('retry_after that the pass can wait for', () => {
  test.each([
    'deleteMessages',
    'sendMessage',
  ])('1 s at %s: it waits, nobody calls meanwhile, all is done', async (method) => {
    await records(5);
    scene.api.fault({ kind: 'retry_after', seconds: 1, pausesAll: true, method, nth: 2 });
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(0);
    expect(summary).toMatchObject({
      outcome: 'ok',
      stop_reason: 'done',
      counts: { records: 5, notices_sent: 5, notices_uncertain: 0, deferred: 0 },
    });
    expect(summary.telegram.rate_limited).toBeGreaterThanOrEqual(1);
    expect(sentInThisTest()).toHaveLength(5);
    const calls = scene.api.calls.filter(({ chatId }) => Number(chatId) <= -chat);
    const refused = calls.findIndex(({ fault }) => fault === 'retry_after');
    expect(refused).toBeGreaterThanOrEqual(0);
    // Calls beside it may have left before its answer; the first one that is let through comes a second later.
    const next = calls.slice(refused + 1).find(({ status }) => status === 200);
    expect((next?.at ?? 0) - (calls[refused]?.at ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test('2 s with --max-runtime 30s', async () => {
    await records(2);
    scene.api.fault({ kind: 'retry_after', seconds: 2, pausesAll: true, method: 'sendMessage' });
    const { code, summary } = await scene.pass(['delete-due', '--max-runtime', '30s']);
    expect(code).toBe(0);
    expect(summary.counts.notices_sent).toBe(2);
    expect(summary.duration_ms).toBeGreaterThan(2_000);
  });

  test('a short pause that another process stored is waited for as well', async () => {
    await records(2);
    await scene.db.query(
      "insert into telesweep.budgets (bot_id, paused_until) values (123456789, clock_timestamp() + interval '2 seconds')",
    );
    const [until] = await scene.db.query<{ ms: number }>(
      'select extract(epoch from paused_until)::float8 * 1000 as ms from telesweep.budgets',
    );
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(0);
    expect(summary.telegram.rate_limited).toBe(0);
    const calls = scene.api.calls.filter(({ chatId }) => Number(chatId) <= -chat);
    // The two clocks are one machine's.
    expect(Math.min(...calls.map(({ at }) => at))).toBeGreaterThanOrEqual((until?.ms ?? Number.NaN) - 50);
  });

  test('one that another process stores in the middle is respected within a second', async () => {
    await records(40);
    let stored = 0;
    scene.api.onDone = async () => {
      if (stored > 0) return;
      stored = Date.now();
      await scene.db.query(
        "update telesweep.budgets set paused_until = clock_timestamp() + interval '3 seconds' where bot_id = 123456789",
      );
    };
    const { code } = await scene.pass(['delete-due'], { TELEGRAM_RATE: '40' });
    scene.api.onDone = undefined;
    expect(code).toBe(0);
    const at = scene.api.calls.filter(({ chatId }) => Number(chatId) <= -chat).map((call) => call.at - stored);
    expect(at.filter((ms) => ms > 1_000 && ms < 2_900)).toEqual([]);
    expect(sentInThisTest()).toHaveLength(40);
  });
});

test('pauses again and again: the pass leaves when the time that is left is shorter than the next one', async () => {
  await records(3);
  scene.api.fault({ kind: 'retry_after', seconds: 3, method: 'sendMessage', times: 99, pausesAll: true });
  const { code, summary } = await scene.pass(['delete-due', '--max-runtime', '5s']);
  expect(code).toBe(75);
  expect(summary).toMatchObject({ outcome: 'interrupted', stop_reason: 'cooldown', left: { due: 3 } });
  // It waited once, and not a second time.
  expect(summary.duration_ms).toBeGreaterThan(3_000);
  expect(summary.duration_ms).toBeLessThan(6_000);
  expect(await intents()).toBe(0);
  expect(sentInThisTest()).toEqual([]);
});
