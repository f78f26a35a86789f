import { describe, expect, test } from 'vitest';
import { SettingsError } from '../../src/process/errors.ts';
import { checkSettings, readSettings } from '../../src/settings/settings.ts';
import { isSecret, settingsTable } from '../../src/settings/settings-table.ts';
import { fileWith, problemsOf } from './problems.ts';

const token = '123456:AAH-secret_part';
const read = (env: Record<string, string>) => readSettings({ env, requires: [] });

describe('defaults', () => {
  test('nothing is needed where nothing is asked for', () => {
    expect(read({})).toEqual({
      database: { applicationName: 'telesweep', timeZone: 'UTC' },
      schema: null,
      name: null,
      telegramBotToken: null,
      guideBotToken: null,
      apiRoot: 'https://api.telegram.org',
      proxy: null,
      ratePerSecond: 25,
      timeoutMs: 20_000,
      notice: 'send',
      noticeText: expect.stringMatching(/deleted.*again/),
      noticeButton: '♻️ Click Here',
      guideChatIds: [],
      guideIntervalMs: 14_400_000,
      timeZone: 'UTC',
      metricsDir: null,
      pushgatewayUrl: null,
      pingUrl: null,
      runHistoryDays: 30,
      failedDays: 30,
      statsDays: 730,
      alertChatId: null,
      alertThreadId: null,
      alertBotToken: null,
      alertWebhookUrl: null,
      alertAfter: 2,
      alertRepeatMs: 86_400_000,
      statsChatId: null,
      statsThreadId: null,
      secrets: [],
    });
  });

  test('every setting can be given', () => {
    const settings = read({
      DATABASE_URL: 'postgres://h/db',
      TELEGRAM_BOT_TOKEN: token,
      GUIDE_BOT_TOKEN: '77:guide',
      TELEGRAM_API_ROOT: 'http://localhost:8081/api//',
      TELEGRAM_PROXY: 'socks5://proxy:1080',
      TELEGRAM_RATE: '0.5',
      TELEGRAM_TIMEOUT: '1m30s',
      NOTICE: 'edit',
      NOTICE_TEXT: 'gone',
      NOTICE_BUTTON: 'again',
      GUIDE_CHAT_IDS: '-1001234567890, @channel',
      GUIDE_INTERVAL: '90m',
      TIMEZONE: 'Asia/Kolkata',
      METRICS_TEXTFILE_DIR: '/var/lib/metrics',
      PUSHGATEWAY_URL: 'http://push:9091/',
      PING_URL: 'https://hc-ping.com/key/{job}?create=1',
      RUN_HISTORY_DAYS: '1',
      FAILED_DAYS: '3650',
      ALERT_CHAT_ID: '@alerts',
      ALERT_THREAD_ID: '42',
      ALERT_BOT_TOKEN: '88:alerts',
      ALERT_WEBHOOK_URL: 'https://hooks.example/services/key?a=b',
      ALERT_AFTER: '1',
      ALERT_REPEAT: '7d',
    });
    expect(settings).toMatchObject({
      database: { connectionString: 'postgres:///db?host=h', applicationName: 'telesweep' },
      telegramBotToken: token,
      guideBotToken: '77:guide',
      apiRoot: 'http://localhost:8081/api',
      proxy: 'socks5://proxy:1080',
      ratePerSecond: 0.5,
      timeoutMs: 90_000,
      notice: 'edit',
      noticeText: 'gone',
      noticeButton: 'again',
      guideChatIds: ['-1001234567890', '@channel'],
      guideIntervalMs: 5_400_000,
      timeZone: 'Asia/Kolkata',
      metricsDir: '/var/lib/metrics',
      pushgatewayUrl: 'http://push:9091',
      pingUrl: 'https://hc-ping.com/key/{job}?create=1',
      runHistoryDays: 1,
      failedDays: 3650,
      alertChatId: '@alerts',
      alertThreadId: 42,
      alertBotToken: '88:alerts',
      alertWebhookUrl: 'https://hooks.example/services/key?a=b',
      alertAfter: 1,
      alertRepeatMs: 604_800_000,
    });
  });

  test('white space round a value is dropped: a mounted secret often ends with a line break', () => {
    expect(read({ TELEGRAM_BOT_TOKEN: `${token}\n`, TELEGRAM_RATE: ' 7 ' })).toMatchObject({
      telegramBotToken: token,
      ratePerSecond: 7,
    });
  });
});

