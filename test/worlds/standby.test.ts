/** A hot standby, which takes connections and no change. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobs } from '../../src/jobs/index.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { guide, pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let server: PostgresServer;
let scene: Scene;
beforeAll(async () => {
  server = await startPostgres();
  scene = await createScene({}, { GUIDE_CHAT_IDS: '-100' }, { server });
  scene.api.addMessages(11, [1]);
  scene.api.addChat({ id: -100, type: 'channel' });
  await pendingDeletion(scene.db, { chatId: 11, messageIds: [1] });
  await guide(scene.db);
  await server.stop();
  writeFileSync(join(server.folder, 'data', 'standby.signal'), '');
  await server.restart();
});
afterAll(async () => {
  await scene?.close().catch(() => {});
  await server?.dispose();
});

test('every job ends with 69 and calls it a standby before any call', async () => {
  expect(await scene.db.query('select pg_is_in_recovery() as standby')).toEqual([{ standby: true }]);
  const passes = await Promise.all(jobs.map(async ({ name }) => ({ name, ...(await scene.run([name])) })));
  for (const { name, code, stderr } of passes) {
    expect({ name, code }, stderr).toEqual({ name, code: 69 });
    expect(stderr).toMatch(/standby/);
  }
  for (const args of [['migrate'], ['migrate', '--down']]) {
    const { code, stderr } = await scene.run(args);
    expect(code, stderr).toBe(69);
    expect(stderr).toMatch(/standby/);
  }
  expect(scene.api.callCount).toBe(0);
});

test('what only reads is answered, and doctor names the primary as the way out', async () => {
  const asked = [
    ['delete-due', '--dry-run'],
    ['migrate', '--dry-run'],
    ['failed', 'list'],
    ['guides', 'list'],
    ['status'],
    ['stats'],
  ];
  const answers = await Promise.all(asked.map(async (args) => ({ args, ...(await scene.run(args)) })));
  for (const { args, code, stderr } of answers) expect([0, 1], `${args.join(' ')}: ${stderr}`).toContain(code);
  const { code, stdout } = await scene.run(['doctor']);
  expect(code).toBe(1);
  expect(stdout).toMatch(/it is a standby.*\n.*primary/);
});
