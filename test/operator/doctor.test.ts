import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/operator/doctor/finding.ts';
import { broadcast, guide, pendingDeletion } from '../support/rows.ts';
import { runHere } from '../support/run-here.ts';
import { createScene, type Scene } from '../support/scene.ts';

const channel = '-1001234567890';
const guideToken = '987654321:AAF-guide-token_for-tests-012345678';

let scene: Scene;
beforeAll(async () => {
  scene = await createScene(
    {
      bots: [
        { token: '123456789:AAF-simulated-token_for-tests-0123456', username: 'sweep_test_bot' },
        { token: guideToken, username: 'guide_test_bot' },
      ],
    },
    { GUIDE_CHAT_IDS: channel, GUIDE_BOT_TOKEN: guideToken },
  );
});
afterAll(() => scene.close());
beforeEach(async () => {
  scene.api.clearFaults();
  scene.api.addChat({ id: channel, type: 'channel', title: 'Guides' });
  await scene.db.query(`
    truncate pending_deletions, broadcasts, broadcast_messages, telesweep.runs, telesweep.leases, telesweep.budgets;
    update guides set url = 'https://guides.test.dev/' || id, enabled = true, title = 'A guide'`);
});

interface Told {
  ok: boolean;
  faults: number;
  warnings: number;
  findings: Finding[];
}

