/** PostgreSQL crashes when a claim is just committed, in a role that does not wait for the disk. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newChannels, postTo } from '../support/guides.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { guide, pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let server: PostgresServer;
let scene: Scene;

beforeAll(async () => {
  server = await startPostgres();
  scene = await createScene({}, {}, { server });
  await scene.db.query(`alter database ${scene.db.name} set synchronous_commit = off`);
  // What is not waited for then reaches the disk ten seconds later.
  await scene.db.query(`alter system set wal_writer_delay = '10s'`);
  await scene.db.query('select pg_reload_conf()');
  await scene.db.query('create table not_waited_for ()');
});
afterAll(async () => {
  await scene.close();
  await server.dispose();
});

test.each([
  { job: 'delete-due', chat: '9001' },
  { job: 'post-guide', chat: null },
])('$job: what may have arrived is known as uncertain, and not sent again', async ({ job, chat }) => {
  const [name = ''] = chat === null ? newChannels(scene, 1) : [chat];
  const env = chat === null ? postTo([name]) : {};
  if (chat === null) await guide(scene.db, { id: 'durable' });
  else {
    scene.api.addMessages(chat, [1]);
    await pendingDeletion(scene.db, { chatId: chat, messageIds: [1] });
  }
  await scene.db.query('checkpoint');
  // A commit that was not waited for, as late as the claim's: it tells whether the crash lost anything at all.
  let crashed = false;
  scene.api.onCall = async ({ method }) => {
    if (method !== 'sendMessage' || crashed) return;
    crashed = true;
    await scene.db.query('set synchronous_commit = off; insert into not_waited_for default values');
    await server.kill();
  };
  const first = await scene.start([job], env).done;
  expect(crashed).toBe(true);
  expect(first.code).not.toBe(0);
  await server.restart();
  expect(await scene.db.query('select from not_waited_for')).toEqual([]);

  await scene.db.query("update telesweep.leases set expires_at = now() - interval '1 second'");
  const second = await scene.pass([job], env);
  const uncertain = chat === null ? second.summary.counts.uncertain : second.summary.counts.notices_uncertain;
  expect(uncertain).toBe(1);
  await scene.pass([job], env);
  expect(scene.api.sent(name)).toHaveLength(1);
});
