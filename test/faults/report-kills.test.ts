/** `stats --send` killed, and frozen, at each statement and call that concerns the report: nothing twice, and what is lost is told of. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createScene, type Scene } from '../support/scene.ts';
import { type StatementProxy, startStatementProxy } from '../support/statement-proxy.ts';

const chat = '-1001234567890';
const args = ['stats', '--send'];

let scene: Scene;
let proxy: StatementProxy;
beforeAll(async () => {
  scene = await createScene({}, { STATS_CHAT_ID: chat });
  scene.api.addChat(chat);
  proxy = await startStatementProxy(scene.db.url);
  await scene.db.query(`insert into telesweep.daily (schema_name, day, metric, value)
    select 'public', current_date - n, 'calls', 1 from generate_series(0, 30) as n`);
});
afterAll(async () => {
  await Promise.all([scene.close(), proxy.close()]);
});

/** Who dies or sleeps does so at the nth of these: each statement on the report or the budget, before it and when it is answered, and the call. */
function atPoint(n: number, act: () => Promise<unknown>): void {
  let points = 0;
  const arrive = async (): Promise<void> => {
    if (++points === n) await act();
  };
  const concerns = (text: string): boolean => /telesweep\.(reports|budgets)/.test(text);
  proxy.onStatement = (_, { text }) => (concerns(text) ? arrive() : undefined);
  proxy.onAnswered = (_, { text }) => (concerns(text) ? arrive() : undefined);
  scene.api.onCall = arrive;
  scene.api.onDone = arrive;
}

function nowhere(): void {
  proxy.onStatement = undefined;
  proxy.onAnswered = undefined;
  scene.api.onCall = undefined;
  scene.api.onDone = undefined;
}

/** A hold ends by itself; the test does not wait for it. */
const holdsEnd = () => scene.db.query(`update telesweep.reports set held_until = now() - interval '1 second'`);

async function sessionsEnd(): Promise<void> {
  const deadline = Date.now() + 5_000;
  const ask = `select from pg_stat_activity where datname = current_database() and application_name = 'telesweep'`;
  while ((await scene.db.query(ask)).length > 0) {
    if (Date.now() > deadline) throw new Error('the dead process still has a session');
  }
}

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
    killed = false;
    const first = scene.start(args, { DATABASE_URL: proxy.url });
    atPoint(n, async () => {
      killed = first.child.kill('SIGKILL');
      await first.done;
    });
    await first.done;
    nowhere();
    await sessionsEnd();
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
    atPoint(n, async () => {
      frozen = true;
      nowhere();
      await holdsEnd();
      await scene.run(args);
    });
    await scene.run(args, { DATABASE_URL: proxy.url });
    nowhere();
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
