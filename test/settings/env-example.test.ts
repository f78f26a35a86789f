import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../src/settings/settings.ts';
import { settingsTable } from '../../src/settings/settings-table.ts';
import { fileWith, problemsOf } from './problems.ts';

const token = '123456:AAH-secret_part';
const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

describe('.env.example', () => {
  const filled = example
    .replace('DATABASE_URL=\n', 'DATABASE_URL=postgres://u:word@h/db\n')
    .replace('TELEGRAM_BOT_TOKEN=\n', `TELEGRAM_BOT_TOKEN=${token}\n`);

  test('works once the two settings that it leaves empty are filled in', () => {
    const settings = readSettings({
      env: {},
      envFile: fileWith(filled),
      requires: ['DATABASE_URL', 'TELEGRAM_BOT_TOKEN'],
    });
    const bare = readSettings({
      env: { DATABASE_URL: 'postgres://u:word@h/db', TELEGRAM_BOT_TOKEN: token },
      requires: [],
    });
    expect(settings).toEqual(bare);
  });

  test('works with DATABASE_URL filled in alone, for a job that calls nobody', () => {
    const envFile = fileWith(example.replace('DATABASE_URL=\n', 'DATABASE_URL=postgres://u:word@h/db\n'));
    expect(problemsOf({ envFile, requires: ['DATABASE_URL'] })).toEqual([]);
    expect(problemsOf({ envFile, requires: ['DATABASE_URL', 'TELEGRAM_BOT_TOKEN'] })).toEqual([
      expect.stringMatching(/^TELEGRAM_BOT_TOKEN: is missing/),
    ]);
  });

  test('its examples are well-formed', () => {
    const uncommented = filled.replace(/^# (?=[A-Z_]+=)/gm, '');

    expect(uncommented.match(/^[A-Z_]+=/gm)).toHaveLength(settingsTable.length);
    expect(problemsOf({ envFile: fileWith(uncommented) })).toEqual([]);
  });
});
