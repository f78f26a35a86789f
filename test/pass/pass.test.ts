import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Summary } from '../../src/process/summary.ts';
import { deadUrl } from '../output/http-server.ts';
import { pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';
import { startStatementProxy } from '../support/statement-proxy.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await createScene({}, {}, { monitors: true });
});
afterAll(() => scene.close());

let chat = 80_000;
beforeEach(async () => {
  chat += 100;
  scene.api.clearFaults();
  await scene.db.query(
    'truncate pending_deletions, telesweep.runs, telesweep.totals, telesweep.budgets, telesweep.leases',
  );
  await scene.db.query("insert into telesweep.bots values ('123456789', 'sweep_test_bot') on conflict do nothing");
});

async function records(n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    scene.api.addMessages(chat + i, [1, 2]);
    await pendingDeletion(scene.db, { chatId: chat + i, messageIds: [1, 2], uniqueId: `file_${chat + i}` });
  }
}

const tooOld = () => pendingDeletion(scene.db, { chatId: chat + 50, messageIds: [1], age: '49h' });

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** What every place must agree on. */
const summaryKeys = ['job', 'run_id', 'outcome', 'stop_reason', 'dry_run', 'started_at', 'counts', 'telegram', 'left'];
const pick = (object: Record<string, unknown> | undefined) =>
  Object.fromEntries(summaryKeys.map((key) => [key, object?.[key]]));

describe('the summary', () => {
  test('stands in the last line of the log, on stdout, in the run record and in the ping, and the metrics agree', async () => {
    await records(3);
    const { code, stdout, stderr } = await scene.pass(['delete-due', '--json']);
    expect(code).toBe(0);
    const summary: Summary & Record<string, unknown> = JSON.parse(stdout);
    expect(stdout.trimEnd()).not.toContain('\n');
    expect(Object.keys(summary).sort()).toEqual([...summaryKeys, 'duration_ms'].sort());
    expect(summary).toMatchObject({
      job: 'delete-due',
      outcome: 'ok',
      stop_reason: 'done',
      dry_run: false,
      counts: {
        records: 3,
        messages_deleted: 6,
        messages_gone: 0,
        messages_failed: 0,
        chats_unreachable: 0,
        notices_sent: 3,
        notices_uncertain: 0,
        deferred: 0,
      },
      telegram: { calls: 6, rate_limited: 0 },
      left: { due: 0, oldest_due_seconds: 0 },
    });
    expect(Object.keys(summary.counts)).toHaveLength(8);
    expect(summary.duration_ms).toBeGreaterThan(0);

    const last = lines(stderr).at(-1);
    expect(pick(last)).toEqual(pick(summary));
    expect(last).toMatchObject({
      level: 'info',
      msg: '✅ Deleted 6 messages, 0 failed',
      duration_ms: summary.duration_ms,
    });

    const runs = await scene.db.query<{ summary: Record<string, unknown> }>(
      `select *, finished_at >= started_at as ordered, started_at = (summary->>'started_at')::timestamptz as same_start
       from telesweep.runs`,
    );
    expect(runs).toMatchObject([
      { run_id: summary.run_id, job: 'delete-due', outcome: 'ok', ordered: true, same_start: true },
    ]);
    expect(pick(runs[0]?.summary)).toEqual(pick(summary));

    const [start, end] = scene.monitors?.pings.slice(-2) ?? [];
    expect(start?.path).toBe(`/ping/delete-due/start?rid=${summary.run_id}`);
    expect(end?.path).toBe(`/ping/delete-due/0?rid=${summary.run_id}`);
    expect(JSON.parse(end?.body ?? '')).toEqual(summary);

    for (const metrics of [scene.monitors?.metrics('delete-due'), scene.monitors?.pushes.at(-1)?.body]) {
      expect(metrics).toMatch(/telesweep_items_total\{.*result="messages_deleted"\} 6\n/);
      expect(metrics).toMatch(/telesweep_last_exit_code\{.*\} 0\n/);
    }
  });

  test('the log is one JSON object a line, with the words and marks that people grep for', async () => {
    await records(1);
    const { stdout, stderr } = await scene.run(['delete-due']);
    expect(stdout).toBe('');
    const messages = lines(stderr).map(({ msg }) => msg);
    expect(messages).toEqual(['🗑️ delete-due started', '✅ Deleted 2 messages, 0 failed']);
  });

  test('what failed is told by the mark, the level, the outcome and the exit code 1', async () => {
    await records(1);
    await tooOld();
    const some = await scene.pass(['delete-due']);
    expect(some).toMatchObject({ code: 1, summary: { outcome: 'partial', stop_reason: 'done' } });
    expect(lines(some.stderr).at(-1)).toMatchObject({ level: 'error', msg: '❌ Deleted 2 messages, 1 failed' });
    await tooOld();
    const all = await scene.pass(['delete-due']);
    expect(all).toMatchObject({ code: 1, summary: { outcome: 'failed', stop_reason: 'done' } });
    expect(await scene.db.query('select outcome from telesweep.runs order by started_at')).toEqual([
      { outcome: 'partial' },
      { outcome: 'failed' },
    ]);
  });

  test('an error that ends the pass is told in every place as well', async () => {
    await records(1);
    scene.api.fault({ kind: 'error', code: 401, description: 'Unauthorized', times: 99 });
    const { code, stdout, stderr } = await scene.run(['delete-due', '--json']);
    expect(code).toBe(77);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ outcome: 'failed', stop_reason: 'error', left: { due: 1 } });
    expect(summary.error).toContain('refuses the token');
    expect(lines(stderr).at(-1)).toMatchObject({ level: 'error', msg: `❌ Error during delete-due: ${summary.error}` });
    expect(await scene.db.query("select outcome, summary->>'error' as error from telesweep.runs")).toEqual([
      { outcome: 'failed', error: summary.error },
    ]);
    expect(scene.monitors?.pings.at(-1)?.path).toContain('/77?');
    expect(scene.monitors?.metrics('delete-due')).toMatch(/telesweep_last_exit_code\{.*\} 77\n/);
  });
});

