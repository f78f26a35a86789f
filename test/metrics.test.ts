import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readExposition } from './output/exposition.ts';
import { newChannels, postTo } from './support/guides.ts';
import { broadcast, pendingDeletion, token } from './support/rows.ts';
import { createScene, type Scene } from './support/scene.ts';
import { startStatementProxy } from './support/statement-proxy.ts';
import { closedPort } from './telegram/tiny-servers.ts';

const bot = 'bot="123456789",';

let scene: Scene;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'telesweep-metrics-command-'));
  scene = await createScene({}, {}, { monitors: true });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await scene.close();
});
beforeEach(async () => {
  scene.api.clearFaults();
  await scene.db.query(`truncate pending_deletions, broadcasts, broadcast_messages, tokens, telesweep.totals,
    telesweep.runs, telesweep.leases, telesweep.budgets`);
});

const metricsOf = (job: string): Map<string, number> => readExposition(scene.monitors?.metrics(job) ?? '');

/** The samples of a job whose names begin so, by what follows the labels that all have; of totals those that are not 0. */
function told(samples: Map<string, number>, name: string, job = 'delete-due'): Record<string, number> {
  const start = `telesweep_${name}{sweep_job="${job}",${job === 'cleanup-tokens' ? '' : bot}schema="public"`;
  return Object.fromEntries(
    [...samples].flatMap(([key, value]) =>
      key.startsWith(start) && (value > 0 || !name.endsWith('_total'))
        ? [[key.slice(start.length).replace(/^,|}$/g, ''), value]]
        : [],
    ),
  );
}

async function printed(): Promise<Map<string, number>> {
  const { code, stdout, stderr } = await scene.run(['metrics']);
  expect([code, stderr]).toEqual([0, '']);
  return readExposition(stdout);
}

/** A record of one message each, so long after its time. */
async function late(chat: number, dueFor: string): Promise<void> {
  scene.api.addMessages(chat, [1]);
  await pendingDeletion(scene.db, { chatId: chat, messageIds: [1], dueFor });
}

