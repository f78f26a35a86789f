import { chmodSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../src/settings/settings.ts';
import { isSecret, settingsTable } from '../../src/settings/settings-table.ts';
import { asOrdinaryUser } from '../support/ordinary-user.ts';
import { fileWith, problemsOf, unusedPath } from './problems.ts';

const token = '123456:AAH-secret_part';
const read = (env: Record<string, string>, envFile: string | null = null) =>
  readSettings({ env, envFile, requires: [] });

describe('the env file', () => {
  test('the environment wins over it', () => {
    const envFile = fileWith('TELEGRAM_RATE=5\nNOTICE=none\n');
    expect(read({ TELEGRAM_RATE: '6' }, envFile)).toMatchObject({ ratePerSecond: 6, notice: 'none' });
  });

  test('comments, export, quotes, line breaks in quotes, Windows line ends and a byte order mark', () => {
    const envFile = fileWith(
      '\uFEFF# a comment\r\n\r\nexport NOTICE=edit # why\r\nTELEGRAM_RATE = 9\r\n  NOTICE_TEXT="one\r\n# two=2\r\nthree"\r\n' +
        `GUIDE_CHAT_IDS='[5,"@name"]'\r\n`,
    );
    expect(read({}, envFile)).toMatchObject({
      notice: 'edit',
      ratePerSecond: 9,
      noticeText: 'one\n# two=2\nthree',
      guideChatIds: ['5', '@name'],
    });
  });

  test('what is common to all gives way to it, in either form', () => {
    const secret = fileWith('postgres://u@own/db');
    const common = { DATABASE_URL: 'postgres://u@common/db', TELEGRAM_BOT_TOKEN_FILE: '/nowhere' };
    const envFile = fileWith(`DATABASE_URL_FILE="${secret}"\nTELEGRAM_BOT_TOKEN=${token}\n`);
    const settings = readSettings({ env: {}, envFile, common, name: 'shop', requires: [] });
    expect(settings.database.connectionString).toContain('host=own');
    expect(settings.telegramBotToken).toBe(token);
  });

  test('one that cannot be read is named with the reason, and nothing is called missing', () => {
    const path = unusedPath();
    expect(problemsOf({ envFile: path, requires: ['DATABASE_URL'], env: { NOTICE: 'x' } })).toEqual([
      `--env-file: "${path}" cannot be read: no such file`,
      'NOTICE: "x" is none of the choices; expected send, edit or none',
    ]);
    expect(problemsOf({ envFile: '/' })).toEqual(['--env-file: "/" cannot be read: it is a directory']);
  });

  test('a line that is no NAME=value is named by its number and not shown, and spoils no other', () => {
    const envFile = fileWith(
      `NOTICE=none\n${token}\npostgres://u:hush@h/db?a=b\nTELEGRAM_RATE: 5\nTELEGRAM_TIMEOUT="5s\nFAILED_DAYS=0`,
    );
    expect(problemsOf({ envFile })).toEqual([
      ...[2, 3, 4].map((line) => `--env-file: "${envFile}" is malformed: line ${line} is not NAME=value`),
      `--env-file: "${envFile}" is malformed: line 5 opens a quote that nothing closes`,
      expect.stringMatching(/^FAILED_DAYS: "0"/),
    ]);
  });
});

describe('secrets from files', () => {
  const secretNames = settingsTable.filter(isSecret).map((setting) => setting.name);

  test('the content counts, without the line break at its end', () => {
    const settings = read({
      TELEGRAM_BOT_TOKEN_FILE: fileWith(`${token}\n`),
      DATABASE_URL_FILE: fileWith('postgres://u:word@h/db\r\n'),
      PING_URL_FILE: fileWith('https://h/key'),
    });
    expect(settings.telegramBotToken).toBe(token);
    expect(settings.database.connectionString).toContain('word');
    expect(settings.pingUrl).toBe('https://h/key');
  });

  test('it satisfies what is asked for', () => {
    const env = { TELEGRAM_BOT_TOKEN_FILE: fileWith(token) };
    expect(problemsOf({ env, requires: ['TELEGRAM_BOT_TOKEN', 'GUIDE_BOT_TOKEN'] })).toEqual([]);
  });

  test.each(secretNames)('%s and its _FILE at once is a mistake that names both, wherever they stand', (name) => {
    const env = { [`${name}_FILE`]: unusedPath() };
    const problem = `${name}: is given both as ${name} and as ${name}_FILE; expected one of them`;
    expect(problemsOf({ env: { ...env, [name]: 'x' } })).toEqual([problem]);
    expect(problemsOf({ env, envFile: fileWith(`${name}=x`), requires: [name] })).toEqual([problem]);
  });

  test.each(secretNames)('%s_FILE that is missing, a directory or empty', (name) => {
    const file = `${name}_FILE`;
    const [path, empty] = [unusedPath(), fileWith(' \n')];
    expect(problemsOf({ env: { [file]: path } })).toEqual([`${file}: "${path}" cannot be read: no such file`]);
    expect(problemsOf({ env: { [file]: '/' } })).toEqual([`${file}: "/" cannot be read: it is a directory`]);
    expect(problemsOf({ env: { [file]: empty } })[0]).toContain(`${file}: "${empty}" is an empty file; expected `);
  });

  test('one without permission says so', async () => {
    const path = fileWith(token);
    chmodSync(path, 0);
    const problems = await asOrdinaryUser(() => problemsOf({ env: { TELEGRAM_BOT_TOKEN_FILE: path } }));
    expect(problems[0]).toContain('cannot be read: permission denied');
  });

  test('other settings have no _FILE', () => {
    expect(problemsOf({ envFile: fileWith('TELEGRAM_RATE_FILE=/x') })).toHaveLength(1);
  });
});