async function doctor(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Told> {
  const { code, stdout, stderr } = await scene.run(['doctor', '--json', ...args], env);
  expect(stderr).toBe('');
  const told: Told = JSON.parse(stdout);
  expect(code).toBe(told.ok ? 0 : 1);
  expect(told.ok).toBe(told.findings.every(({ level }) => level !== 'fault'));
  return told;
}

const of = (told: Told, check: string): Finding[] => told.findings.filter((finding) => finding.check === check);
const faults = (told: Told): Finding[] => told.findings.filter(({ level }) => level === 'fault');

/** Runs at every time of the last stretch, as a good crontab makes them. */
async function goodRuns(): Promise<void> {
  await scene.db.query(`
    insert into telesweep.runs (run_id, job, started_at, finished_at, outcome, summary)
    select job || start, job, start + interval '1 s', start + interval '2 s', 'ok', '{}'
    from (values
      ('delete-due', interval '1 min', 120), ('delete-broadcasts', interval '1 h', 70), ('post-guide', interval '4 h', 90),
      ('cleanup-tokens', interval '12 h', 40), ('reset-counts', interval '1 day', 20)) as job (job, step, times)
    cross join lateral (
      select date_bin(step, now(), '2000-01-01Z') - n * step as start from generate_series(0, times) as n) as run`);
}

describe('all is well', () => {
  test('every line is fine, exit 0, and nothing was changed or sent', async () => {
    await goodRuns();
    await broadcast(scene.db, { dueFor: '-1h', messages: [{ chatId: 1, messageId: 1 }] });
    await pendingDeletion(scene.db, {});
    const before = await scene.db.query(`select (select count(*) from telesweep.runs) as runs,
      (select count(*) from telesweep.budgets) as budgets, (select count(*) from telesweep.bots) as bots`);
    const calls = scene.api.calls.length;

    const told = await doctor();
    // The server of the tests need not outlive a crash of the machine.
    expect(told.findings.filter(({ level }) => level !== 'fine')).toMatchObject([
      { text: expect.stringMatching(/^fsync is off/) },
    ]);
    expect(told).toMatchObject({ ok: true, faults: 0, warnings: 1 });
    expect(told.findings.map(({ check }) => check)).toEqual([
      'program',
      'settings',
      'database',
      'session',
      'clock',
      'time zone',
      'tables',
      'ties',
      'rights',
      'records',
      'broadcasts',
      'ledgers',
      'failed items',
      'guides',
      'cleanup-tokens',
      'delete-due',
      'delete-broadcasts',
      'reset-counts',
      'post-guide',
      'bot',
      'guide bot',
      `channel ${channel}`,
    ]);
    expect(scene.api.calls.slice(calls).map(({ method }) => method)).toEqual([
      'getMe',
      'getMe',
      'getChat',
      'getChatMember',
    ]);
    expect(
      await scene.db.query(`select (select count(*) from telesweep.runs) as runs,
      (select count(*) from telesweep.budgets) as budgets, (select count(*) from telesweep.bots) as bots`),
    ).toEqual(before);

    const shown = await scene.run(['doctor']);
    expect({ code: shown.code, stderr: shown.stderr }).toEqual({ code: 0, stderr: '' });
    expect(shown.stdout).toContain('fine     bot: @sweep_test_bot answers\n');
    expect(shown.stdout).toContain(`fine     channel ${channel}: the bot may post in channel "Guides"\n`);
    expect(shown.stdout).toMatch(/\n\nno faults, 1 warning\n$/);
  });
});

describe('settings', () => {
  test('all that is wrong at once, and the rest is looked at all the same', async () => {
    const told = await doctor([], { TELEGRAM_RATE: 'fast', NOTICE: 'maybe', TELEGRAM_BOT_TOKEN: 'secret-but-broken' });
    const problems = of(told, 'settings').map(({ text }) => text);
    expect(problems).toEqual([
      expect.stringMatching(/^TELEGRAM_BOT_TOKEN: the value \(hidden\) is not a bot token/),
      expect.stringMatching(/^TELEGRAM_RATE: "fast" is not a number/),
      expect.stringMatching(/^NOTICE: "maybe" is none of the choices/),
    ]);
    expect(JSON.stringify(told)).not.toContain('secret-but-broken');
    expect(of(told, 'tables')).toMatchObject([{ level: 'fine' }]);
    expect(of(told, 'guide bot')).toMatchObject([{ level: 'fine' }]);
    expect(of(told, 'bot')).toEqual([]);
  });

  test('an idle_session_timeout that ends a pass which waits for Telegram', async () => {
    const role = `alter role current_user in database ${scene.db.name}`;
    await scene.db.query(`${role} set idle_session_timeout = '5s'`);
    const told = await doctor();
    await scene.db.query(`${role} reset idle_session_timeout`);
    expect(told.findings).toContainEqual(
      expect.objectContaining({ level: 'warning', text: expect.stringMatching(/^idle_session_timeout is 5 s/) }),
    );
  });

  test('parameters of DATABASE_URL that are for others', async () => {
    const told = await doctor([], { DATABASE_URL: `${scene.db.url}?pgbouncer=true&connection_limit=1` });
    expect(of(told, 'settings')).toContainEqual({
      check: 'settings',
      level: 'fine',
      text: 'DATABASE_URL: passed over, because other tools read it: pgbouncer, connection_limit',
      way_out: null,
    });
    expect(of(told, 'tables')).toMatchObject([{ level: 'fine' }]);
  });

  test('nothing set at all', async () => {
    const { code, stdout } = await runHere(['doctor', '--json'], { env: {} });
    expect(code).toBe(1);
    const told: Told = JSON.parse(stdout);
    expect(faults(told).map(({ text, way_out }) => [text.split(';')[0], way_out])).toEqual([
      ['DATABASE_URL: is missing', expect.stringMatching(/^PostgreSQL; .*; needed by every job$/)],
      [
        'TELEGRAM_BOT_TOKEN: is missing',
        expect.stringMatching(/^the bot .*; needed by delete-due and delete-broadcasts$/),
      ],
    ]);
    expect(of(told, 'settings').filter(({ level }) => level === 'warning')).toMatchObject([
      { text: 'GUIDE_CHAT_IDS is missing, so post-guide has no channel' },
    ]);
  });

  test('--job asks only for what the job needs', async () => {
    const env = { DATABASE_URL: scene.db.url };
    const { code, stdout } = await runHere(['doctor', '--json', '--job', 'cleanup-tokens'], { env });
    expect(code).toBe(0);
    const told: Told = JSON.parse(stdout);
    expect(of(told, 'bot')).toEqual([]);
    expect(of(told, 'cleanup-tokens')).toMatchObject([
      { level: 'warning', text: 'it never ran; expected at `0 0,12 * * *`' },
    ]);
    const guides = await runHere(['doctor', '--job', 'post-guide'], { env });
    expect(guides.code).toBe(1);
    expect(guides.stdout).toContain('fault    settings: GUIDE_CHAT_IDS: is missing');
  });

  test('an env file that everybody may read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'telesweep-'));
    const file = join(folder, 'env');
    await writeFile(file, 'TELEGRAM_RATE=20\n', { mode: 0o640 });
    expect(of(await doctor(['--env-file', file]), 'settings')).toMatchObject([{ level: 'fine' }]);
    await chmod(file, 0o644);
    const told = await doctor(['--env-file', file]);
    expect(of(told, 'settings')[1]).toEqual({
      check: 'settings',
      level: 'warning',
      text: `${file} is open to every user of this machine`,
      way_out: `chmod o= ${file}`,
    });
    await rm(folder, { recursive: true });
  });
});

