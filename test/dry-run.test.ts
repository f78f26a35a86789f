import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { broadcast, pendingDeletion } from './support/rows.ts';
import { createScene, type Env, type Scene } from './support/scene.ts';
import { dumpDatabase } from './support/secrets.ts';
import { startStatementProxy } from './support/statement-proxy.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await createScene({}, {}, { monitors: true });
});
afterAll(() => scene.close());

let chat = 70_000;
beforeEach(async () => {
  chat += 1_000;
  await scene.db.query('truncate pending_deletions, telesweep.runs, telesweep.budgets, telesweep.leases');
  // Known, so that the real pass has no need to ask.
  await scene.db.query("insert into telesweep.bots values ('123456789', 'sweep_test_bot') on conflict do nothing");
});

async function record(chatId: number, ids: number[], more: { age?: string; dueFor?: string } = {}): Promise<string> {
  const standing = ids.filter((id) => id > 0 && id < 2 ** 31);
  scene.api.addMessages(chatId, standing, { ageMs: more.age === undefined ? 3_600_000 : 49 * 3_600_000 });
  return pendingDeletion(scene.db, { chatId, messageIds: ids, uniqueId: `file_${chatId}`, ...more });
}

/** Records of every fate that can be told before a call is made. Each chat gets one notice at most, so none waits. */
async function layOut(): Promise<void> {
  await record(chat + 1, [1, 2, 3]);
  await record(chat + 2, [7]);
  await record(
    chat + 3,
    Array.from({ length: 250 }, (_, n) => n + 1),
  );
  // Two in one chat, one of which fails for its bad ids when the others are deleted.
  await record(chat + 4, [1, 2, 2, 3]);
  await record(chat + 4, [4, 5, 0, -6]);
  await record(chat + 5, [1, 2], { age: '49h' });
  await record(chat + 6, [0, -1]);
  await record(chat + 7, [1, 2], { dueFor: '-5m' });
  const uncertain = await record(chat + 8, [1, 2]);
  await scene.db.query('update pending_deletions set notice_started_at = now() where id = $1', [uncertain]);
  const waiting = await record(chat + 9, [1]);
  await scene.db.query(
    "update pending_deletions set attempts = 1, next_attempt_at = now() + interval '5 min' where id = $1",
    [waiting],
  );
  const failed = await record(chat + 10, [1]);
  await scene.db.query("update pending_deletions set failed_at = now(), failure = 'refused' where id = $1", [failed]);
  const half = await record(chat + 11, [1, 2]);
  await scene.db.query('update pending_deletions set messages_deleted_at = now() where id = $1', [half]);
}