describe('mistakes', () => {
  test('all are named at once, in the order of the table, those of unknown names last', () => {
    const values = {
      FAILED_DAYS: '0',
      TELEGRAM_RATE: 'fast',
      TELEGRAM_RAETS: '5',
      TIMEZONE: 'Mars/Base',
      GUIDE_CHAT_IDS: '-100abc,5,x',
      DATABASE_URL: 'mysql://h/db',
      NOTICE: '',
    };
    const envFile = fileWith(
      Object.entries(values)
        .map(([name, value]) => `${name}=${value}`)
        .join('\n'),
    );
    expect(problemsOf({ envFile, requires: ['DATABASE_URL', 'TELEGRAM_BOT_TOKEN'] })).toEqual([
      'DATABASE_URL: the value (hidden) does not begin with postgres://; expected postgres://user:password@host:5432/database',
      'TELEGRAM_BOT_TOKEN: is missing; expected a bot token as @BotFather gives it (123456789:AAH…), in the environment, in --env-file or as TELEGRAM_BOT_TOKEN_FILE',
      'TELEGRAM_RATE: "fast" is not a number; expected calls a second: a number from 0.1 to 100000',
      'GUIDE_CHAT_IDS: "-100abc" is not a chat id; expected a number or @name',
      'GUIDE_CHAT_IDS: "x" is not a chat id; expected a number or @name',
      'TIMEZONE: "Mars/Base" is not a time zone; expected an IANA time zone, such as Europe/Berlin',
      'FAILED_DAYS: "0" is too small; expected a whole number of days from 1 to 3650',
      'TELEGRAM_RAETS: is not a setting of telesweep; did you mean TELEGRAM_RATE?',
    ]);
  });

  test('an empty value counts as not given, wherever it stands', () => {
    const nothing = read({});
    for (const name of settingsTable.flatMap((setting) => [
      setting.name,
      ...(isSecret(setting) ? [`${setting.name}_FILE`] : []),
    ])) {
      for (const value of ['', ' \t']) {
        expect(read({ [name]: value }), name).toEqual(nothing);
        const envFile = fileWith(`${name}="${value}"\n`);
        expect(readSettings({ env: {}, envFile, requires: [] }), name).toEqual(nothing);
      }
    }
    expect(problemsOf({ env: { TELEGRAM_BOT_TOKEN: '' }, requires: ['TELEGRAM_BOT_TOKEN'] })).toEqual([
      expect.stringMatching(/^TELEGRAM_BOT_TOKEN: is missing; /),
    ]);
  });

  test('an empty value leaves room for the one that is given', () => {
    const envFile = fileWith('NOTICE=none\nTELEGRAM_BOT_TOKEN_FILE=\n');
    expect(readSettings({ env: { NOTICE: '', TELEGRAM_BOT_TOKEN: token }, envFile, requires: [] })).toMatchObject({
      notice: 'none',
      telegramBotToken: token,
    });
  });

  test('quotes that docker hands over with the value, and bytes of another encoding, are refused', () => {
    expect(problemsOf({ env: { NOTICE_TEXT: '"Gone"' } })).toEqual([
      expect.stringMatching(/^NOTICE_TEXT: stands in quotes, .*; expected it without them$/),
    ]);
    // What Node makes of another encoding.
    expect(problemsOf({ env: { NOTICE_TEXT: Buffer.from('gel\xf6scht', 'latin1').toString() } })).toEqual([
      expect.stringMatching(/^NOTICE_TEXT: has bytes that are not UTF-8; /),
    ]);
    expect(read({ NOTICE_TEXT: '"Gone" and "away"' }).noticeText).toBe('"Gone" and "away"');
  });

  test('a value is quoted in one line and not at any length', () => {
    const [problem] = problemsOf({ env: { NOTICE: `a\nb${'x'.repeat(5000)}` } });
    expect(problem).toMatch(/^NOTICE: "a\\nbx+…" is none of the choices; /);
    expect(problem?.length).toBeLessThan(200);
  });

  test('asking for a setting that does not exist is a defect, not a problem of the operator', () => {
    expect(() => readSettings({ env: {}, requires: ['TELEGRAM_TOKEN'] })).toThrow(/TELEGRAM_TOKEN/);
    expect(() => readSettings({ env: {}, requires: ['TELEGRAM_TOKEN'] })).not.toThrow(SettingsError);
  });
});