describe('the database', () => {
  test('that is down: a fault, and Telegram is asked all the same', async () => {
    const told = await doctor([], { DATABASE_URL: 'postgres://u:hidden-password@127.0.0.1:1/x' });
    expect(of(told, 'database')).toMatchObject([
      { level: 'fault', text: expect.stringContaining('cannot be reached') },
    ]);
    expect(JSON.stringify(told)).not.toContain('hidden-password');
    expect(of(told, 'bot')).toMatchObject([{ level: 'fine' }]);
  });

  test('that is not migrated: one fault with the way out', async () => {
    const bare = new URL(scene.db.url);
    bare.pathname = '/postgres';
    const told = await doctor([], { DATABASE_URL: bare.href });
    expect(faults(told)).toMatchObject([
      {
        check: 'tables',
        text: expect.stringContaining('missing: create schema telesweep'),
        way_out: 'telesweep migrate',
      },
    ]);
  });

  test('that lost an index, and holds a column of another type', async () => {
    await scene.db.query('drop index telesweep_pending_deletions_failed');
    expect(of(await doctor(), 'tables')).toMatchObject([
      { level: 'fault', text: 'not all is migrated; missing: create index public.telesweep_pending_deletions_failed' },
    ]);
    await scene.db.query('alter table tokens alter column expires_at type timestamp');
    expect(of(await doctor(), 'tables')).toMatchObject([
      { level: 'fault', text: expect.stringContaining('public.tokens.expires_at is timestamp without time zone') },
    ]);
    await scene.db.query(`alter table tokens alter column expires_at type timestamptz;
      create index telesweep_pending_deletions_failed on pending_deletions (failed_at) where failed_at is not null`);
    expect(of(await doctor(), 'tables')).toMatchObject([{ level: 'fine' }]);
  });

  test('that takes no changes', async () => {
    await scene.db.query(`alter database ${scene.db.name} set default_transaction_read_only = on`);
    const told = await doctor();
    await scene.db.query(`set session characteristics as transaction read write; set default_transaction_read_only = off;
      alter database ${scene.db.name} reset default_transaction_read_only`);
    expect(of(told, 'database').filter(({ level }) => level === 'fault')).toMatchObject([
      { text: 'default_transaction_read_only is on, so no job can change anything' },
    ]);
  });
});

