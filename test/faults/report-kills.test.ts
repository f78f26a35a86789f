/** `stats --send` killed, and frozen, at each statement and call that concerns the report: nothing twice, and what is lost is told of. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { actAt, actNowhere, killedAt, type Points } from '../support/kill-points.ts';
import { createScene, type Scene } from '../support/scene.ts';
import { startStatementProxy } from '../support/statement-proxy.ts';

const chat = '-1001234567890';
const args = ['stats', '--send'];

let scene: Scene;
let points: Points;
beforeAll(async () => {
  scene = await createScene({}, { STATS_CHAT_ID: chat });
  scene.api.addChat(chat);
  points = { scene, proxy: await startStatementProxy(scene.db.url), statements: /telesweep\.(reports|budgets)/ };
  await scene.db.query(`insert into telesweep.daily (schema_name, day, metric, value)
    select 'public', current_date - n, 'calls', 1 from generate_series(0, 30) as n`);
});
afterAll(async () => {
  await Promise.all([scene.close(), points.proxy.close()]);
});

/** A hold ends by itself; the test does not wait for it. */
const holdsEnd = () => scene.db.query(`update telesweep.reports set held_until = now() - interval '1 second'`);

const state = async (): Promise<string | undefined> =>
  (await scene.db.query<{ state: string }>('select state from telesweep.reports'))[0]?.state;

/** More than there are. */
const mostPoints = 20;

test('killed at each point', { timeout: 120_000 }, async () => {
  const uncertain: number[] = [];
  let n = 0;
  for (let killed = true; killed && n < mostPoints; ) {
    n++;
    await scene.db.query('truncate telesweep.reports, telesweep.budgets');
    const before = scene.api.sent(chat).length;
    killed = await killedAt(points, n, args);
    const left = await state();
    if (left === 'sending') {
      // While it may live, nobody takes its place; when its time is over, one says so, once.
      expect(await scene.run(args)).toMatchObject({ code: 0, stdout: expect.stringContaining('by another process') });
      await holdsEnd();
    }
    const [second, third] = [await scene.run(args), await scene.run(args)];
    const sent = scene.api.sent(chat).length - before;
    const told = second.stderr.includes('may not have arrived');
    if (told) uncertain.push(n);
    expect({ n, twice: sent > 1, told, lost: sent === 0 && !told }).toEqual({
      n,
      twice: false,
      told: left === 'sending',
      lost: false,
    });
    expect([second.code, third.code, third.stderr]).toEqual([told ? 1 : 0, 0, '']);
    expect(await state()).toBe(told ? 'uncertain' : 'sent');
  }
  expect(n).toBeGreaterThan(8);
  expect(n).toBeLessThan(mostPoints);
  // From the commit of the claim to that of what became of it: the end of one statement, the call and its answer, the beginning of another.
  expect(uncertain).toHaveLength(4);
});

test('frozen at each point beyond its hold, while another one goes on', { timeout: 120_000 }, async () => {
  let frozen = true;
  let n = 0;
  while (frozen && n < mostPoints) {
    n++;
    await scene.db.query('truncate telesweep.reports, telesweep.budgets');
    const before = scene.api.sent(chat).length;
    frozen = false;
    actAt(points, n, async () => {
      frozen = true;
      actNowhere(points);
      await holdsEnd();
      await scene.run(args);
    });
    await scene.run(args, { DATABASE_URL: points.proxy.url });
    actNowhere(points);
    // Whoever sent it knows that it arrived.
    expect({ n, sent: scene.api.sent(chat).length - before, state: await state() }).toEqual({
      n,
      sent: 1,
      state: 'sent',
    });
  }
  expect(n).toBeGreaterThan(8);
  expect(n).toBeLessThan(mostPoints);
});
