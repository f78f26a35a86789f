import { describe, expect, test } from 'vitest';
import { fileWith, problemsOf } from './problems.ts';

describe('unknown names in the env file', () => {
  test.each([
    ['TELEGRAM_RAET', 'TELEGRAM_RATE'],
    ['telegram_rate', 'TELEGRAM_RATE'],
    ['TELEGRAM_TOKEN', 'TELEGRAM_BOT_TOKEN'],
    ['BOT_TOKEN', 'TELEGRAM_BOT_TOKEN'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATABASE_URL_FIL', 'DATABASE_URL_FILE'],
  ])('an unknown name in it: %s, and the suggestion is %s', (name, suggestion) => {
    expect(problemsOf({ envFile: fileWith(`${name}=1`) })).toEqual([
      `${name}: is not a setting of telesweep; did you mean ${suggestion}?`,
    ]);
  });

  test('an unknown name that is near to none brings no suggestion', () => {
    expect(problemsOf({ envFile: fileWith('COLOUR_OF_THE_SKY=blue') })).toEqual([
      'COLOUR_OF_THE_SKY: is not a setting of telesweep',
    ]);
  });

  test.each([
    ['PGHSOT', /; did you mean PGHOST\?$/],
    ['PGSERVICE', /is not supported; expected PGHOST, PGPORT/],
    ['PGCONNECT_TIMEOUT', /is not followed by telesweep/],
    ['PGHOSTADDR', /is not followed by telesweep; of libpq's it knows PGHOST, .*PGSSLMODE/],
  ])('%s in it', (name, text) => {
    expect(problemsOf({ envFile: fileWith(`${name}=x`) })).toEqual([expect.stringMatching(text)]);
  });

  test('variables of libpq that telesweep follows, and of the shell and cron, may stand in it', () => {
    const names =
      'PGHOST PGUSER PGPASSWORD PGDATABASE PGOPTIONS PGSSLROOTCERT PGSSLCERT PGSSLKEY LANG LC_ALL PATH HOME MAILTO SHELL CRON_TZ';
    const envFile = fileWith(
      names
        .split(' ')
        .map((name) => `${name}=x`)
        .join('\n'),
    );
    expect(problemsOf({ envFile })).toEqual([]);
  });

  test.each([
    'NODE_EXTRA_CA_CERTS',
    'NODE_OPTIONS',
    'NO_COLOR',
    'PGPASSFILE',
    'TZ',
  ])('%s works in the environment alone: in the file it is refused, unless both hold it', (name) => {
    const envFile = fileWith(`${name}=x`);
    expect(problemsOf({ env: { [name]: 'x' } })).toEqual([]);
    expect(problemsOf({ env: { [name]: 'x' }, envFile })).toEqual([]);
    for (const env of [{}, { [name]: 'y' }]) {
      expect(problemsOf({ env, envFile })).toEqual([
        expect.stringMatching(new RegExp(`^${name}: has no effect in an env file: it is .* environment`)),
      ]);
    }
  });
});

describe('unknown names in the environment', () => {
  test.each([
    ['TELEGRAM_RAET', 'TELEGRAM_RATE'],
    ['TELEGRAMRATE', 'TELEGRAM_RATE'],
    ['GUIDE_CHAT_ID', 'GUIDE_CHAT_IDS'],
    ['TELEGRAM_BOT_TOKEN_FLIE', 'TELEGRAM_BOT_TOKEN_FILE'],
    ['NOTCE', 'NOTICE'],
  ])('%s is all but %s', (name, suggestion) => {
    expect(problemsOf({ env: { [name]: 'x' } })).toEqual([
      `${name}: is not a setting of telesweep; did you mean ${suggestion}?`,
    ]);
  });

  test('names of others are left alone', () => {
    const names =
      'API_URL IMG_URL BOT_TOKEN TELEGRAM_TOKEN TELEGRAM_CHAT_ID DATABASE_HOST DATABASE_NAME DATABASE_URL_RO TZ PGURL ' +
      'NODE_ENV RATE OFFICE DEVICE TIME GUIDE HISTORY_DAYS KUBERNETES_SERVICE_HOST npm_config_cache _ A';
    const env = Object.fromEntries(names.split(' ').map((name) => [name, 'x']));
    expect(problemsOf({ env })).toEqual([]);
  });

  test('a near name is left alone where the setting itself is given', () => {
    expect(problemsOf({ env: { DATABASE_URI: 'mongodb://h', DATABASE_URL: 'postgres://h/db' } })).toEqual([]);
    expect(problemsOf({ env: { TIME_ZONE: 'x' }, envFile: fileWith('TIMEZONE=UTC') })).toEqual([]);
  });
});
