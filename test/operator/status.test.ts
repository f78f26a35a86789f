import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JobStatus, Status } from '../../src/operator/status/status.ts';
import type { JobName } from '../../src/process/summary.ts';
import { broadcast, pendingDeletion } from '../support/rows.ts';
import type { RunResult } from '../support/run.ts';
import { runHere } from '../support/run-here.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await createScene({}, { TELEGRAM_RATE: '25' });
  await scene.db.setClock('2026-03-14T14:35:20Z');
});
afterAll(() => scene.close());
beforeEach(async () => {
  await scene.db.query(`
    truncate pending_deletions, broadcasts, broadcast_messages, telesweep.runs, telesweep.leases, telesweep.budgets`);
  await scene.db.query(
    `update test_clock.clock set shift = '2026-03-14T14:35:20Z'::timestamptz - pg_catalog.clock_timestamp()`,
  );
});

interface RunRow {
  job: JobName;
  at: string;
  finished?: boolean;
  outcome?: string;
  summary?: object;
}

let runs = 0;
/** A run as a pass leaves it; one that never ended has `finished: false`. */
async function run({ job, at, finished = true, outcome = 'ok', summary = {} }: RunRow): Promise<string> {
  runs += 1;
  const id = `run-${runs}`;
  const whole = { job, outcome, stop_reason: 'done', counts: { messages_deleted: 15 }, ...summary };
  await scene.db.query(
    `insert into telesweep.runs (run_id, job, started_at, finished_at, outcome, summary)
     values ($1, $2, $3::timestamptz, case when $4 then $3::timestamptz + interval '2.5 s' end,
             case when $4 then $5 end, case when $4 then $6::jsonb end)`,
    [id, job, `2026-03-14 ${at}Z`, finished, outcome, JSON.stringify(whole)],
  );
  return id;
}

async function lease(job: JobName, { runId = 'other', since = '14:30:05' } = {}): Promise<void> {
  await scene.db.query(
    `insert into telesweep.leases (job, run_id, holder, acquired_at, expires_at)
     values ($1, $2, 'web-1 pid 77', $3, clock_timestamp() + interval '30 s')`,
    [job, runId, `2026-03-14 ${since}Z`],
  );
}

