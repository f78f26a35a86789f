import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await createScene({}, {}, { monitors: true });
});
afterAll(() => scene.close());

let chat = 30_000;
beforeEach(async () => {
  chat += 100;
  scene.api.onCall = undefined;
  scene.api.clearFaults();
  await scene.db.query('truncate pending_deletions, telesweep.runs, telesweep.budgets, telesweep.leases');
  await scene.db.query("insert into telesweep.bots values ('123456789', 'sweep_test_bot') on conflict do nothing");
});

async function records(n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    scene.api.addMessages(chat + i, [1, 2]);
    await pendingDeletion(scene.db, { chatId: chat + i, messageIds: [1, 2], uniqueId: `file_${chat + i}` });
  }
}

/** Resolves when the nth call of a method has arrived. */
function nthCall(method: string, n = 1): Promise<void> {
  let seen = 0;
  return new Promise((resolve) => {
    scene.api.onCall = (call) => {
      if (call.method === method && ++seen === n) resolve();
    };
  });
}

const sentInThisTest = () => scene.api.sent().filter(({ chatId }) => Number(chatId) >= chat);
const leases = () => scene.db.query('select job from telesweep.leases');
const runs = () =>
  scene.db.query(`select outcome, summary->>'stop_reason' as reason, finished_at is not null as finished
                  from telesweep.runs`);

describe.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s in the middle', (signal) => {
  test('what is under way is finished and saved, the lease is given back, the rest stays for the next pass', async () => {
    await records(40);
    // 20 calls a second: the pass would take four seconds.
    const first = scene.start(['delete-due', '--json'], { TELEGRAM_RATE: '20' });
    await nthCall('sendMessage', 3);
    const at = performance.now();
    first.child.kill(signal);
    const { code, summary, stderr } = await first.done;

    expect(performance.now() - at).toBeLessThan(8_000);
    expect(code).toBe(75);
    expect(summary).toMatchObject({ outcome: 'interrupted', stop_reason: 'signal' });
    expect(stderr).toContain('stopped by signal');
    const told = sentInThisTest().length;
    expect(told).toBeGreaterThanOrEqual(3);
    expect(told).toBeLessThan(40);
    // Every notice that arrived is counted and its record gone: nothing was lost, nothing is in doubt.
    expect(summary?.counts).toMatchObject({ records: told, notices_sent: told, notices_uncertain: 0 });
    expect(summary?.left.due).toBe(40 - told);
    const [row] = await scene.db.query(
      'select count(*)::int as n, count(notice_started_at)::int as open from pending_deletions',
    );
    expect(row).toEqual({ n: 40 - told, open: 0 });
    expect(await leases()).toEqual([]);
    expect(await runs()).toEqual([{ outcome: 'interrupted', reason: 'signal', finished: true }]);
    expect(scene.monitors?.metrics('delete-due')).toMatch(/telesweep_last_exit_code\{.*\} 75\n/);
    expect(scene.monitors?.pings.at(-1)?.path).toMatch(/^\/ping\/delete-due\/75\?/);

    const next = await scene.pass(['delete-due']);
    expect(next.summary).toMatchObject({ outcome: 'ok', counts: { notices_sent: 40 - told, notices_uncertain: 0 } });
    expect(new Set(sentInThisTest().map(({ chatId }) => chatId)).size).toBe(40);
    expect(sentInThisTest()).toHaveLength(40);
  });
});

test('a second signal exits at once', async () => {
  await records(1);
  scene.api.fault({ kind: 'hang', method: 'sendMessage', times: 1 });
  const hanging = nthCall('sendMessage');
  const first = scene.start(['delete-due']);
  await hanging;
  first.child.kill('SIGTERM');
  await sleep(200);
  expect(first.child.exitCode).toBeNull();
  const at = performance.now();
  // Again and again, because two that arrive together are one.
  while (first.child.exitCode === null && performance.now() - at < 3_000) {
    first.child.kill('SIGTERM');
    await sleep(50);
  }
  const { code } = await first.done;
  expect(performance.now() - at).toBeLessThan(3_000);
  expect(code).toBe(75);
});
