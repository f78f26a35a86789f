import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { botToken } from '../support/bot-api.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let server: PostgresServer;
let scene: Scene;

beforeAll(async () => {
  server = await startPostgres();
  scene = await createScene({}, {}, { server, monitors: true });
});
afterAll(async () => {
  await scene.close();
  await server.dispose();
});

let chat = 40_000;
beforeEach(async () => {
  chat += 100;
  scene.api.onCall = undefined;
  scene.api.onDone = undefined;
  await scene.db.query('truncate pending_deletions, telesweep.runs, telesweep.budgets, telesweep.leases');
});

async function records(n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    scene.api.addMessages(chat + i, [1, 2]);
    await pendingDeletion(scene.db, { chatId: chat + i, messageIds: [1, 2], uniqueId: `file_${chat + i}` });
  }
}

const sentInThisTest = () => scene.api.sent().filter(({ chatId }) => Number(chatId) >= chat);

/** How PostgreSQL goes away: with a goodbye, without one, and so that its answers to statements under way are lost. */
const ends = {
  'stopped by its operator': () => server.stop('fast'),
  crashed: () => server.stop('immediate'),
  killed: () => server.kill(),
};

describe.each(Object.keys(ends) as (keyof typeof ends)[])('PostgreSQL %s in the middle', (end) => {
  // Before the sends, among them when they arrived, and when they were done.
  test.each([
    ['deleteMessages', 'onCall', 4],
    ['sendMessage', 'onCall', 3],
    ['sendMessage', 'onDone', 5],
  ] as const)('at %s, %s number %i: exit 69; once it is back all is done and no notice comes twice', async (method, hook, nth) => {
    await records(8);
    let seen = 0;
    scene.api[hook] = async (call) => {
      if (call.method === method && ++seen === nth) await ends[end]();
    };
    // The calls come one after another, so that some are still to be made when the database goes.
    const { code, signal, stdout, stderr, summary } = await scene.run(['delete-due'], { TELEGRAM_RATE: '40' });
    scene.api[hook] = undefined;
    await server.restart();
    expect(seen).toBeGreaterThanOrEqual(nth);
    expect({ code, signal }, stderr).toEqual({ code: 69, signal: null });
    expect(summary).toMatchObject({ outcome: 'failed', stop_reason: 'error' });
    expect(summary?.error).toMatch(/^the database stopped answering: /);
    expect(stderr).toContain('❌ Error during delete-due');
    for (const secret of [server.password, encodeURIComponent(server.password), botToken.split(':')[1] ?? '']) {
      expect(`${stdout}${stderr}`).not.toContain(secret);
    }
    expect(scene.monitors?.pings.at(-1)?.path).toMatch(/^\/ping\/delete-due\/69\?/);

    await scene.db.query("update telesweep.leases set expires_at = now() - interval '1 second'");
    const [intents] = await scene.db.query<{ open: number }>(
      'select count(notice_started_at)::int as open from pending_deletions',
    );
    const next = await scene.pass(['delete-due']);
    expect(next.code, next.stderr).toBe(0);
    expect(next.summary).toMatchObject({ outcome: 'ok', left: { due: 0 } });
    expect(await scene.db.query('select id from pending_deletions')).toEqual([]);

    const uncertain = (summary?.counts.notices_uncertain ?? 0) + (next.summary.counts.notices_uncertain ?? 0);
    expect(uncertain).toBeLessThanOrEqual((intents?.open ?? 0) + (summary?.counts.notices_uncertain ?? 0));
    const chats = sentInThisTest().map(({ chatId }) => chatId);
    expect(new Set(chats).size).toBe(chats.length);
    expect(chats.length).toBeGreaterThanOrEqual(8 - uncertain);
    for (let i = 0; i < 8; i++) expect(scene.api.messageIds(chat + i).filter((id) => id <= 2)).toEqual([]);
  });
});

test('a session that an operator ends: exit 69, and the next pass goes on', async () => {
  await records(3);
  let ended = false;
  scene.api.onCall = async () => {
    if (ended) return;
    ended = true;
    await scene.db.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'telesweep' and datname = current_database()",
    );
  };
  const { code, summary } = await scene.pass(['delete-due']);
  expect(code).toBe(69);
  expect(summary.error).toMatch(/^the database stopped answering: /);
  await scene.db.query("update telesweep.leases set expires_at = now() - interval '1 second'");
  const next = await scene.pass(['delete-due']);
  expect(next.summary).toMatchObject({ outcome: 'ok', left: { due: 0 } });
  expect(sentInThisTest()).toHaveLength(3);
});
