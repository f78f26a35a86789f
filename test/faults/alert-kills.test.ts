/** `doctor --alert` killed, and frozen, at each statement and call that concerns an alert: nothing twice, and what is lost is told of. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { actAt, actNowhere, killedAt, type Points } from '../support/kill-points.ts';
import { createScene, type Env, type Scene } from '../support/scene.ts';
import { startStatementProxy } from '../support/statement-proxy.ts';
import { startWebhook, type Webhook } from '../support/webhook.ts';

const chat = '-1001234567890';
const args = ['doctor', '--alert'];
const ill: Env = { NOTICE: 'maybe' };

let scene: Scene;
let points: Points;
let webhook: Webhook;
beforeAll(async () => {
  webhook = await startWebhook();
  scene = await createScene({}, { ALERT_CHAT_ID: chat, ALERT_WEBHOOK_URL: webhook.url, ALERT_AFTER: '1' });
  scene.api.addChat(chat);
  points = {
    scene,
    proxy: await startStatementProxy(scene.db.url),
    // Doctor's own look at the pauses is none.
    statements: /^\s*(insert|with durable|update)/,
    method: 'sendMessage',
    webhook,
  };
});
afterAll(async () => {
  await Promise.all([scene.close(), webhook.close(), points.proxy.close()]);
});

/** A hold ends by itself; the test does not wait for it. */
const holdsEnd = () => scene.db.query(`update telesweep.alerts set held_until = now() - interval '1 second'`);

const openClaims = async (): Promise<string[]> =>
  (
    await scene.db.query<{ channel: string }>(
      'select channel from telesweep.alerts where claimed_at is not null order by channel',
    )
  ).map(({ channel }) => channel);

/** More than there are. */
const mostPoints = 30;

test.each<[string, Env, string, number]>([
  ['at each point where an incident begins', ill, '❌', 1],
  // The same statements and calls again.
  ['at some points where it is over', {}, '✅', 3],
])('killed %s', { timeout: 240_000 }, async (_, env, mark, step) => {
  let claimed = 0;
  let n = 0;
  for (let killed = true; killed && n < mostPoints; ) {
    n += step;
    await scene.db.query('truncate telesweep.alerts, telesweep.budgets');
    if (mark === '✅') await scene.run(args, ill);
    const before = { sent: scene.api.sent(chat).length, texts: webhook.texts.length };
    killed = await killedAt(points, n, args, env);
    const lost = await openClaims();
    claimed += lost.length;
    await holdsEnd();
    const second = await scene.run(args, env);

    for (const { channel, setting, texts } of [
      {
        channel: 'telegram',
        setting: 'ALERT_CHAT_ID',
        texts: scene.api
          .sent(chat)
          .slice(before.sent)
          .map(({ text }) => text),
      },
      { channel: 'webhook', setting: 'ALERT_WEBHOOK_URL', texts: webhook.texts.slice(before.texts) },
    ]) {
      const said = texts.filter((text) => text.startsWith(mark));
      const mayBeLost = lost.includes(channel);
      const told = { n, channel, twice: said.length > 1, lost: said.length === 0 && !mayBeLost, reported: mayBeLost };
      expect(told).toEqual({
        n,
        channel,
        twice: false,
        lost: false,
        reported: second.stderr.includes(`${setting}: nobody knows whether`),
      });
    }
  }
  expect(n).toBeGreaterThan(16);
  expect(n).toBeLessThan(mostPoints);
  // Between a claim's commit and its settling stand the ends of two statements and a call.
  expect(claimed).toBeGreaterThanOrEqual(Math.floor(6 / step));
});

test('frozen at each point beyond its hold, while another one goes on', { timeout: 240_000 }, async () => {
  let frozen = true;
  let n = 0;
  while (frozen && n < mostPoints) {
    n++;
    await scene.db.query('truncate telesweep.alerts, telesweep.budgets');
    const before = { sent: scene.api.sent(chat).length, texts: webhook.texts.length };
    frozen = false;
    actAt(points, n, async () => {
      frozen = true;
      actNowhere(points);
      await holdsEnd();
      await scene.run(args, ill);
    });
    await scene.run(args, { ...ill, DATABASE_URL: points.proxy.url });
    actNowhere(points);
    const told = { sent: scene.api.sent(chat).length - before.sent, texts: webhook.texts.length - before.texts };
    expect({ n, ...told }).toEqual({ n, sent: 1, texts: 1 });
  }
  expect(n).toBeGreaterThan(16);
  expect(n).toBeLessThan(mostPoints);
});