describe('totals', () => {
  test('add up over passes, whatever becomes of text files and runs', async () => {
    await late(1, '30s');
    await late(2, '2h');
    await pendingDeletion(scene.db, { chatId: 3, messageIds: [1, 2], age: '49h' });
    const first = await scene.pass(['delete-due']);
    expect(first.code).toBe(1);
    await scene.db.query('truncate telesweep.runs');
    await late(1, '40s');
    scene.api.fault({ kind: 'retry_after', seconds: 1, method: 'deleteMessage', times: 1 });
    const second = await scene.pass(['delete-due']);
    expect(second.summary.telegram).toEqual({ calls: 3, rate_limited: 1 });
    await scene.pass(['delete-due']);

    const samples = metricsOf('delete-due');
    expect(told(samples, 'items_total')).toEqual({
      'result="messages_deleted"': 3,
      'result="messages_failed"': 2,
      'result="notices_sent"': 3,
      'result="records"': 3,
    });
    expect(told(samples, 'failed_items_total')).toEqual({ 'reason="too_old"': 1 });
    expect(told(samples, 'api_calls_total')).toEqual({ '': first.summary.telegram.calls + 3 });
    expect(told(samples, 'rate_limited_total')).toEqual({ '': 1 });
    expect(told(samples, 'passes_total')).toEqual({
      'outcome="ok",exit_code="0"': 2,
      'outcome="partial",exit_code="1"': 1,
    });
    const buckets = told(samples, 'lateness_seconds_bucket');
    expect([15, 60, 3600, 21_600, '+Inf'].map((le) => buckets[`le="${le}"`])).toEqual([0, 2, 2, 3, 3]);
    const sum = told(samples, 'lateness_seconds_sum')[''] ?? 0;
    expect(sum).toBeGreaterThanOrEqual(7270);
    expect(sum).toBeLessThan(7400);
    // What the file says, the command says.
    const whole = await printed();
    for (const [key, value] of samples) expect([key, whole.get(key)]).toEqual([key, value]);
  });

  test('count a record once, when its messages go, and each message of a broadcast', async () => {
    scene.api.addMessages(11, [1, 2]);
    await pendingDeletion(scene.db, { chatId: 11, messageIds: [1, 2], dueFor: '3s' });
    scene.api.fault({ kind: '5xx_before', method: 'deleteMessages', times: 1 });
    await scene.pass(['delete-due']);
    expect(told(metricsOf('delete-due'), 'lateness_seconds_count')).toEqual({});
    await scene.db.query('update pending_deletions set next_attempt_at = null');
    await scene.pass(['delete-due']);
    expect(told(metricsOf('delete-due'), 'lateness_seconds_count')).toEqual({ '': 1 });

    // Edited into the notice, the last message of a record, and the only one.
    scene.api.addMessages(12, [1, 2]);
    await pendingDeletion(scene.db, { chatId: 12, messageIds: [1, 2] });
    await late(13, '60s');
    const edited = await scene.pass(['delete-due'], { NOTICE: 'edit' });
    expect(edited.summary.counts).toMatchObject({ records: 2, messages_deleted: 1, notices_sent: 2 });
    expect(told(metricsOf('delete-due'), 'lateness_seconds_count')).toEqual({ '': 3 });

    for (const chat of [21, 22]) scene.api.addMessages(chat, [1]);
    const messages = [21, 22, 23].map((chatId) => ({ chatId, messageId: 1 }));
    await broadcast(scene.db, { messages, dueFor: '5m' });
    await broadcast(scene.db, {});
    await scene.pass(['delete-broadcasts']);
    const samples = metricsOf('delete-broadcasts');
    const buckets = told(samples, 'lateness_seconds_bucket', 'delete-broadcasts');
    expect([buckets['le="300"'], buckets['le="900"']]).toEqual([0, 2]);
    expect(told(samples, 'failed_items_total', 'delete-broadcasts')).toEqual({ 'reason="no_ledger"': 1 });
  });

  test('of a job without a bot name none, and a pass that finds the job held is counted, no more', async () => {
    await token(scene.db);
    await scene.pass(['cleanup-tokens']);
    const before = metricsOf('cleanup-tokens');
    expect(told(before, 'items_total', 'cleanup-tokens')).toEqual({ 'result="deleted"': 1 });
    await scene.db.query(`insert into telesweep.leases (job, run_id, holder, expires_at)
      values ('cleanup-tokens', 'other', 'web-1', now() + interval '30 s')`);
    const pushes = scene.monitors?.pushes.length;
    expect((await scene.pass(['cleanup-tokens'])).summary.outcome).toBe('skipped');
    expect(metricsOf('cleanup-tokens')).toEqual(before);
    expect(scene.monitors?.pushes.length).toBe(pushes);
    const after = await printed();
    expect(told(after, 'passes_total', 'cleanup-tokens')).toEqual({
      'outcome="ok",exit_code="0"': 1,
      'outcome="skipped",exit_code="0"': 1,
    });
    for (const name of ['last_completion_timestamp_seconds', 'last_success_timestamp_seconds', 'last_exit_code']) {
      expect(told(after, name, 'cleanup-tokens')).toEqual(told(before, name, 'cleanup-tokens'));
    }
  });

  test('guides are counted by what became of them', async () => {
    const channels = newChannels(scene, 2);
    const description = 'Bad Request: not enough rights';
    scene.api.fault({ kind: 'error', code: 400, description, method: 'sendMessage', times: 1 });
    await scene.pass(['post-guide'], postTo(channels));
    await scene.pass(['post-guide'], postTo(channels));
    await scene.pass(['post-guide'], postTo(channels));
    const samples = metricsOf('post-guide');
    const posts = [...samples].filter(([key]) => key.startsWith('guides_posts_total'));
    expect(posts.map(([key, value]) => [/status="(\w+)"/.exec(key)?.[1], value])).toEqual([
      ['posted', 2],
      ['failed', 1],
      ['uncertain', 0],
    ]);
    // An idle pass tells of the slot in its summary, and adds nothing.
    expect(told(samples, 'items_total', 'post-guide')).toEqual({
      'result="already_posted"': 1,
      'result="failed"': 1,
      'result="posted"': 2,
    });
    expect(told(samples, 'failed_items_total', 'post-guide')).toEqual({ 'reason="failed"': 1 });
  });

  test('cost an idle pass no statement, and one row', async () => {
    const proxy = await startStatementProxy(scene.db.url);
    let statements = 0;
    proxy.onStatement = () => {
      statements++;
    };
    const env = { DATABASE_URL: proxy.url, METRICS_TEXTFILE_DIR: undefined, PUSHGATEWAY_URL: undefined };
    await scene.pass(['delete-due'], env);
    expect(statements).toBe(2);
    await proxy.close();
    const rows = await scene.db.query('select schema_name, bot_id, job, name, label, value from telesweep.totals');
    expect(rows).toEqual([
      { schema_name: 'public', bot_id: '123456789', job: 'delete-due', name: 'passes', label: 'ok 0', value: '1' },
    ]);
  });

  test('are asked for before the work: without their table nothing is deleted', async () => {
    await late(31, '1m');
    await scene.db.query('alter table telesweep.totals rename to elsewhere');
    const { code, summary } = await scene.pass(['delete-due']);
    await scene.db.query('alter table telesweep.elsewhere rename to totals');
    expect([code, summary.error]).toEqual([78, expect.stringMatching(/not migrated .*telesweep migrate/)]);
    expect(scene.api.messageIds(31)).toEqual([1]);
  });
});

