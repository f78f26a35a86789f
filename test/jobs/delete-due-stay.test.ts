/** `delete-due --stay`: a pass that works on what becomes due. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';
import { startStatementProxy } from '../support/statement-proxy.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await createScene({}, {}, { monitors: true });
});
afterAll(() => scene.close());

let chat = 30_000;
beforeEach(async () => {
  chat += 100;
  scene.api.clearFaults();
  scene.api.onDone = undefined;
  await scene.db.query('truncate pending_deletions, telesweep.runs, telesweep.budgets, telesweep.leases');
});

function due(n: number, dueFor: string): Promise<string> {
  scene.api.addMessages(chat + n, [1, 2]);
  return pendingDeletion(scene.db, { chatId: chat + n, messageIds: [1, 2], dueFor });
}

const callsTo = (chatId: number) => scene.api.calls.filter((call) => call.chatId === String(chatId));

test('what becomes due is deleted and told of in its time, and the summary tells of it all', async () => {
  await due(1, '-1200ms');
  await due(2, '5m');
  await due(3, '-5m');
  const startedAt = Date.now();
  const { code, summary } = await scene.pass(['delete-due', '--stay', '2500ms']);
  expect(code).toBe(0);
  expect(summary).toMatchObject({
    outcome: 'ok',
    stop_reason: 'done',
    counts: { records: 2, messages_deleted: 4, notices_sent: 2 },
    left: { due: 0 },
  });
  expect(summary.duration_ms).toBeGreaterThan(2_400);
  const [first] = callsTo(chat + 1);
  expect(first?.at).toBeGreaterThan(startedAt + 1_000);
  expect(callsTo(chat + 1).map(({ method }) => method)).toEqual(['deleteMessages', 'sendMessage']);
  expect(callsTo(chat + 3)).toEqual([]);
});

test('what a bot writes while it stays is found', async () => {
  await due(1, '5m');
  let written = false;
  scene.api.onDone = async (call) => {
    if (written || call.method !== 'sendMessage') return;
    written = true;
    await due(2, '1s');
  };
  const { summary } = await scene.pass(['delete-due', '--stay', '7s']);
  expect(summary.counts).toMatchObject({ records: 2, notices_sent: 2, notices_uncertain: 0 });
});

test('with nothing due it asks at most once in five seconds, keeps the lease, and loads nothing of Telegram', async () => {
  const proxy = await startStatementProxy(scene.db.url);
  const texts: string[] = [];
  proxy.onStatement = (_, { text }) => texts.push(text);
  const { summary } = await scene.pass(['delete-due', '--stay', '4s'], { DATABASE_URL: proxy.url });
  await proxy.close();
  expect(summary).toMatchObject({ outcome: 'ok', stop_reason: 'done', telegram: { calls: 0 } });
  // The question, between the opening and what is read for the summary and the metrics.
  expect(texts.filter((text) => text.startsWith('\n    with lease as'))).toHaveLength(1);
  expect(texts.length).toBeLessThanOrEqual(7);
});

test('the pass of the next minute takes over when this one ends, and leaves where it does not', async () => {
  const first = scene.start(['delete-due', '--stay', '3s', '--json']);
  await expect.poll(() => scene.db.query('select from telesweep.leases')).toHaveLength(1);
  const second = scene.start(['delete-due', '--stay', '4s', '--json']);
  await due(1, '-3500ms');
  const [one, two] = await Promise.all([first.done, second.done]);
  expect([one.code, two.code]).toEqual([0, 0]);
  expect([one, two].map(({ stdout }) => JSON.parse(stdout).stop_reason)).toEqual(['done', 'done']);
  expect(scene.api.sent(chat + 1)).toHaveLength(1);
  await scene.db.query(
    "insert into telesweep.leases values ('delete-due', 'another', 'elsewhere pid 1', now(), now() + interval '1 minute')",
  );
  const third = await scene.pass(['delete-due', '--stay', '3s']);
  expect(third).toMatchObject({ code: 0, summary: { outcome: 'skipped', stop_reason: 'busy' } });
});

test('what becomes due within seconds of its end is waited for: a pass a minute leaves no gap', async () => {
  await due(1, '-3s');
  const { summary } = await scene.pass(['delete-due', '--stay', '1s']);
  expect(summary.counts).toMatchObject({ records: 1, notices_sent: 1 });
  await due(2, '-20s');
  expect((await scene.pass(['delete-due', '--stay', '1s'])).summary.duration_ms).toBeLessThan(10_000);
});

test('a signal and --max-runtime end it', async () => {
  const first = scene.start(['delete-due', '--stay', '60s', '--json']);
  await expect.poll(() => scene.db.query('select from telesweep.leases')).toHaveLength(1);
  first.child.kill('SIGTERM');
  const { code, stdout } = await first.done;
  expect(code).toBe(75);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'interrupted', stop_reason: 'signal' });
  expect(await scene.db.query('select from telesweep.leases')).toEqual([]);
  const limited = await scene.pass(['delete-due', '--stay', '60s', '--max-runtime', '1s']);
  expect(limited).toMatchObject({ code: 0, summary: { stop_reason: 'done' } });
  expect(limited.summary.duration_ms).toBeLessThan(5_000);
});

test('a dry run does not stay', async () => {
  const { summary } = await scene.pass(['delete-due', '--stay', '60s', '--dry-run']);
  expect(summary.duration_ms).toBeLessThan(5_000);
});

test.each(['0s', 'x', '-5s'])('--stay %s is wrong usage', async (stay) => {
  expect(await scene.run(['delete-due', '--stay', stay])).toMatchObject({ code: 64 });
});