describe('the role', () => {
  const role = `doctor_${process.pid}`;
  const urlOfRole = (): string => {
    const url = new URL(scene.db.url);
    url.username = role;
    url.password = 'pw-of-the-role';
    return url.href;
  };
  beforeEach(() => scene.db.query(`create role ${role} login password 'pw-of-the-role'`));
  afterEach(() => scene.db.query(`drop owned by ${role}; drop role ${role}`));

  test('that lacks rights: each is named, with the grant', async () => {
    await scene.db.query(`
      grant usage on schema telesweep to ${role};
      grant select, insert, update, delete on all tables in schema telesweep, public to ${role};
      revoke delete on pending_deletions from ${role};
      revoke update on broadcast_messages from ${role};
      grant update (attempts, failure) on broadcast_messages to ${role};
      revoke update on tokens from ${role}`);
    const told = await doctor([], { DATABASE_URL: urlOfRole() });
    expect(of(told, 'rights')).toMatchObject([
      {
        level: 'fault',
        text: `role ${role} lacks update on public.tokens, for cleanup-tokens`,
        way_out: `grant update on public.tokens to ${role}`,
      },
      { level: 'fault', text: `role ${role} lacks delete on public.pending_deletions, for delete-due` },
      {
        way_out: `grant update (next_attempt_at, refusals, refused_since, failed_at, failure_detail) on public.broadcast_messages to ${role}`,
      },
    ]);
    const one = await doctor(['--job', 'delete-due'], { DATABASE_URL: urlOfRole() });
    expect(of(one, 'rights').map(({ text }) => text)).toEqual([expect.stringContaining('pending_deletions')]);
    for (const { way_out } of of(told, 'rights')) await scene.db.query(way_out ?? '');
    expect(of(await doctor([], { DATABASE_URL: urlOfRole() }), 'rights')).toMatchObject([{ level: 'fine' }]);
  });

  test('that has no right at all: what cannot be looked at is a fault, and no more', async () => {
    const told = await doctor([], { DATABASE_URL: urlOfRole() });
    expect(of(told, 'rights').map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        `role ${role} lacks usage on schema telesweep, for every job`,
        `role ${role} lacks select on public.guides, for post-guide`,
      ]),
    );
    expect(JSON.stringify(told)).not.toContain('defect');
  });

  test('whose rows are hidden by row security', async () => {
    await scene.db.query(`
      grant usage on schema telesweep to ${role};
      grant select, insert, update, delete on all tables in schema telesweep, public to ${role};
      alter table pending_deletions enable row level security`);
    const told = await doctor([], { DATABASE_URL: urlOfRole() });
    await scene.db.query('alter table pending_deletions disable row level security');
    expect(of(told, 'rights')).toMatchObject([
      { level: 'warning', text: `row security may hide rows of public.pending_deletions from role ${role}` },
    ]);
  });
});