describe('gauges', () => {
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
    expect(told(metricsOf('delete-due'), 'near_deadline_items')).toEqual({ '': 5 });
    expect(told(metricsOf('delete-due'), 'backlog_items')).toEqual({ '': 4 });

    const ledger = [1, 2, 3].map((n) => ({ chatId: n, messageId: n }));
    await broadcast(db, { age: '46h59m', messages: ledger });
    await broadcast(db, { age: '47h59m', messages: ledger });
    await broadcast(db, { age: '47h59m', messages: ledger, dueFor: '-1m' });
    await db.query(`
      update broadcast_messages set next_attempt_at = now() + interval '1 hour';
      update broadcast_messages set failed_at = now() where chat_id = 3`);
    await scene.pass(['delete-broadcasts']);
    const near = told(metricsOf('delete-broadcasts'), 'near_deadline_items', 'delete-broadcasts');
    expect(near).toEqual({ '': 2 });
  });

  test('a failed pass leaves the last success alone, and tells its exit code', async () => {
    await scene.pass(['delete-due']);
    const success = told(metricsOf('delete-due'), 'last_success_timestamp_seconds')[''];
    await late(41, '1m');
    scene.api.fault({ kind: 'error', code: 401, description: 'Unauthorized', times: 99 });
    await scene.pass(['delete-due']);
    const samples = metricsOf('delete-due');
    expect(told(samples, 'last_success_timestamp_seconds')[''] ?? 0).toBe(success);
    expect(told(samples, 'last_completion_timestamp_seconds')['']).toBeGreaterThan(success ?? 0);
    expect(told(samples, 'last_exit_code')).toEqual({ '': 77 });
    expect(told(samples, 'backlog_items')).toEqual({ '': 1 });
  });

  test('a pause is told while it lasts', async () => {
    await scene.db.query(`insert into telesweep.budgets (bot_id, paused_until)
      values (123456789, now() + interval '1 day'), (5, now() + interval '2 days')`);
    await scene.pass(['delete-due']);
    const at = told(metricsOf('delete-due'), 'budget_paused_until_timestamp_seconds')[''] ?? 0;
    expect(Math.abs(at - Date.now() / 1000 - 86_400)).toBeLessThan(60);
    await scene.db.query(`update telesweep.budgets set paused_until = now() - interval '1 second'`);
    await scene.pass(['delete-due']);
    expect(told(metricsOf('delete-due'), 'budget_paused_until_timestamp_seconds')).toEqual({ '': 0 });
  });

  test('a pass that never reached the database says so beside what is known', async () => {
    await scene.pass(['delete-due']);
    const before = metricsOf('delete-due');
    const heard = scene.monitors?.pushes.length ?? 0;
    const { code } = await scene.pass(['delete-due'], {
      DATABASE_URL: `postgres://u:word@127.0.0.1:${await closedPort()}/db`,
    });
    expect(code).toBe(69);
    expect(metricsOf('delete-due')).toEqual(before);
    const key = 'telesweep_unrecorded_timestamp_seconds{sweep_job="delete-due"}';
    const at = metricsOf('delete-due_unrecorded').get(key) ?? 0;
    expect(Math.abs(at - Date.now() / 1000)).toBeLessThan(60);
    expect(at).toBeGreaterThan(told(before, 'last_completion_timestamp_seconds')[''] ?? 0);
    // A POST leaves what it does not name.
    const pushed = scene.monitors?.pushes.slice(heard) ?? [];
    expect(pushed.map(({ path }) => path)).toEqual(['/metrics/job/telesweep/sweep_job/delete-due']);
    expect([...readExposition(pushed[0]?.body ?? '').keys()]).toEqual([key]);
  });
});