async function status(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Status> {
  const { stdout, stderr, code } = await scene.run(['status', '--json', ...args], env);
  expect(stderr).toBe('');
  const told: Status = JSON.parse(stdout);
  expect(code).toBe(told.ok ? 0 : 1);
  return told;
}

function of(told: Status, job: JobName): JobStatus {
  const found = told.jobs.find((entry) => entry.job === job);
  if (found === undefined) throw new Error(`${job} is not told of`);
  return found;
}

const lines = ({ stdout }: RunResult): string[] => stdout.split('\n');

describe('a job', () => {
  test('that is new to the database: never ran, nothing due, not overdue', async () => {
    const told = await status();
    expect(told).toMatchObject({ ok: true, time_zone: 'UTC', rate_per_second: 25, pauses: [] });
    expect(Math.abs(Date.parse(told.now) - Date.parse('2026-03-14T14:35:20Z'))).toBeLessThan(10_000);
    expect(of(told, 'delete-due')).toEqual({
      job: 'delete-due',
      health: {
        verdict: 'idle',
        since: null,
        why: 'it never ran; expected at `* * * * *`',
        way_out: 'telesweep schedule crontab --job delete-due',
      },
      last_run: null,
      held_by: null,
      cut_off: 0,
      schedule: '* * * * *',
      next_run: '2026-03-14T14:36:00.000Z',
      overdue_since: null,
      backlog: { due: 0, oldest_due_seconds: 0, failed: 0, past_48h: 0, past_48h_soon: 0, without_broadcast: 0 },
      forecast: null,
    });
  });

  test('its last run is what a real pass did', async () => {
    scene.api.addMessages(801, [1, 2], { ageMs: 3_600_000 });
    await pendingDeletion(scene.db, { chatId: 801, messageIds: [1, 2] });
    await scene.pass(['delete-due']);
    const { last_run: last } = of(await status(), 'delete-due');
    expect(last).toMatchObject({
      outcome: 'ok',
      stop_reason: 'done',
      message: 'Deleted 2 messages, 0 failed',
      error: null,
    });
    expect(last?.counts).toMatchObject({ records: 1, messages_deleted: 2 });
    const shown = await scene.run(['status']);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^delete-due +well +14:35 +ok +14:36 +0 +0$/m);
    expect(shown.stdout).toContain('  last run: Deleted 2 messages, 0 failed (');
  });

  test('a pass that only found another at work is not its last run, but shows that the schedule works', async () => {
    const did = await run({ job: 'delete-due', at: '14:00:01' });
    await run({ job: 'delete-due', at: '14:35:01', outcome: 'skipped' });
    const told = of(await status(), 'delete-due');
    expect(told.last_run?.run_id).toBe(did);
    expect(told.overdue_since).toBeNull();
  });

  test('who holds it now', async () => {
    await run({ job: 'delete-due', at: '14:30:01' });
    await lease('delete-due');
    const told = of(await status(), 'delete-due');
    expect(told).toMatchObject({
      held_by: { holder: 'web-1 pid 77', since: '2026-03-14T14:30:05.000Z' },
      overdue_since: null,
    });
    const shown = await scene.run(['status']);
    expect(shown.stdout).toContain('  a pass is under way: web-1 pid 77, since 14:30\n');
    await scene.db.query(`update telesweep.leases set expires_at = now() - interval '1 s'`);
    expect(of(await status(), 'delete-due').held_by).toBeNull();
  });

  test('a failed run shows its error', async () => {
    await run({
      job: 'delete-due',
      at: '14:35:01',
      outcome: 'failed',
      summary: { error: 'Telegram refuses the token' },
    });
    const shown = await scene.run(['status']);
    expect(shown.stdout).toMatch(/^delete-due +failing +14:35 +failed/m);
    expect(shown.stdout).toContain('  last run: Telegram refuses the token (2.5 s)\n');
  });
});

describe('overdue', () => {
  test.each([
    // Two of its times, and a minute.
    { job: 'delete-due', at: '14:32:30', overdue: '2026-03-14T14:35:00.000Z' },
    { job: 'delete-due', at: '14:33:00', overdue: null },
    { job: 'delete-broadcasts', at: '12:00:01', overdue: '2026-03-14T14:01:00.000Z' },
    { job: 'delete-broadcasts', at: '13:00:01', overdue: null },
    { job: 'post-guide', at: '04:00:01', overdue: '2026-03-14T12:01:00.000Z' },
    { job: 'post-guide', at: '08:00:01', overdue: null },
  ] as const)('$job that last ran at $at: $overdue', async ({ job, at, overdue }) => {
    await run({ job, at });
    const told = await status();
    expect(of(told, job).overdue_since).toBe(overdue);
    expect(told.ok).toBe(overdue === null);
  });

  test('exit 1, and the first line names the job; --job leaves the others out', async () => {
    await run({ job: 'delete-broadcasts', at: '11:00:01' });
    await run({ job: 'delete-due', at: '14:35:01' });
    const shown = await scene.run(['status']);
    expect(shown.code).toBe(1);
    expect(lines(shown)[0]).toBe('delete-broadcasts is late since 13:01; 0 due, 0 failed. 2026-03-14 14:35 UTC');
    expect(shown.stdout).toContain('telesweep schedule crontab --job delete-broadcasts');
    const one = await scene.run(['status', '--job', 'delete-due']);
    expect(one.code).toBe(0);
    expect(one.stdout).not.toContain('delete-broadcasts');
    expect((await scene.run(['status', '--job', 'delete-due', '--job', 'delete-broadcasts'])).code).toBe(1);
  });

  test('a job that never ran: only when something has been due for that long', async () => {
    await pendingDeletion(scene.db, { dueFor: '2 min' });
    expect(of(await status(), 'delete-due').overdue_since).toBeNull();
    await pendingDeletion(scene.db, { dueFor: '4 min' });
    expect(of(await status(), 'delete-due').overdue_since).toBe('2026-03-14T14:34:00.000Z');
  });

  test('guides go by GUIDE_INTERVAL, and times by TIMEZONE', async () => {
    await run({ job: 'post-guide', at: '00:00:01' });
    expect((await status()).ok).toBe(false);
    const told = of(await status([], { GUIDE_INTERVAL: '12h', TIMEZONE: 'Asia/Kolkata' }), 'post-guide');
    expect(told).toMatchObject({ schedule: '0 */12 * * *', next_run: '2026-03-14T18:30:00.000Z', overdue_since: null });
    const shown = await scene.run(['status'], { TIMEZONE: 'Asia/Kolkata' });
    expect(shown.stdout).toMatch(/^post-guide +late +05:30 +ok +03-15 00:00 /m);
  });

  test('a pass under way excuses a long silence, but not where the ones before it were cut off', async () => {
    await run({ job: 'delete-due', at: '14:00:01' });
    const current = await run({ job: 'delete-due', at: '14:01:00', finished: false });
    await lease('delete-due', { runId: current, since: '14:01:00' });
    expect(of(await status(), 'delete-due')).toMatchObject({ overdue_since: null, cut_off: 0 });

    const killed = await run({ job: 'delete-due', at: '14:34:00', finished: false });
    expect(killed).not.toBe(current);
    const told = of(await status(), 'delete-due');
    expect(told).toMatchObject({ overdue_since: '2026-03-14T14:03:00.000Z', cut_off: 1 });
    expect((await scene.run(['status'])).stdout).toContain('1 pass since then ended without a word');
  });
});

