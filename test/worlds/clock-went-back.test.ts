/** A database whose clock went back, as after a failover: what was reserved before reaches further ahead than any honest one. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await createScene();
  scene.api.addMessages(11, [1]);
  await pendingDeletion(scene.db, { chatId: 11, messageIds: [1] });
});
afterEach(() => scene.close());

const hold = (runId: string, ahead: string) =>
  scene.db.query(
    `insert into telesweep.leases (job, run_id, holder, expires_at) values ('delete-due', $1, 'elsewhere pid 1', now() + $2::interval)`,
    [runId, ahead],
  );
const lease = async () => {
  const [row] = await scene.db.query<{ run_id: string; seconds: number }>(
    `select run_id, extract(epoch from expires_at - clock_timestamp())::float8 as seconds from telesweep.leases`,
  );
  return row;
};
const clockOf = async (): Promise<string[]> => {
  const told: { findings: { check: string; level: string; text: string }[] } = JSON.parse(
    (await scene.run(['doctor', '--json'])).stdout,
  );
  return told.findings.filter(({ check, level }) => check === 'clock' && level !== 'fine').map(({ text }) => text);
};

test("a dead pass's lease an hour ahead lasts no longer than any other", async () => {
  await scene.db.query(`insert into telesweep.runs (run_id, job) values ('dead', 'delete-due')`);
  await hold('dead', '1 hour');
  expect(await clockOf()).toEqual([expect.stringMatching(/the lease of delete-due .*went back/)]);
  const { code, summary } = await scene.pass(['delete-due']);
  expect({ code, stop: summary.stop_reason }).toEqual({ code: 0, stop: 'busy' });
  expect(await lease()).toMatchObject({ run_id: 'dead' });
  expect((await lease())?.seconds).toBeLessThanOrEqual(45);
  expect(await clockOf()).toEqual([]);
  await scene.db.query(`update telesweep.leases set expires_at = clock_timestamp() - interval '1 ms'`);
  expect((await scene.pass(['delete-due'])).summary.counts).toMatchObject({ records: 1, notices_sent: 1 });
});

test('an honest lease is left as it is', async () => {
  await scene.db.query(`insert into telesweep.runs (run_id, job) values ('alive', 'delete-due')`);
  await hold('alive', '60 seconds');
  expect((await scene.pass(['delete-due'])).summary.stop_reason).toBe('busy');
  expect((await lease())?.seconds).toBeGreaterThan(45);
});

test('a lease that somebody holds by hand stays, and doctor says how it ends', async () => {
  await hold('by hand', '1 day');
  expect((await scene.pass(['delete-due'])).summary.stop_reason).toBe('busy');
  expect((await lease())?.seconds).toBeGreaterThan(80_000);
  expect(await clockOf()).toEqual([expect.stringMatching(/the lease of delete-due .*by hand/)]);
});

test('a reservation of calls an hour ahead is told of, and the next pass sets it right', async () => {
  await scene.db.query(
    `insert into telesweep.budgets (bot_id, next_call_at) values (123456789, now() + interval '1 hour')`,
  );
  expect(await clockOf()).toEqual([expect.stringMatching(/the budget of bot 123456789 .*went back/)]);
  expect(await scene.pass(['delete-due'])).toMatchObject({
    code: 0,
    summary: { counts: { records: 1, notices_sent: 1 } },
  });
  expect(await clockOf()).toEqual([]);
});
