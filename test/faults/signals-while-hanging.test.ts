import pg from 'pg';
import { describe, type TestContext, test } from 'vitest';
import { pendingDeletion } from '../support/rows.ts';
import type { Started } from '../support/run.ts';
import { createScene, type Scene } from '../support/scene.ts';
import { at, startSilentServer } from '../support/silent-server.ts';

/** A scene with some due records of two messages, in chats from 1 on. */
async function sceneOf(records: number, { onTestFinished }: TestContext): Promise<Scene> {
  const scene = await createScene();
  onTestFinished(() => scene.close());
  await scene.db.query("insert into telesweep.bots values ('123456789', 'sweep_test_bot')");
  for (let chat = 1; chat <= records; chat++) {
    scene.api.addMessages(chat, [1, 2]);
    await pendingDeletion(scene.db, { chatId: chat, messageIds: [1, 2], uniqueId: `file_${chat}` });
  }
  return scene;
}

function nthCall(scene: Scene, method: string, n: number): Promise<void> {
  let seen = 0;
  return new Promise((resolve) => {
    scene.api.onCall = (call) => {
      if (call.method === method && ++seen === n) resolve();
    };
  });
}

/** Sends SIGTERM and waits for the end. */
async function terminate({ child, done }: Started) {
  const sentAt = performance.now();
  child.kill('SIGTERM');
  const result = await done;
  return { ...result, seconds: (performance.now() - sentAt) / 1000 };
}

// Each waits far more than it computes.
describe.concurrent('a signal while nothing answers', () => {
  test('a Telegram that hangs: a notice in doubt is reported, and not repeated', async (context) => {
    const { expect } = context;
    const scene = await sceneOf(3, context);
    scene.api.fault({ kind: 'hang', method: 'sendMessage', times: 3, work: true });
    const third = nthCall(scene, 'sendMessage', 3);
    const first = scene.start(['delete-due']);
    await third;
    const { code, seconds, summary } = await terminate(first);
    expect(seconds).toBeLessThan(10);
    expect(code).toBe(75);
    expect(summary).toMatchObject({
      outcome: 'interrupted',
      stop_reason: 'signal',
      counts: { notices_uncertain: 3, messages_deleted: 6 },
    });
    expect(await scene.db.query('select job from telesweep.leases')).toEqual([]);
    const next = await scene.pass(['delete-due']);
    expect(next.code).toBe(0);
    expect(scene.api.sent()).toHaveLength(3);
  });

  test('deletions that hang are deferred and made again', async (context) => {
    const { expect } = context;
    const scene = await sceneOf(3, context);
    scene.api.fault({ kind: 'hang', method: 'deleteMessages', times: 3 });
    const third = nthCall(scene, 'deleteMessages', 3);
    const first = scene.start(['delete-due']);
    await third;
    const { code, seconds, summary } = await terminate(first);
    expect(seconds).toBeLessThan(10);
    expect(code).toBe(75);
    expect(summary).toMatchObject({ stop_reason: 'signal', counts: { deferred: 3 }, left: { due: 3 } });
    await scene.db.query('update pending_deletions set next_attempt_at = null');
    const next = await scene.pass(['delete-due']);
    expect(next.summary.counts).toMatchObject({ records: 3, notices_sent: 3 });
  });

  test('a call that is answered within the grace is finished and saved', async (context) => {
    const { expect } = context;
    const scene = await sceneOf(1, context);
    scene.api.fault({ kind: 'late', method: 'sendMessage', ms: 2_500 });
    const sending = nthCall(scene, 'sendMessage', 1);
    const first = scene.start(['delete-due']);
    await sending;
    const { code, seconds, summary } = await terminate(first);
    expect(seconds).toBeGreaterThan(2);
    expect(code).toBe(75);
    expect(summary?.counts).toMatchObject({ records: 1, notices_sent: 1, notices_uncertain: 0 });
    expect(await scene.db.query('select id from pending_deletions')).toEqual([]);
  });

  test('a database that hangs, and monitors that hang as well', async (context) => {
    const { expect, onTestFinished } = context;
    // One record: the slot of a second one may have to wait for a tick, and every tick waits for the table.
    const scene = await sceneOf(1, context);
    const monitor = await startSilentServer();
    onTestFinished(() => monitor.close());
    // Somebody keeps the table that the pass must write to.
    const holder = new pg.Client(scene.db.url);
    await holder.connect();
    onTestFinished(() => holder.end());
    await holder.query('begin; lock table pending_deletions in share mode');
    const deleted = nthCall(scene, 'deleteMessages', 1);
    const first = scene.start(['delete-due'], {
      PING_URL: `http://${monitor.host}/ping`,
      PUSHGATEWAY_URL: `http://${monitor.host}`,
    });
    await deleted;
    const { code, seconds, summary } = await terminate(first);
    expect(seconds).toBeLessThan(10);
    expect(code).toBe(75);
    expect(summary).toMatchObject({ outcome: 'interrupted', stop_reason: 'signal' });
    expect(summary?.error).toContain('the database stopped answering');
    // The intent could not be committed, so nothing was sent.
    expect(scene.api.sent()).toEqual([]);
  });

  test.for([
    ['delete-due'],
    ['delete-due', '--dry-run'],
  ])('telesweep %s with a database that takes the connection and says nothing', async (args, context) => {
    const { expect, onTestFinished } = context;
    const scene = await sceneOf(0, context);
    const silent = await startSilentServer();
    onTestFinished(() => silent.close());
    const first = scene.start(args, { DATABASE_URL: at(silent.host, scene.db.url) });
    await silent.connected;
    const { code, seconds, summary } = await terminate(first);
    expect(seconds).toBeLessThan(10);
    expect(code).toBe(75);
    expect(summary).toMatchObject({ outcome: 'interrupted', stop_reason: 'signal' });
  });
});