describe('--quiet', () => {
  test('prints nothing at all when all is well, whether something was due or not', async () => {
    await records(2);
    for (const due of [2, 0]) {
      const { code, stdout, stderr } = await scene.run(['delete-due', '--quiet']);
      expect({ due, code, stdout, stderr }).toEqual({ due, code: 0, stdout: '', stderr: '' });
    }
    expect(scene.api.sent(chat)).toHaveLength(1);
  });

  test('prints what is wrong', async () => {
    await tooOld();
    const failed = await scene.run(['delete-due', '--quiet']);
    expect(failed.code).toBe(1);
    const [words = '', ...rest] = failed.stderr.split('\n');
    expect(words).toBe('delete-due gave something up: Deleted 0 messages, 1 failed; telesweep failed list');
    expect(lines(rest.join('\n')).map(({ level }) => level)).toEqual(['warn', 'error']);
    const settings = await scene.run(['delete-due', '--quiet'], { NOTICE: 'loud' });
    expect(settings.stderr).toContain('NOTICE');
  });

  test('says first, in words, what is wrong and since when; JSON lines alone where they are asked for', async () => {
    await records(1);
    scene.api.fault({ kind: 'error', code: 401, description: 'Unauthorized', times: 99 });
    await scene.run(['delete-due']);
    await scene.db.query(`update telesweep.runs set started_at = now() - interval '3 hours'`);
    const [row] = await scene.db.query<{ since: string }>(
      `select to_char(started_at at time zone 'Asia/Kolkata', 'HH24:MI') as since from telesweep.runs`,
    );
    const { stderr, code } = await scene.run(['delete-due', '--quiet'], { TIMEZONE: 'Asia/Kolkata' });
    const [words, ...rest] = stderr.trimEnd().split('\n');
    expect(code).toBe(77);
    expect(words).toMatch(
      new RegExp(
        `^delete-due has failed since (\\d\\d-\\d\\d )?${row?.since}: .*refuses the token.*; telesweep doctor$`,
      ),
    );
    expect(lines(rest.join('\n')).map(({ level }) => level)).toEqual(['error']);

    const json = await scene.run(['delete-due', '--quiet', '--log-format', 'json']);
    expect(lines(json.stderr).map(({ level }) => level)).toEqual(['error']);
    const pretty = await scene.run(['delete-due', '--log-format', 'pretty']);
    expect(pretty.stderr).toMatch(/^\[[\d:]+\] INFO: .*delete-due started\n/);
    expect(pretty.stderr).not.toContain('{"level"');
  });

  test('says so as well where the database cannot be reached, and where work is left', async () => {
    const lost = await scene.run(['delete-due', '--quiet'], { DATABASE_URL: 'postgres://u@127.0.0.1:1/x' });
    expect(lost.code).toBe(69);
    expect(lost.stderr).toMatch(/^delete-due has failed: the database cannot be reached.*; telesweep doctor\n\{/);
    await records(2);
    await scene.db.query(`insert into telesweep.budgets values (123456789, now(), now() + interval '1 hour')`);
    const paused = await scene.run(['delete-due', '--quiet']);
    expect(paused.code).toBe(75);
    expect(paused.stderr).toMatch(
      /^delete-due stopped early \(cooldown\), 2 due are left for the next pass; telesweep status\n\{/,
    );
  });

  test('with --json the object alone is printed', async () => {
    const { stdout, stderr } = await scene.run(['delete-due', '--quiet', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'ok' });
    expect(stderr).toBe('');
  });

  test('a quieter --log-level wins over it', async () => {
    await tooOld();
    const { code, stderr } = await scene.run(['delete-due', '--quiet', '--log-level', 'silent']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  });
});

describe('a closed pipe', () => {
  test.each([
    ['stdout', ['delete-due', '--json']],
    ['stdout', ['delete-due', '--dry-run']],
    ['stderr', ['delete-due']],
    ['both', ['delete-due', '--json', '--log-level', 'trace']],
  ])('on %s of telesweep %j does not change the exit code, and the work is done', async (stream, args) => {
    await records(2);
    const { child, done } = scene.start(args);
    if (stream !== 'stderr') child.stdout?.destroy();
    if (stream !== 'stdout') child.stderr?.destroy();
    const { code, signal } = await done;
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(scene.api.sent(chat)).toHaveLength(args.includes('--dry-run') ? 0 : 1);
  });

  test('nor that of a pass that fails', async () => {
    await tooOld();
    const { child, done } = scene.start(['delete-due', '--json']);
    child.stdout?.destroy();
    child.stderr?.destroy();
    expect((await done).code).toBe(1);
  });
});

describe('limits', () => {
  test('--max-runtime: nothing new is started, what is under way is finished, exit 0', async () => {
    await records(30);
    const { code, summary } = await scene.pass(['delete-due', '--max-runtime', '1s'], { TELEGRAM_RATE: '20' });
    expect(code).toBe(0);
    expect(summary).toMatchObject({ outcome: 'ok', stop_reason: 'deadline' });
    expect(summary.duration_ms).toBeGreaterThan(900);
    expect(summary.duration_ms).toBeLessThan(8_000);
    expect(summary.telegram.calls).toBeLessThanOrEqual(25);
    expect(summary.left.due).toBeGreaterThan(10);
    const [row] = await scene.db.query<{ n: number; open: number }>(
      'select count(*)::int as n, count(notice_started_at)::int as open from pending_deletions',
    );
    expect(row).toEqual({ n: summary.left.due, open: 0 });
    const next = await scene.pass(['delete-due']);
    expect(next.summary).toMatchObject({ stop_reason: 'done', left: { due: 0 } });
    for (let i = 0; i < 30; i++) expect(scene.api.sent(chat + i)).toHaveLength(1);
  });

  test('with all in order before its time the pass is done', async () => {
    await records(1);
    const { summary } = await scene.pass(['delete-due', '--max-runtime', '1h', '--limit', '1']);
    expect(summary.stop_reason).toBe('done');
  });

  test('failures count within a limit: exit 1', async () => {
    await tooOld();
    await records(2);
    const { code, summary } = await scene.pass(['delete-due', '--limit', '2']);
    expect(code).toBe(1);
    expect(summary).toMatchObject({ outcome: 'partial', stop_reason: 'limit', left: { due: 1 } });
  });
});

describe('a pass with nothing due', () => {
  test('takes one connection and at most four statements, and leaves a record', async () => {
    const proxy = await startStatementProxy(scene.db.url);
    const statements: string[] = [];
    let connections = 0;
    proxy.onStatement = (_n, { text, connection }) => {
      statements.push(text);
      connections = Math.max(connections, connection);
    };
    const { code, summary } = await scene.pass(['delete-due'], { DATABASE_URL: proxy.url });
    await proxy.close();
    expect(code).toBe(0);
    expect(summary).toMatchObject({ outcome: 'ok', stop_reason: 'done', telegram: { calls: 0 } });
    expect(connections).toBe(1);
    expect(statements.length).toBeLessThanOrEqual(4);
    expect(await scene.db.query('select outcome from telesweep.runs')).toEqual([{ outcome: 'ok' }]);
    expect(await scene.db.query('select job from telesweep.leases')).toEqual([]);
  });
});

describe('run records', () => {
  test('are kept for RUN_HISTORY_DAYS, each job its own', async () => {
    await scene.db.query(
      `insert into telesweep.runs (run_id, job, started_at, finished_at, outcome) values
       ('old', 'delete-due', now() - interval '10 days 1 minute', now(), 'ok'),
       ('killed', 'delete-due', now() - interval '11 days', null, null),
       ('young', 'delete-due', now() - interval '9 days 23 hours', now(), 'ok'),
       ('other', 'cleanup-tokens', now() - interval '11 days', now(), 'ok')`,
    );
    const { summary } = await scene.pass(['delete-due'], { RUN_HISTORY_DAYS: '10' });
    const kept = await scene.db.query<{ run_id: string }>('select run_id from telesweep.runs order by started_at');
    expect(kept.map(({ run_id }) => run_id)).toEqual(['other', 'young', summary.run_id]);
  });
});

describe('monitors that are out of reach', () => {
  test('cost a warning, not the exit code', async () => {
    await records(1);
    const url = await deadUrl();
    const { code, stderr } = await scene.run(['delete-due'], {
      PING_URL: `${url}/{job}`,
      PUSHGATEWAY_URL: url,
      METRICS_TEXTFILE_DIR: '/nowhere/at/all',
    });
    expect(code).toBe(0);
    const warnings = lines(stderr).filter(({ level }) => level === 'warn');
    expect(warnings.map(({ msg }) => String(msg).split(':')[0]).sort()).toEqual([
      'METRICS_TEXTFILE_DIR',
      'PING_URL',
      'PUSHGATEWAY_URL',
    ]);
    // The summary is the last line all the same.
    expect(lines(stderr).at(-1)?.msg).toBe('✅ Deleted 2 messages, 0 failed');
  });
});

describe('now', () => {
  test("is the database's clock", async () => {
    const shifted = await createScene();
    try {
      shifted.api.addMessages(1, [1, 2]);
      await pendingDeletion(shifted.db, { chatId: 1, messageIds: [1, 2], dueFor: '-12h' });
      expect((await shifted.pass(['delete-due'])).summary.counts.records).toBe(0);
      await shifted.db.setClock('13 hours');
      const { summary } = await shifted.pass(['delete-due']);
      expect(summary.counts.records).toBe(1);
      expect(Date.parse(summary.started_at) - Date.now()).toBeGreaterThan(12 * 3_600_000);
    } finally {
      await shifted.close();
    }
  });
});