describe('the tokens', () => {
  test('the guide bot is the other bot where it has no token of its own', () => {
    const settings = readSettings({ env: { TELEGRAM_BOT_TOKEN: token }, requires: ['GUIDE_BOT_TOKEN'] });
    expect(settings.guideBotToken).toBe(token);
  });

  test('without both, the guide bot is missing and the stand-in is named', () => {
    expect(problemsOf({ requires: ['GUIDE_BOT_TOKEN'] })).toEqual([
      expect.stringMatching(/^GUIDE_BOT_TOKEN: is missing; .* as GUIDE_BOT_TOKEN_FILE or as TELEGRAM_BOT_TOKEN$/),
    ]);
  });

  test('the guide token does not stand in for the other', () => {
    expect(problemsOf({ env: { GUIDE_BOT_TOKEN: token }, requires: ['TELEGRAM_BOT_TOKEN'] })).toHaveLength(1);
  });
});

describe('the bot has a name', () => {
  test.each([
    ['its own setting', { NAME: 'shop.eu', SCHEMA: 'app' }, undefined, 'shop.eu'],
    ['the file that it has in a directory, whatever NAME the environment holds', { NAME: 'DESKTOP-1' }, 'shop', 'shop'],
    ['its schema', { SCHEMA: 'app' }, undefined, 'app'],
    ['nothing, where its schema has what no file can', { SCHEMA: 'a/b' }, undefined, null],
    ['nothing', {}, undefined, null],
  ])('by %s', (_, env, name, expected) => {
    expect(readSettings({ env, requires: [], ...(name === undefined ? {} : { name }) }).name).toBe(expected);
  });

  test.each(['my bot', '-shop', 'a/b', 'x'.repeat(41)])('and %j is none', (NAME) => {
    expect(() => readSettings({ env: { NAME }, requires: [] })).toThrow(`NAME: "${NAME}" is not a name for a bot`);
  });

  test.each([
    ["app'x", 'has quotes'],
    ['telesweep', "is telesweep's own schema"],
    ['pg_catalog', 'is a schema of PostgreSQL itself'],
    ['s'.repeat(64), 'is longer than PostgreSQL takes'],
  ])('and %j is no schema', (SCHEMA, why) => {
    expect(() => readSettings({ env: { SCHEMA }, requires: [] })).toThrow(`SCHEMA: "${SCHEMA}" ${why}`);
  });

  test('that a ping may ask for, in the order of the table where it has none', () => {
    const PING_URL = 'https://hc-ping.com/key/{job}-{name}';
    expect(readSettings({ env: { PING_URL, SCHEMA: 'shop' }, requires: [] })).toMatchObject({ pingUrl: PING_URL });
    const nameless = 'PING_URL: has {name} in it, and the bot has none; expected NAME, or an address without {name}';
    const env = { PING_URL, TIMEZONE: 'Mars', FAILED_DAYS: '0' };
    expect(problemsOf({ env }).map((problem) => problem.split(':')[0])).toEqual([
      'TIMEZONE',
      'PING_URL',
      'FAILED_DAYS',
    ]);
    expect(problemsOf({ env: { PING_URL } })).toEqual([nameless]);
    // Where it has one that cannot be read, that is told alone.
    expect(problemsOf({ env: { PING_URL, NAME: '-' } })).toEqual([expect.stringMatching(/^NAME: /)]);
    const missing = checkSettings({ env: { PING_URL }, envFile: '/no/such/file', requires: [] });
    expect(missing.problems).toEqual([expect.stringMatching(/^--env-file: /)]);
  });
});