describe('what a dry run tells', () => {
  test.each<[string, readonly string[], Env]>([
    ['NOTICE=send', [], {}],
    ['NOTICE=edit', [], { NOTICE: 'edit' }],
    ['NOTICE=none', [], { NOTICE: 'none' }],
    ['--limit 3', ['--limit', '3'], {}],
  ])('%s: it changes nothing, makes no call, and tells what the real pass then does', async (_what, flags, env) => {
    await layOut();
    const before = await dumpDatabase(scene.db);
    const calls = scene.api.callCount;
    const dry = await scene.pass(['delete-due', '--dry-run', '--json', ...flags], env);
    expect(await dumpDatabase(scene.db)).toEqual(before);
    expect(scene.api.callCount).toBe(calls);
    expect(dry.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(dry.summary).toMatchObject({ dry_run: true, telegram: { calls: 0, rate_limited: 0 } });

    const real = await scene.pass(['delete-due', ...flags], env);
    expect(real.summary.dry_run).toBe(false);
    expect([dry.code, dry.summary.outcome]).toEqual([real.code, real.summary.outcome]);
    expect(dry.code).toBe(1);
    expect(dry.summary.counts).toEqual(real.summary.counts);
    expect(dry.summary.counts.records).toBeGreaterThan(0);
    expect(dry.summary.estimate?.calls).toBe(real.summary.telegram.calls);
    expect(real.summary).not.toHaveProperty('estimate');
    // What is due before a pass, and what it settles or gives up, give what is left.
    expect(dry.summary.left.due).toBeGreaterThan(real.summary.left.due);
  });

  test('its seconds are the calls at the rate of the budget', async () => {
    await layOut();
    const { summary } = await scene.pass(['delete-due', '--dry-run', '--json'], { TELEGRAM_RATE: '2' });
    const { calls, seconds } = summary.estimate ?? { calls: 0, seconds: 0 };
    expect(calls).toBeGreaterThan(6);
    expect(seconds).toBe(Math.ceil(calls / 2));
  });

  test('nothing due: it says so', async () => {
    await record(chat + 1, [1], { dueFor: '-1h' });
    const { code, stdout, summary } = await scene.pass(['delete-due', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('nothing is due');
    expect(summary).toMatchObject({ counts: { records: 0 }, estimate: { calls: 0, seconds: 0 } });
  });

  test('for a person: a short table with a sample, in 80 columns, and the calls it would cost', async () => {
    await layOut();
    const { code, stdout } = await scene.run(['delete-due', '--dry-run']);
    // Some are past 48 hours.
    expect(code).toBe(1);
    expect(stdout).toMatch(/3 items would fail: exit code 1\n/);
    expect(stdout).toMatch(/nothing was changed/);
    expect(stdout).toMatch(/messages deleted +2\d\d\n/);
    expect(stdout).toMatch(/\d+ calls to Telegram, about \d/);
    expect(stdout).toMatch(/record +chat +messages +unique_id +would\n/);
    expect(stdout).toMatch(new RegExp(`${chat + 5} +2 +file_${chat + 5} +fail: too_old`));
    expect(stdout).toMatch(new RegExp(`${chat + 1} +3 +file_${chat + 1} +delete and notice`));
    expect(stdout).not.toContain(`file_${chat + 7}`);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('what would only fail', () => {
  beforeEach(() => scene.db.query('truncate broadcasts, broadcast_messages'));

  test.each([
    ['delete-due', () => record(chat + 1, []), '1 item would fail', 'fail: no_messages'],
    ['delete-broadcasts', () => broadcast(scene.db), '1 item would fail', 'no ledger: would fail'],
  ])('%s says so, and exits as the pass does', async (job, lay, told, row) => {
    // The check that keeps such records away is missing from a table that stood before.
    await scene.db.query('alter table pending_deletions drop constraint if exists pending_deletions_message_ids_check');
    await lay();
    const dry = await scene.run([job, '--dry-run']);
    expect(dry.stdout).toContain(told);
    expect(dry.stdout).toContain(row);
    expect(dry.stdout).not.toContain('nothing is due');
    const real = await scene.pass([job]);
    expect([dry.code, dry.summary?.outcome]).toEqual([real.code, real.summary.outcome]);
    expect(real.code).toBe(1);
  });

  test('what waits after a failure is not called nothing', async () => {
    await record(chat + 1, [1]);
    await scene.db.query("update pending_deletions set attempts = 1, next_attempt_at = now() + interval '5 min'");
    const { code, stdout } = await scene.run(['delete-due', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('what is due waits after a failure');
  });

  test('nothing is cut where no terminal is', async () => {
    await broadcast(scene.db, { text: 'x'.repeat(200), messages: [{ chatId: 1, messageId: 1 }] });
    expect((await scene.run(['delete-broadcasts', '--dry-run'])).stdout).toContain('x'.repeat(200));
  });
});

describe('what a dry run leaves alone', () => {
  test('the database itself refuses a change: all runs in one read-only transaction', async () => {
    await layOut();
    const proxy = await startStatementProxy(scene.db.url);
    const statements: string[] = [];
    proxy.onStatement = (_n, { text }) => {
      statements.push(text);
    };
    const { code } = await scene.run(['delete-due', '--dry-run'], { DATABASE_URL: proxy.url });
    await proxy.close();
    expect(code).toBe(1);
    expect(statements[0]).toMatch(/^begin .*read only/);
    expect(statements.at(-1)).toBe('rollback');
    expect(statements.length).toBeGreaterThan(3);
    expect(statements.slice(1, -1).filter((text) => /^\s*(begin|commit|rollback|set|start)\b/i.test(text))).toEqual([]);
  });

  test('a pass that is at work, its lease, and a pause that Telegram asked for', async () => {
    await record(chat + 1, [1, 2]);
    await scene.db.query(
      `insert into telesweep.leases values ('delete-due', 'another', 'elsewhere pid 1', now(), now() + interval '1 minute');
       insert into telesweep.budgets (bot_id, paused_until) values (123456789, now() + interval '1 hour')`,
    );
    const before = await dumpDatabase(scene.db);
    const { code, summary } = await scene.pass(['delete-due', '--dry-run', '--json']);
    expect(code).toBe(0);
    expect(summary).toMatchObject({ outcome: 'ok', counts: { records: 1, messages_deleted: 2, notices_sent: 1 } });
    expect(await dumpDatabase(scene.db)).toEqual(before);
  });

  test('metrics and pings', async () => {
    await record(chat + 1, [1, 2]);
    const pings = scene.monitors?.pings.length;
    const pushes = scene.monitors?.pushes.length;
    const metrics = scene.monitors?.metrics('delete-due');
    await scene.run(['delete-due', '--dry-run']);
    expect(scene.monitors?.pings).toHaveLength(pings ?? -1);
    expect(scene.monitors?.pushes).toHaveLength(pushes ?? -1);
    expect(scene.monitors?.metrics('delete-due')).toBe(metrics);
  });

  test('it needs no token', async () => {
    await record(chat + 1, [1, 2]);
    const { code, summary } = await scene.pass(['delete-due', '--dry-run', '--json'], {
      TELEGRAM_BOT_TOKEN: undefined,
    });
    expect(code).toBe(0);
    expect(summary.counts.records).toBe(1);
  });
});