describe('Telegram', () => {
  test('refuses a token', async () => {
    const told = await doctor([], { TELEGRAM_BOT_TOKEN: '55555:not-a-token-that-anybody-has-00000' });
    expect(of(told, 'bot')).toMatchObject([{ level: 'fault', text: 'Telegram refuses the token (Unauthorized)' }]);
    expect(JSON.stringify(told)).not.toContain('not-a-token');
    expect(of(told, 'guide bot')).toMatchObject([{ level: 'fine' }]);
  });

  test('cannot be reached', async () => {
    const told = await doctor([], { TELEGRAM_API_ROOT: 'http://127.0.0.1:1' });
    expect(of(told, 'bot')).toMatchObject([
      { level: 'fault', way_out: 'check the network, TELEGRAM_API_ROOT and TELEGRAM_PROXY' },
    ]);
    expect(of(told, `channel ${channel}`)).toEqual([]);
  });

  test('asked for a pause: the bot is not called', async () => {
    await scene.db.query(
      `insert into telesweep.budgets (bot_id, paused_until) values (123456789, now() + interval '1 h')`,
    );
    const calls = scene.api.calls.length;
    const told = await doctor();
    expect(of(told, 'bot')).toMatchObject([{ level: 'warning', text: expect.stringContaining('to pause for') }]);
    expect(scene.api.calls.slice(calls).map(({ botId }) => botId)).toEqual([987654321, 987654321, 987654321]);
  });

  test('one token for both is asked once', async () => {
    const { GUIDE_BOT_TOKEN: _unused, ...env } = scene.env;
    const calls = scene.api.calls.length;
    const { code } = await runHere(['doctor'], { env });
    expect(code).toBe(0);
    expect(scene.api.calls.slice(calls).map(({ method }) => method)).toEqual(['getMe', 'getChat', 'getChatMember']);
  });

  test.each([
    { state: 'write_forbidden', text: 'the bot may not post in channel "Guides"', way: /administrator/ },
    { state: 'kicked', text: 'Telegram says: Forbidden: bot was kicked from the channel chat', way: /GUIDE_CHAT_IDS/ },
    { state: 'gone', text: 'Telegram says: Bad Request: chat not found', way: /GUIDE_CHAT_IDS/ },
    { state: 'channel_private', text: 'Telegram says: Bad Request: CHANNEL_PRIVATE', way: /administrator/ },
  ] as const)('a channel that is $state', async ({ state, text, way }) => {
    scene.api.addChat({ id: channel, type: 'channel', title: 'Guides', state });
    const [found] = of(await doctor(), `channel ${channel}`);
    expect(found).toMatchObject({ level: 'fault', text });
    expect(found?.way_out).toMatch(way);
  });

  test('a group that became a supergroup names its new id', async () => {
    scene.api.addChat({ id: -42, type: 'group', migrateTo: -1009999999999 });
    const told = await doctor([], { GUIDE_CHAT_IDS: `-42,${channel}` });
    expect(of(told, 'channel -42')).toMatchObject([{ level: 'fault', text: 'the group became -1009999999999' }]);
    expect(of(told, `channel ${channel}`)).toMatchObject([{ level: 'fine' }]);
  });
});

describe('guides', () => {
  test('a text that Telegram would refuse, and an address of the default guides', async () => {
    const bad = await guide(scene.db, { title: 'x'.repeat(5000), url: 'https://guides.test.dev/long' });
    const example = await guide(scene.db, {});
    const told = await doctor();
    await scene.db.query('delete from guides where id = any($1)', [[bad, example]]);
    expect(of(told, 'guides')).toMatchObject([
      { level: 'fault', text: expect.stringContaining(`guide ${bad} cannot be posted: `) },
      { level: 'warning', text: `${example}: the button opens example.com, as in the default guides` },
    ]);
  });

  test('none is enabled', async () => {
    await scene.db.query('update guides set enabled = false');
    expect(of(await doctor(), 'guides')).toMatchObject([
      { level: 'fault', text: expect.stringContaining('no guide is enabled') },
    ]);
    expect(of(await doctor([], { GUIDE_CHAT_IDS: '' }), 'guides')).toEqual([]);
  });
});

describe('what bots wrote', () => {
  test('a time to delete beyond 48 hours of the sending', async () => {
    await broadcast(scene.db, { age: '1h', dueFor: '-47h', messages: [{ chatId: 1, messageId: 1 }] });
    await broadcast(scene.db, { age: '1h', dueFor: null, messages: [{ chatId: 1, messageId: 1 }] });
    const late = await broadcast(scene.db, { age: '1h', dueFor: '-47h -1s', messages: [{ chatId: 1, messageId: 1 }] });
    const record = await pendingDeletion(scene.db, { age: '1h', dueFor: '-3 days' });
    const told = await doctor();
    expect(of(told, 'broadcasts')).toMatchObject([
      {
        level: 'warning',
        text: `1 broadcast (${late}): to be deleted more than 48 hours after sending, when Telegram refuses to`,
        way_out: 'let the bot write an earlier broadcasts.delete_at',
      },
    ]);
    expect(of(told, 'records')).toMatchObject([
      { level: 'warning', text: expect.stringContaining(`1 record (${record}):`) },
    ]);
  });

  test('a ledger that is missing', async () => {
    const expired = await broadcast(scene.db, {});
    const near = await broadcast(scene.db, { dueFor: '-23h' });
    await broadcast(scene.db, { dueFor: '-25h' });
    await broadcast(scene.db, { age: '5 min', dueFor: '-1h' });
    await broadcast(scene.db, { messages: [{ chatId: 1, messageId: 1 }] });
    expect(of(await doctor(), 'ledgers')).toMatchObject([
      {
        level: 'fault',
        text: `2 broadcasts (${expired}, ${near}): no row in broadcast_messages, so nobody knows what to delete`,
      },
    ]);
  });

  test('failed items', async () => {
    await pendingDeletion(scene.db, {});
    await scene.db.query(`update pending_deletions set failed_at = now(), failure = 'forbidden'`);
    expect(of(await doctor(), 'failed items')).toEqual([
      { check: 'failed items', level: 'warning', text: '1 forbidden (delete-due)', way_out: 'telesweep failed list' },
    ]);
  });
});

