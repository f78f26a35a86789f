/** `telesweep stats --send`: what people are told of a stretch, at most once. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { botToken } from '../support/bot-api.ts';
import { createScene, type Env, type Scene } from '../support/scene.ts';

const chat = '-1001234567890';
const bot = botToken.slice(0, botToken.indexOf(':'));

let scene: Scene;
beforeAll(async () => {
  scene = await createScene({}, { STATS_CHAT_ID: chat, NAME: 'shop', TIMEZONE: 'Europe/Berlin' });
  // A Wednesday; the week before had the day of 23 hours.
  await scene.db.setClock('2026-04-01T10:00:00Z');
});
afterAll(() => scene.close());

beforeEach(async () => {
  scene.api.clearFaults();
  scene.api.addChat({ id: chat, topics: [42] });
  await scene.db.query(`
    truncate telesweep.daily, telesweep.reports, telesweep.budgets, tokens, token_generator_count;
    insert into telesweep.daily (schema_name, day, metric, value)
    values ('public', '2026-01-01', 'calls', 1), ('public', '2026-03-22', 'messages_deleted', 1000),
      ('public', '2026-03-23', 'messages_deleted', 1200), ('public', '2026-03-29', 'messages_deleted', 34),
      ('public', '2026-03-30', 'messages_deleted', 9999), ('public', '2026-03-22', 'users_total', 12000),
      ('public', '2026-03-29', 'users_total', 12345), ('public', '2026-03-29', 'users_new', 400), ('public', '2026-03-29', 'users_banned', 5),
      ('public', '2026-03-25', 'tokens_verified', 60), ('public', '2026-03-25', 'tokens_bypassed', 20),
      ('public', '2026-03-25', 'token_users', 70), ('public', '2026-03-25', 'tokens_generated', 100),
      ('public', '2026-03-25', 'messages_failed', 3), ('public', '2026-03-22', 'bytes:tokens', 1000000),
      ('public', '2026-03-29', 'bytes:tokens', 1500000)`);
});

/** Runs it, and returns what the chat got by it. */
async function send(args: readonly string[] = [], env: Env = {}) {
  const before = scene.api.sent(chat).length;
  const { code, stdout, stderr } = await scene.run(['stats', '--send', ...args], env);
  return { code, stdout, stderr, sent: scene.api.sent(chat).slice(before) };
}

const reports = () =>
  scene.db.query(`select stretch, began::text as began, state, chat_id, error from telesweep.reports order by 1, 2`);

const text = `📊 shop: 23 – 29 Mar 2026

Users: 12,345 in all (+2.9 %), 400 joined, 70 active a day, 5 banned
Tokens: 100 made, 60 verified, 20 bypassed
Rates: 80 % of the tokens made were used, 25 % of those were bypassed
Messages: 1,234 deleted (+23 %), 3 given up
Grew most: tokens 1.5 MB (+50 %)

Incomplete: Database (size): no pass ended then`;