describe('the backlog', () => {
  test('due, oldest, failed', async () => {
    await pendingDeletion(scene.db, { dueFor: '3h' });
    await pendingDeletion(scene.db, { dueFor: '1 min' });
    await pendingDeletion(scene.db, { dueFor: '-1 min' });
    const failed = await pendingDeletion(scene.db, { dueFor: '5h' });
    await scene.db.query(`update pending_deletions set failed_at = now(), failure = 'refused' where id = $1`, [failed]);
    await broadcast(scene.db, { messages: [1, 2, 3].map((chatId) => ({ chatId, messageId: 1 })) });
    await scene.db.query(`update broadcast_messages set failed_at = now(), failure = 'forbidden' where chat_id = 3`);
    const told = await status();
    const due = of(told, 'delete-due').backlog;
    expect(due).toMatchObject({ due: 2, failed: 1 });
    expect(Math.abs(due.oldest_due_seconds - 3 * 3600)).toBeLessThan(2);
    expect(of(told, 'delete-broadcasts').backlog).toMatchObject({ due: 2, failed: 1 });
    const shown = await scene.run(['status']);
    expect(shown.stdout).toMatch(/^delete-due +late +never +14:36 +2 +3 h +1$/m);
    expect(lines(shown)[0]).toContain('4 due, 2 failed.');
  });

  test('when it ends, and what passes 48 hours first', async () => {
    // 10,000 chats at 25 a second take 400 s from 15:00 on: the 5,000 that have until 15:02:20 get 140 s, or 3,500.
    await scene.db.query(`
      insert into broadcasts (created_at, delete_at) values (now() - interval '47 hours', now() - interval '1 s');
      insert into broadcast_messages (broadcast_id, chat_id, message_id, sent_at)
      select id, n, 1, case when n <= 5000 then '2026-03-12T15:02:20Z'::timestamptz else '2026-03-12T16:30:00Z' end
      from broadcasts, generate_series(1, 10000) as n`);
    const told = of(await status(), 'delete-broadcasts');
    expect(told.backlog).toMatchObject({ due: 10_000, past_48h: 0, past_48h_soon: 1_500 });
    expect(told.forecast).toMatchObject({ calls: 8_500, messages_past_48h_first: 1_500 });
    expect(Date.parse(told.forecast?.ends_at ?? '')).toBeCloseTo(Date.parse('2026-03-14T15:05:40Z'), -3);
    const shown = await scene.run(['status']);
    expect(shown.stdout).toContain('  at 25/s the backlog ends at 15:05; 1,500 messages pass 48 hours first\n');
  });

  test('messages of several broadcasts in one chat travel in one call', async () => {
    const messages = [1, 2, 3, 4].map((chatId) => ({ chatId, messageId: 1 }));
    await broadcast(scene.db, { messages });
    await broadcast(scene.db, { messages: messages.slice(0, 2) });
    await broadcast(scene.db, { messages: [{ chatId: 9, messageId: 1 }] });
    const told = of(await status(), 'delete-broadcasts');
    expect(told.backlog.due).toBe(7);
    expect(told.forecast?.calls).toBe(5);
  });

  test('what is past 48 hours already costs no call', async () => {
    await pendingDeletion(scene.db, { age: '49h', messageIds: [1, 2, 3] });
    await pendingDeletion(scene.db, { age: '1h', messageIds: [4] });
    const told = of(await status(), 'delete-due');
    expect(told.backlog).toMatchObject({ due: 2, past_48h: 3, past_48h_soon: 0 });
    // One call for its message, one for its notice.
    expect(told.forecast).toMatchObject({ calls: 2, messages_past_48h_first: 0 });
    expect(of(await status([], { NOTICE: 'none' }), 'delete-due').forecast?.calls).toBe(1);
  });

  test('a pause that Telegram asked for delays it, and is told', async () => {
    await pendingDeletion(scene.db, { age: '47h 30min' });
    await scene.db.query(
      `insert into telesweep.budgets (bot_id, paused_until) values (123456789, now() + interval '1 h'), (5, now() - interval '1 h')`,
    );
    const told = await status();
    expect(told.pauses).toMatchObject([{ bot_id: '123456789' }]);
    expect(of(told, 'delete-due').forecast).toMatchObject({ calls: 0, messages_past_48h_first: 1 });
    const shown = await scene.run(['status']);
    expect(shown.stdout).toContain('Telegram asked bot 123456789 for a pause: no call is made until 15:35.\n');
    expect(shown.stdout).toContain('1 message passes 48 hours first');
  });
});

