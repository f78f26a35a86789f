import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { botToken } from '../support/bot-api.ts';
import { pendingDeletion } from '../support/rows.ts';
import { bundle } from '../support/run.ts';
import { createScene, type Env, type Scene } from '../support/scene.ts';
import { dumpDatabase } from '../support/secrets.ts';

let scene: Scene;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'telesweep-bad-input-'));
  scene = await createScene();
  scene.api.addMessages(1001, [1, 2]);
  await pendingDeletion(scene.db, { chatId: 1001, messageIds: [1, 2] });
});
afterAll(async () => {
  await scene.close();
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const lines = (text: string): string[] => text.trimEnd().split('\n');

/** Runs a command that must be refused, and checks that nothing was changed and nobody was called. */
async function refused(args: readonly string[], env: Env = {}) {
  const before = await dumpDatabase(scene.db);
  const calls = scene.api.callCount;
  const result = await scene.run(args, env);
  expect(scene.api.callCount).toBe(calls);
  expect(await dumpDatabase(scene.db)).toEqual(before);
  return result;
}

describe('settings that are wrong: exit 78, all named at once, nothing changed', () => {
  const cases: [what: string, env: Env, expected: RegExp[]][] = [
    [
      'two that are missing',
      { DATABASE_URL: undefined, TELEGRAM_BOT_TOKEN: undefined },
      [
        /^telesweep delete-due: DATABASE_URL: is missing; expected postgres:/,
        /TELEGRAM_BOT_TOKEN: is missing; expected a bot token/,
      ],
    ],
    [
      'two that are empty',
      { DATABASE_URL: '', TELEGRAM_BOT_TOKEN: '' },
      [/DATABASE_URL: is missing; expected/, /TELEGRAM_BOT_TOKEN: is missing; expected/],
    ],
    [
      'one of every kind that is malformed',
      {
        DATABASE_URL: 'mysql://h/db',
        TELEGRAM_BOT_TOKEN: 'no-token',
        TELEGRAM_API_ROOT: 'ftp://h',
        TELEGRAM_PROXY: 'socks4://h:1',
        TELEGRAM_RATE: 'fast',
        TELEGRAM_TIMEOUT: '20',
        NOTICE: 'shout',
        NOTICE_TEXT: 'x'.repeat(4097),
        NOTICE_BUTTON: 'x'.repeat(65),
        GUIDE_CHAT_IDS: '-100abc',
        GUIDE_INTERVAL: '-4h',
        TIMEZONE: 'Mars/Base',
        METRICS_TEXTFILE_DIR: 'relative/path',
        PUSHGATEWAY_URL: 'gateway',
        PING_URL: 'hc-ping.com/x',
        RUN_HISTORY_DAYS: '0',
        FAILED_DAYS: 'never',
      },
      [
        /DATABASE_URL: the value \(hidden\) does not begin with postgres:\/\//,
        /TELEGRAM_BOT_TOKEN: the value \(hidden\) is not a bot token; expected/,
        /TELEGRAM_API_ROOT: "ftp:\/\/h" .*; expected/,
        /TELEGRAM_PROXY: the value \(hidden\) .*; expected/,
        /TELEGRAM_RATE: "fast" is not a number; expected/,
        /TELEGRAM_TIMEOUT: "20" is not a duration; expected/,
        /NOTICE: "shout" is none of the choices; expected send, edit or none/,
        /NOTICE_TEXT: "x+…" is too long \(4097 characters\); expected/,
        /NOTICE_BUTTON: "x+" is too long \(65 characters\); expected/,
        /GUIDE_CHAT_IDS: "-100abc" is not a chat id; expected a number or @name/,
        /GUIDE_INTERVAL: "-4h" is not a duration; expected/,
        /TIMEZONE: "Mars\/Base" is not a time zone; expected/,
        /METRICS_TEXTFILE_DIR: "relative\/path" is not an absolute path; expected/,
        /PUSHGATEWAY_URL: .*; expected/,
        /PING_URL: .*; expected/,
        /RUN_HISTORY_DAYS: "0" is too small; expected/,
        /FAILED_DAYS: "never" is not a whole number; expected/,
      ],
    ],
    [
      'a name that is no setting',
      { TELEGRAM_BOT_TOKE: 'x', TELEGRAM_BOT_TOKEN: undefined },
      [
        /TELEGRAM_BOT_TOKEN: is missing/,
        /TELEGRAM_BOT_TOKE: is not a setting of telesweep; did you mean TELEGRAM_BOT_TOKEN\?/,
      ],
    ],
  ];
  test.each(cases)('%s', async (_what, env, expected) => {
    const { code, stdout, stderr } = await refused(['delete-due'], env);
    expect(code).toBe(78);
    expect(stdout).toBe('');
    expect(lines(stderr)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
    for (const line of lines(stderr)) expect(line).toMatch(/^telesweep delete-due: /);
  });

  test('both X and X_FILE, a file that is not there, an empty one', async () => {
    const database = file('database', `${scene.env.DATABASE_URL}\n`);
    const { code, stderr } = await refused(['delete-due'], {
      DATABASE_URL_FILE: database,
      TELEGRAM_BOT_TOKEN: undefined,
      TELEGRAM_BOT_TOKEN_FILE: join(folder, 'nowhere'),
      TELEGRAM_PROXY_FILE: file('empty', '\n'),
    });
    expect(code).toBe(78);
    expect(lines(stderr)).toEqual([
      expect.stringMatching(
        /DATABASE_URL: is given both as DATABASE_URL and as DATABASE_URL_FILE; expected one of them/,
      ),
      expect.stringMatching(/TELEGRAM_BOT_TOKEN_FILE: ".*nowhere" cannot be read: /),
      expect.stringMatching(/TELEGRAM_PROXY_FILE: ".*empty" is an empty file; expected/),
    ]);
  });

  test('an env file that is not there, and one that is malformed', async () => {
    const missing = await refused(['delete-due', '--env-file', join(folder, 'no.env')]);
    expect(missing.code).toBe(78);
    expect(missing.stderr).toMatch(/--env-file: ".*no\.env" cannot be read/);
    const malformed = file('bad.env', 'TELEGRAM_RATE=5\nthis is no line\nTELEGRAM_RAET=5\n');
    const { code, stderr } = await refused(['delete-due', '--env-file', malformed]);
    expect(code).toBe(78);
    expect(stderr).toMatch(/--env-file: ".*bad\.env" is malformed: .*2/);
    expect(stderr).toMatch(/TELEGRAM_RAET: is not a setting of telesweep; did you mean TELEGRAM_RATE\?/);
  });

  test('Node, which has a flag of the same name, leaves a missing env file to telesweep', async () => {
    const args = [bundle, 'delete-due', '--env-file', join(folder, 'no.env')];
    // As its first line says: the installed program is started by the shell.
    const { status, stderr } = spawnSync('sh', args, { encoding: 'utf8', env: { PATH: process.env.PATH } });
    expect(status).toBe(78);
    expect(stderr).toMatch(/^telesweep delete-due: --env-file: ".*no\.env" cannot be read/);
    expect(readFileSync(bundle, 'utf8')).toMatch(/^#!\/usr\/bin\/env sh\n/);
  });

  test('with --json, stdout holds one object that says the same', async () => {
    const { code, stdout, stderr } = await refused(['delete-due', '--json'], { TELEGRAM_RATE: 'fast', NOTICE: 'x' });
    expect(code).toBe(78);
    expect(lines(stdout)).toHaveLength(1);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ job: 'delete-due', outcome: 'failed', stop_reason: 'error' });
    expect(summary.error).toMatch(/TELEGRAM_RATE: .*\nNOTICE: /);
    expect(lines(stderr)).toHaveLength(2);
  });
});

describe('the command line: exit 64, with a suggestion', () => {
  test.each([
    [['delete-deu'], "unknown command 'delete-deu'", 'delete-due'],
    [['mirgate'], "unknown command 'mirgate'", 'migrate'],
    [['delete-due', '--dry-rnu'], "unknown option '--dry-rnu'", '--dry-run'],
    [['delete-due', '--limt', '5'], "unknown option '--limt'", '--limit'],
    [['migrate', '--dry-rum'], "unknown option '--dry-rum'", '--dry-run'],
    [['delete-due', '--force'], "unknown option '--force'", ''],
    [['delete-due', '--limit', '0'], 'expected a whole number from 1 on', ''],
    [['delete-due', '--limit', '1.5'], 'expected a whole number from 1 on', ''],
    [['delete-due', '--limit'], 'argument missing', ''],
    [['delete-due', '--max-runtime', '55'], 'expected a duration such as 55m', ''],
    [['delete-due', '--max-runtime', '0s'], 'expected a duration such as 55m', ''],
    [['delete-due', '--log-level', 'loud'], 'Allowed choices are', 'debug'],
    [['delete-due', 'now'], 'too many arguments', ''],
    [[], 'Usage: telesweep', 'delete-due'],
  ])('telesweep %j', async (args, problem, suggestion) => {
    const { code, stdout, stderr } = await refused(args);
    expect(code).toBe(64);
    expect(stdout).toBe('');
    expect(stderr).toContain(problem);
    if (suggestion !== '')
      expect(stderr).toMatch(new RegExp(`(Did you mean|choices are|Commands:)[\\s\\S]*${suggestion}`));
  });

  test('with --json, stdout holds one object that says the same', async () => {
    const { code, stdout } = await refused(['delete-due', '--json', '--limit', 'many']);
    expect(code).toBe(64);
    expect(lines(stdout)).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'failed', error: expect.stringContaining('--limit') });
  });

  test('a secret has no flag', async () => {
    const { code } = await refused(['delete-due', '--telegram-bot-token', '1:abc']);
    expect(code).toBe(64);
  });
});

test('after all of this the record stands as it did, and a good pass does it', async () => {
  const { code, summary } = await scene.pass(['delete-due'], { TELEGRAM_BOT_TOKEN: botToken });
  expect(code).toBe(0);
  expect(summary.counts).toMatchObject({ records: 1, messages_deleted: 2, notices_sent: 1 });
});