describe('the report', () => {
  test('of the last full week is sent once, with numbers as people write them', async () => {
    const first = await send();
    expect(first).toMatchObject({ code: 0, stdout: 'the report of 23 – 29 Mar 2026 is sent\n', stderr: '' });
    expect(first.sent.map((message) => message.text)).toEqual([text]);
    expect(await send()).toEqual({
      code: 0,
      stdout: 'the report of 23 – 29 Mar 2026 was sent before\n',
      stderr: '',
      sent: [],
    });
    expect(await reports()).toEqual([
      { stretch: 'week', began: '2026-03-23', state: 'sent', chat_id: chat, error: null },
    ]);
  });

  test('of a day and of a month are others, each sent once', async () => {
    for (const [by, name] of [
      ['day', 'Tue 31 Mar 2026'],
      ['month', 'March 2026'],
    ] as const) {
      const { sent } = await send(['--by', by]);
      expect(sent).toMatchObject([{ text: expect.stringContaining(`📊 shop: ${name}\n`) }]);
      expect((await send(['--by', by])).sent).toEqual([]);
    }
    expect((await send()).sent).toHaveLength(1);
  });

  test('of the next week is due when that one is over, at midnight of TIMEZONE', async () => {
    await send();
    await scene.db.setClock('2026-04-05T21:59:50Z');
    expect((await send()).sent).toEqual([]);
    await scene.db.setClock('2026-04-05T22:00:00Z');
    expect((await send()).sent).toMatchObject([{ text: expect.stringContaining('30 Mar – 5 Apr 2026') }]);
    await scene.db.setClock('2026-04-01T10:00:00Z');
  });

  test('a dry run prints it, asks for no chat, and changes nothing', async () => {
    const env = { STATS_CHAT_ID: undefined, TELEGRAM_BOT_TOKEN: undefined };
    expect(await send(['--dry-run'], env)).toEqual({ code: 0, stdout: `${text}\n`, stderr: '', sent: [] });
    expect(await reports()).toEqual([]);
    const { stdout } = await send(['--dry-run', '--json'], env);
    expect(JSON.parse(stdout)).toEqual({
      bot: 'shop',
      ok: true,
      did: 'would_send',
      by: 'week',
      start: '2026-03-23',
      end: '2026-03-29',
      text,
      error: null,
    });
  });

  test('of a week before the first count is not sent', async () => {
    await scene.db.query(`delete from telesweep.daily where day < '2026-03-30'`);
    const { code, stdout, sent } = await send();
    expect([code, sent, stdout]).toEqual([0, [], expect.stringMatching(/is not sent: nothing was counted then\n$/)]);
    expect(await reports()).toEqual([]);
  });

  test('wants its settings', async () => {
    const { code, stderr } = await send([], { STATS_CHAT_ID: undefined });
    expect([code, stderr]).toEqual([78, expect.stringContaining('STATS_CHAT_ID: is missing')]);
    expect((await send([], { STATS_THREAD_ID: 'x' })).code).toBe(78);
  });

  test('goes to its topic, and to the chat where that is gone', async () => {
    expect((await send([], { STATS_THREAD_ID: '42' })).sent).toMatchObject([{ threadId: 42 }]);
    await scene.db.query('truncate telesweep.reports');
    scene.api.fault({
      kind: 'error',
      code: 400,
      description: 'Bad Request: message thread not found',
      when: ({ params }) => 'message_thread_id' in params,
    });
    expect((await send([], { STATS_THREAD_ID: '42' })).sent).toMatchObject([{ threadId: null }]);
  });
});