describe('the schedule', () => {
  test('a job that never ran, and one that stopped', async () => {
    await goodRuns();
    await scene.db.query(`delete from telesweep.runs where job = 'reset-counts';
      delete from telesweep.runs where job = 'delete-due' and started_at > now() - interval '10 min'`);
    const told = await doctor();
    expect(of(told, 'reset-counts')).toMatchObject([
      { level: 'warning', way_out: 'telesweep schedule crontab --job reset-counts' },
    ]);
    expect(of(told, 'delete-due')).toMatchObject([
      { level: 'fault', text: expect.stringMatching(/^late since [\d :-]+: nothing ran at `\* \* \* \* \*`$/) },
    ]);
  });

  test('a job that runs less often than expected', async () => {
    await goodRuns();
    await scene.db.query(`delete from telesweep.runs where job = 'delete-due'
      and extract(minute from started_at)::int % 5 <> extract(minute from now())::int % 5`);
    expect(of(await doctor(), 'delete-due')).toMatchObject([
      { level: 'warning', text: expect.stringMatching(/^ran at 1[0-3] of its last 5\d times/) },
    ]);
  });

  test('a job that goes by another time zone', async () => {
    await goodRuns();
    expect(of(await doctor([], { TIMEZONE: 'Asia/Kolkata' }), 'reset-counts')).toMatchObject([
      {
        level: 'warning',
        text: 'runs 5 h 30 min after its times (`0 0 * * *`)',
        way_out: expect.stringContaining('TIMEZONE'),
      },
    ]);
  });

  test('passes that were cut off, and a last run that failed', async () => {
    await goodRuns();
    await scene.db.query(`
      insert into telesweep.runs (run_id, job, started_at) values ('dead', 'delete-broadcasts', now() - interval '1 s');
      update telesweep.runs set outcome = 'failed', summary = '{"error": "Telegram refuses the token"}' where job = 'delete-due'`);
    const told = await doctor();
    expect(of(told, 'delete-broadcasts')).toMatchObject([
      { level: 'warning', text: 'its last pass was cut off, which alone is no fault' },
      {},
    ]);
    expect(of(told, 'delete-due')).toMatchObject([
      {
        level: 'fault',
        text: expect.stringMatching(/^failing since .*: its last \d+ passes failed: Telegram refuses the token$/),
      },
    ]);
  });
});

test('a clock that differs', async () => {
  const other = await createScene({}, {});
  await other.db.setClock('-90 s');
  const { stdout, code } = await other.run(['doctor', '--json']);
  await other.close();
  expect(code).toBe(1);
  const told: Told = JSON.parse(stdout);
  expect(of(told, 'clock')).toMatchObject([{ level: 'fault', text: 'the database is 1 min 30 s behind this host' }]);
});

test('--help has examples and fits 80 columns', async () => {
  const { stdout } = await scene.run(['doctor', '--help']);
  expect(stdout).toContain('Examples:\n  telesweep doctor');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});