describe('telesweep metrics', () => {
  test('prints every job, used or not, with its health', async () => {
    await scene.pass(['delete-due']);
    const samples = await printed();
    // A counter that began with its first event would have no increase.
    const zero = `telesweep_items_total{sweep_job="delete-due",${bot}schema="public",result="messages_deleted"}`;
    expect(samples.get(zero)).toBe(0);
    expect(Object.keys(told(samples, 'backlog_items', 'cleanup-tokens'))).toEqual(['']);
    expect(told(samples, 'last_completion_timestamp_seconds', 'cleanup-tokens')).toEqual({});
    const verdicts = [...samples].filter(([key]) => key.startsWith('telesweep_health{sweep_job="delete-due"'));
    expect(verdicts).toHaveLength(7);
    expect(verdicts.reduce((sum, [, value]) => sum + value, 0)).toBe(1);
  });

  test('--output FILE holds what is printed, with nothing on stdout', async () => {
    const file = join(folder, 'all.prom');
    const { code, stdout, stderr } = await scene.run(['metrics', '--output', file]);
    expect([code, stdout, stderr]).toEqual([0, '', '']);
    const written = readExposition(readFileSync(file, 'utf8'));
    expect([...written.keys()]).toEqual([...(await printed()).keys()]);
    const refused = await scene.run(['metrics', '--output', join(folder, 'no/such/all.prom')]);
    expect([refused.code, refused.stderr]).toEqual([
      64,
      `telesweep metrics: --output: cannot write ${join(folder, 'no/such/all.prom')}: ENOENT\n`,
    ]);
  });

  test('--output alone writes the files of the passes and one of health, and no two tell the same', async () => {
    await scene.pass(['delete-due']);
    const dir = scene.env.METRICS_TEXTFILE_DIR ?? '';
    expect(await scene.run(['metrics', '--output'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const files = readdirSync(dir).filter((name) => !name.includes('unrecorded'));
    const keys = files.flatMap((name) => [...readExposition(readFileSync(join(dir, name), 'utf8')).keys()]);
    expect(files).toContain('telesweep_health.prom');
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.toSorted()).toEqual([...(await printed()).keys()].toSorted());
    const without = await scene.run(['metrics', '--output'], { METRICS_TEXTFILE_DIR: undefined });
    expect([without.code, without.stderr]).toEqual([78, expect.stringMatching(/METRICS_TEXTFILE_DIR: is missing/)]);
  });
});