describe('what is not delivered', () => {
  const doctor = async (): Promise<string> => {
    const { stdout } = await scene.run(['doctor', '--json']);
    const { findings }: { findings: { check: string; level: string; text: string }[] } = JSON.parse(stdout);
    return findings
      .filter(({ check }) => check === 'report')
      .map(({ level, text: words }) => `${level}: ${words}`)
      .join('\n');
  };

  test('a refusal is failed, doctor warns of it, and the next run sends', async () => {
    scene.api.addChat({ id: chat, state: 'kicked' });
    const refused = await send();
    expect(refused).toMatchObject({ code: 1, stdout: '', sent: [] });
    expect(refused.stderr).toMatch(
      /^telesweep stats: shop: the report of 23 – 29 Mar 2026 was not sent: .*bot was kicked.*; the next telesweep stats --send tries again\n$/,
    );
    expect(await doctor()).toMatch(/^warning: that of the week from 2026-03-23 on was not sent: .*bot was kicked/);
    const ofDay = await send(['--by', 'day']);
    expect(ofDay.stderr).toMatch(/; the next telesweep stats --send --by day tries again\n$/);
    expect((await scene.run(['doctor'])).stdout).toMatch(
      / then telesweep stats --send --by day\n[\s\S]* then telesweep stats --send\n/,
    );
    scene.api.addChat(chat);
    expect(await send()).toMatchObject({ code: 0, sent: [{ text }] });
    expect(await send(['--by', 'day'])).toMatchObject({ code: 0 });
    expect((await doctor()).split('\n')).toContain('fine: that of the week from 2026-03-23 on was sent');
  });

  test.each([
    'drop_before',
    'drop_after',
    '5xx_after',
  ] as const)('a lost answer (%s) is told and not repeated', async (kind) => {
    scene.api.fault({ kind, method: 'sendMessage' });
    const calls = scene.api.calls.length;
    const { code, stderr } = await send();
    expect([code, stderr]).toEqual([1, expect.stringMatching(/may not have arrived: .*; it is not sent again\n$/)]);
    expect(await doctor()).toMatch(/^warning: that of the week from 2026-03-23 on may not have arrived: /);
    const again = await send();
    expect(again).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('may not have arrived') });
    expect(scene.api.calls.slice(calls).filter(({ method }) => method === 'sendMessage')).toHaveLength(1);
    expect(await reports()).toMatchObject([{ state: 'uncertain' }]);
  });

  test('a pause that Telegram asks for is kept for every process, and obeyed', async () => {
    scene.api.fault({ kind: 'retry_after', seconds: 600, method: 'sendMessage' });
    const asked = await send();
    expect([asked.code, asked.stderr]).toEqual([75, expect.stringMatching(/pause for 10 min more; /)]);
    const calls = scene.api.calls.length;
    expect((await send()).code).toBe(75);
    expect(scene.api.calls.length).toBe(calls);
    expect(
      await scene.db.query(`select bot_id, paused_until > now() + interval '590 s' as paused from telesweep.budgets`),
    ).toEqual([{ bot_id: bot, paused: true }]);
    await scene.db.query('truncate telesweep.budgets');
    expect((await send()).sent).toHaveLength(1);
  });

  test('a refused token, and a Telegram out of reach, have their own exit codes and may be tried again', async () => {
    const wrong = await send([], { TELEGRAM_BOT_TOKEN: '987654321:AAH-of-another-bot-altogether' });
    expect([wrong.code, wrong.stderr]).toEqual([
      77,
      expect.stringMatching(/TELEGRAM_BOT_TOKEN: Telegram refuses the token/),
    ]);
    const away = await send([], { TELEGRAM_API_ROOT: 'http://127.0.0.1:9' });
    expect([away.code, away.stderr]).toEqual([69, expect.stringMatching(/Telegram cannot be reached: /)]);
    expect((await send(['--json'], { TELEGRAM_API_ROOT: 'http://127.0.0.1:9' })).stdout).toMatch(
      /^\{"bot":"shop","ok":false,"error":/,
    );
    expect(await send()).toMatchObject({ code: 0, sent: [{ text }] });
  });
});

test('several at once send one', async () => {
  const before = scene.api.sent(chat).length;
  const results = await Promise.all(Array.from({ length: 5 }, () => scene.run(['stats', '--send', '--json'])));
  expect(results.map(({ code }) => code)).toEqual(Array(5).fill(0));
  expect(scene.api.sent(chat).length - before).toBe(1);
  const did = results.map(({ stdout }) => JSON.parse(stdout).did);
  expect(did.filter((one) => one === 'sent')).toHaveLength(1);
  expect(did.filter((one) => !['sent', 'held', 'already_sent'].includes(one))).toEqual([]);
});

test('the claim is on disk before the call, whatever the role’s settings', async () => {
  const { db } = scene;
  await db.query(`
    create table commits (mode text);
    create function note_commit() returns trigger language plpgsql as $$ begin
      if new.state = 'sending' then insert into commits values (current_setting('synchronous_commit')); end if; return null; end $$;
    create constraint trigger note_commit after insert or update on telesweep.reports deferrable initially deferred
      for each row execute function note_commit();
    alter database ${db.name} set synchronous_commit = off`);
  const { sent } = await send();
  const modes = await db.query('select mode from commits');
  await db.query(`drop trigger note_commit on telesweep.reports; drop function note_commit; drop table commits;
    alter database ${db.name} reset synchronous_commit`);
  expect([sent.length, modes]).toEqual([1, [{ mode: 'on' }]]);
});

