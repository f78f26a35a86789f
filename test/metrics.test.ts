import { afterAll, beforeAll, expect, test } from 'vitest';
import { readExposition } from './output/exposition.ts';
import { broadcast, pendingDeletion } from './support/rows.ts';
import { createScene, type Scene } from './support/scene.ts';
import { closedPort } from './telegram/tiny-servers.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await createScene({}, {}, { monitors: true });
});
afterAll(() => scene.close());

const metricsOf = (job: string): Map<string, number> => readExposition(scene.monitors?.metrics(job) ?? '');

test('due messages within an hour of 48 are told, and no others', async () => {
  const { db } = scene;
  await pendingDeletion(db, { chatId: 1, messageIds: [1], age: '46h59m' });
  await pendingDeletion(db, { chatId: 1, messageIds: [2, 3, 4], age: '47h1m' });
  await pendingDeletion(db, { chatId: 1, messageIds: [5, 6], age: '47h59m' });
  await pendingDeletion(db, { chatId: 1, messageIds: [7], age: '47h30m', dueFor: '-1m' });
  await pendingDeletion(db, { chatId: 2, messageIds: [8], age: '47h30m' });
  await pendingDeletion(db, { chatId: 3, messageIds: [9], age: '47h30m' });
  await db.query(`
    update pending_deletions set next_attempt_at = now() + interval '1 hour';
    update pending_deletions set messages_deleted_at = now() where chat_id = 2;
    update pending_deletions set failed_at = now() where chat_id = 3`);
  await scene.pass(['delete-due']);
  expect(metricsOf('delete-due').get('telesweep_near_deadline_items{sweep_job="delete-due"}')).toBe(5);
  expect(metricsOf('delete-due').get('telesweep_backlog_items{sweep_job="delete-due"}')).toBe(4);

  const ledger = [1, 2, 3].map((n) => ({ chatId: n, messageId: n }));
  await broadcast(db, { age: '46h59m', messages: ledger });
  await broadcast(db, { age: '47h59m', messages: ledger });
  await broadcast(db, { age: '47h59m', messages: ledger, dueFor: '-1m' });
  await db.query(`
    update broadcast_messages set next_attempt_at = now() + interval '1 hour';
    update broadcast_messages set failed_at = now() where chat_id = 3`);
  await scene.pass(['delete-broadcasts']);
  expect(metricsOf('delete-broadcasts').get('telesweep_near_deadline_items{sweep_job="delete-broadcasts"}')).toBe(2);
});

test('a pass that never reached the database leaves the last success, the backlog and the rest alone', async () => {
  const before = metricsOf('delete-due');
  const heard = scene.monitors?.pushes.length ?? 0;
  const { code } = await scene.pass(['delete-due'], {
    DATABASE_URL: `postgres://u:word@127.0.0.1:${await closedPort()}/db`,
  });
  expect(code).toBe(69);
  const after = metricsOf('delete-due');
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  const changed = [...after].filter(([key, value]) => before.get(key) !== value).map(([key]) => key);
  expect(changed).toEqual([
    'telesweep_last_completion_timestamp_seconds{sweep_job="delete-due"}',
    'telesweep_last_duration_seconds{sweep_job="delete-due"}',
    'telesweep_last_exit_code{sweep_job="delete-due"}',
  ]);

  // A POST leaves what it does not name.
  const pushed = scene.monitors?.pushes.slice(heard) ?? [];
  expect(pushed.map(({ path }) => path)).toEqual(['/metrics/job/telesweep/sweep_job/delete-due']);
  const names = [...readExposition(pushed[0]?.body ?? '').keys()].map((key) => key.replace(/\{.*/, ''));
  expect(names).toContain('telesweep_last_exit_code');
  for (const kept of ['last_success_timestamp_seconds', 'backlog_items', 'near_deadline_items']) {
    expect(names).not.toContain(`telesweep_${kept}`);
  }
});
