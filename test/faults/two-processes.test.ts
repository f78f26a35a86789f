import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await createScene({}, {}, { monitors: true });
});
afterAll(() => scene.close());

let chat = 20_000;
beforeEach(async () => {
  chat += 100;
  scene.api.onCall = undefined;
  await scene.db.query('truncate pending_deletions, telesweep.runs, telesweep.budgets, telesweep.leases');
});

async function records(n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    scene.api.addMessages(chat + i, [1, 2]);
    await pendingDeletion(scene.db, { chatId: chat + i, messageIds: [1, 2], uniqueId: `file_${chat + i}` });
  }
}

const sentInThisTest = () => scene.api.sent().filter(({ chatId }) => Number(chatId) >= chat);

/** Resolves when the next call has arrived, which then waits for the test to let it go. */
function holdNextCall(): { arrived: Promise<void>; release(): void } {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const arrived = new Promise<void>((resolve) => {
    scene.api.onCall = () => {
      resolve();
      return released;
    };
  });
  return { arrived, release };
}

describe('while one process holds the job', () => {
  test('a second one says who holds the lease and since when, exits 0 and leaves everything alone', async () => {
    await records(2);
    const held = holdNextCall();
    const first = scene.start(['delete-due']);
    await held.arrived;
    const [lease] = await scene.db.query<{ holder: string; acquired_at: Date; expires_at: Date; run_id: string }>(
      'select * from telesweep.leases',
    );
    const second = await scene.pass(['delete-due']);
    const calls = scene.api.calls.filter(({ chatId }) => Number(chatId) >= chat).length;
    held.release();
    const { code, summary } = await first.done;

    expect(second.code).toBe(0);
    expect(second.summary).toMatchObject({
      outcome: 'skipped',
      stop_reason: 'busy',
      counts: { records: 0 },
      telegram: { calls: 0 },
      left: { due: 2 },
    });
    expect(lease?.holder).toContain(`pid ${first.child.pid}`);
    expect(second.stderr).toContain(lease?.holder ?? 'no lease');
    expect(second.stderr).toContain(lease?.acquired_at.toISOString());
    expect(calls).toBeLessThanOrEqual(2);
    // The first one never noticed.
    expect(code).toBe(0);
    expect(summary).toMatchObject({ run_id: lease?.run_id, outcome: 'ok', counts: { records: 2, notices_sent: 2 } });
    expect(sentInThisTest()).toHaveLength(2);
  });

  test('--quiet says nothing of it', async () => {
    await records(1);
    const held = holdNextCall();
    const first = scene.start(['delete-due']);
    await held.arrived;
    const second = await scene.run(['delete-due', '--quiet']);
    held.release();
    await first.done;
    expect(second).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  test('the metrics of the pass that worked stay, and the second one has a run record of its own', async () => {
    await scene.db.query('truncate telesweep.totals');
    await records(1);
    const held = holdNextCall();
    const first = scene.start(['delete-due']);
    await held.arrived;
    const { summary: skipped } = await scene.pass(['delete-due']);
    held.release();
    const { summary: worked } = await first.done;
    expect(scene.monitors?.metrics('delete-due')).toMatch(/telesweep_items_total\{.*result="records"\} 1\n/);
    const runs = await scene.db.query('select run_id, outcome, summary->>$1 as reason from telesweep.runs order by 2', [
      'stop_reason',
    ]);
    expect(runs).toEqual([
      { run_id: worked?.run_id, outcome: 'ok', reason: 'done' },
      { run_id: skipped.run_id, outcome: 'skipped', reason: 'busy' },
    ]);
  });
});

test('eight processes started at once: one works, each other says busy, and no notice is sent twice', async () => {
  await records(12);
  scene.api.setLatency(20);
  const results = await Promise.all(Array.from({ length: 8 }, () => scene.pass(['delete-due'])));
  scene.api.setLatency(0);
  expect(results.map(({ code }) => code)).toEqual(Array(8).fill(0));
  // One that starts when the first has ended finds nothing due, which is no fault either.
  const worked = results.filter(({ summary }) => summary.counts.records !== 0);
  expect(worked).toHaveLength(1);
  expect(worked[0]?.summary.counts).toMatchObject({ records: 12, notices_sent: 12 });
  const busy = results.filter(({ summary }) => summary.stop_reason === 'busy');
  expect(busy.length).toBeGreaterThanOrEqual(1);
  for (const { summary, stderr } of busy) {
    expect(summary.outcome).toBe('skipped');
    expect(stderr).toMatch(/holds delete-due: \S+ pid \d+, since \d{4}-\d\d-\d\dT/);
  }
  expect(sentInThisTest()).toHaveLength(12);
});

describe('a dead holder', () => {
  test('keeps the job until its lease ends, which is within 60 s, and then is replaced', async () => {
    await records(1);
    const held = holdNextCall();
    const first = scene.start(['delete-due']);
    await held.arrived;
    first.child.kill('SIGKILL');
    await first.done;
    held.release();

    const [lease] = await scene.db.query<{ seconds: number }>(
      'select extract(epoch from expires_at - clock_timestamp())::float8 as seconds from telesweep.leases',
    );
    expect(lease?.seconds).toBeGreaterThan(15);
    expect(lease?.seconds).toBeLessThan(60);
    const early = await scene.pass(['delete-due']);
    expect(early.summary).toMatchObject({ outcome: 'skipped', stop_reason: 'busy', left: { due: 1 } });

    await scene.db.query("update telesweep.leases set expires_at = clock_timestamp() - interval '1 millisecond'");
    const late = await scene.pass(['delete-due']);
    expect(late.summary).toMatchObject({
      outcome: 'ok',
      stop_reason: 'done',
      counts: { records: 1 },
      left: { due: 0 },
    });
    expect(await scene.db.query('select job from telesweep.leases')).toEqual([]);
  });
});

describe('a holder that lost its lease', () => {
  test('starts no call more, sends no notice, and leaves with 75', async () => {
    await records(1);
    const held = holdNextCall();
    const first = scene.start(['delete-due']);
    await held.arrived;
    // As another process does that found the lease expired.
    await scene.db.query("update telesweep.leases set run_id = 'another', holder = 'elsewhere pid 1'");
    const calls = scene.api.callCount;
    held.release();
    const { code, summary } = await first.done;
    expect(code).toBe(75);
    expect(summary).toMatchObject({ outcome: 'interrupted', stop_reason: 'lease_lost', counts: { notices_sent: 0 } });
    expect(sentInThisTest()).toEqual([]);
    expect(scene.api.callCount - calls).toBeLessThanOrEqual(1);
    // The lease is the other's, and it stays.
    expect(await scene.db.query('select run_id from telesweep.leases')).toEqual([{ run_id: 'another' }]);
    expect(await scene.db.query('select failed_at, notice_started_at from pending_deletions')).toEqual([
      { failed_at: null, notice_started_at: null },
    ]);
  });
});

test('the holder moves the end of its lease while a call takes long', async () => {
  await records(1);
  const held = holdNextCall();
  const first = scene.start(['delete-due']);
  await held.arrived;
  const expiry = async (): Promise<number> => {
    const [row] = await scene.db.query<{ ms: number }>(
      'select extract(epoch from expires_at)::float8 * 1000 as ms from telesweep.leases',
    );
    return row?.ms ?? 0;
  };
  const before = await expiry();
  const deadline = Date.now() + 15_000;
  while ((await expiry()) === before && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 200));
  const moved = (await expiry()) - before;
  held.release();
  expect((await first.done).code).toBe(0);
  expect(moved).toBeGreaterThan(5_000);
});