test('not before its time of the day, and in silence where all is well', async () => {
  try {
    // 08:59 in Berlin.
    await scene.db.setClock('2026-03-30T06:59:00Z');
    expect(await send(['--at', '09:00', '--quiet'])).toEqual({ code: 0, stdout: '', stderr: '', sent: [] });
    expect(await send(['--at', '09:00'])).toMatchObject({
      stdout: 'the report of 23 – 29 Mar 2026 is not sent before 09:00\n',
      sent: [],
    });
    await scene.db.setClock('2026-03-30T07:00:00Z');
    const inTime = await send(['--at', '09:00', '--quiet']);
    expect([inTime.sent.length, inTime.stdout, inTime.stderr]).toEqual([1, '', '']);
    expect(await send(['--at', '09:00', '--quiet'])).toEqual({ code: 0, stdout: '', stderr: '', sent: [] });
    await scene.db.query('truncate telesweep.reports');
    // What was missed on Monday goes on the morning after, and not in the night.
    await scene.db.setClock('2026-03-31T00:30:00Z');
    expect((await send(['--at', '09:00', '--quiet'])).sent).toEqual([]);
    await scene.db.setClock('2026-03-31T09:30:00Z');
    expect((await send(['--at', '09:00', '--quiet'])).sent).toHaveLength(1);
    await scene.db.query('truncate telesweep.reports');
    scene.api.fault({ kind: 'error', code: 403, description: 'Forbidden: bot was kicked', method: 'sendMessage' });
    const failed = await send(['--quiet']);
    expect([failed.code, failed.stdout, failed.stderr]).toEqual([1, '', expect.stringContaining('was not sent')]);
  } finally {
    await scene.db.setClock('2026-04-01T10:00:00Z');
  }
});

test('schedule prints it where its chat is set, on Mondays at nine', async () => {
  const lines = async (env: Env): Promise<string> => (await scene.run(['schedule', 'crontab'], env)).stdout;
  expect(await lines({ STATS_CHAT_ID: undefined })).not.toContain('stats');
  expect(await lines({})).toMatch(/^0 9,10,11 \* \* 1 {2}\S*telesweep stats --send --quiet --env-file /m);
  const { stdout } = await scene.run(['schedule', 'systemd', '--json'], { NAME: undefined });
  const { files }: { files: { name: string; text: string }[] } = JSON.parse(stdout);
  const unit = (kind: string) => files.find(({ name }) => name === `telesweep-stats.${kind}`)?.text;
  expect(unit('timer')).toContain('\nOnCalendar=Mon *-*-* 09,10,11:00:00 Europe/Berlin\n');
  expect(unit('service')).toMatch(/^ExecStart=telesweep stats --send --quiet --env-file \S+$/m);
  expect(unit('service')).toMatch(/^StartLimitIntervalSec=1800$/m);
  // What it could not send is a failed unit, and what another try may mend is tried again.
  expect(unit('service')).toMatch(/^SuccessExitStatus=75$/m);
  const { stdout: manifests } = await scene.run(['schedule', 'kubernetes', '--image', 'i', '--json'], {
    NAME: undefined,
  });
  const { files: objects }: { files: { name: string; text: string }[] } = JSON.parse(manifests);
  const cronJob: unknown = parse(objects.find(({ name }) => name === 'telesweep-stats.yaml')?.text ?? '');
  expect(cronJob).toMatchObject({
    metadata: { name: 'telesweep-stats' },
    spec: {
      schedule: '0 9,10,11 * * 1',
      timeZone: 'Europe/Berlin',
      jobTemplate: { spec: { template: { spec: { containers: [{ args: ['stats', '--send', '--quiet'] }] } } } },
    },
  });
  expect(objects.map(({ text: object }) => object).join('')).toContain(`  STATS_CHAT_ID: "${chat}"\n`);
});