describe('as a check', () => {
  test('a database that is down: 69, also as JSON, and no password', async () => {
    const env = { DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x' };
    const { code, stderr, stdout } = await scene.run(['status', '--json'], env);
    expect(code).toBe(69);
    expect(stderr).toContain('telesweep status: the database cannot be reached');
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: expect.stringContaining('cannot be reached') });
    expect(stdout + stderr).not.toContain('secret');
  });

  test('an unknown job: 64; a missing setting or an unmigrated database: 78', async () => {
    const wrong = await scene.run(['status', '--job', 'delete-dew']);
    expect(wrong.code).toBe(64);
    expect(wrong.stderr).toContain('expected cleanup-tokens, delete-due,');
    expect((await scene.run(['status'], { DATABASE_URL: '' })).code).toBe(78);
    const bare = new URL(scene.db.url);
    bare.pathname = '/postgres';
    const unmigrated = await scene.run(['status'], { DATABASE_URL: bare.href });
    expect(unmigrated.code).toBe(78);
    expect(unmigrated.stderr).toContain('run telesweep migrate');
  });

  test('settings come from an env file as well, and a token is not needed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'telesweep-'));
    const file = join(folder, 'env');
    await writeFile(file, `DATABASE_URL=${scene.db.url}\nTELEGRAM_RATE=7\n`);
    const { code, stdout } = await runHere(['status', '--json', '--env-file', file]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, rate_per_second: 7 });
    await rm(folder, { recursive: true });
  });

  test('it changes nothing, and asks Telegram nothing', async () => {
    await pendingDeletion(scene.db, {});
    const calls = scene.api.callCount;
    const before = await scene.db.query('select * from pending_deletions');
    await status();
    expect(await scene.db.query('select * from pending_deletions')).toEqual(before);
    expect(await scene.db.query('select from telesweep.runs')).toEqual([]);
    expect(scene.api.callCount).toBe(calls);
  });

  test('--help has examples and fits 80 columns', async () => {
    const { stdout } = await scene.run(['status', '--help']);
    expect(stdout).toContain('Examples:\n  telesweep status');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});
