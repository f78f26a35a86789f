import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact } from '../../src/process/redact.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { isSecret, settingsTable } from '../../src/settings/settings-table.ts';
import { problemsOf } from './problems.ts';

const token = '123456:AAH-secret_part';
const read = (env: Record<string, string>) => readSettings({ env, requires: [] });

describe('what must never be printed', () => {
  test('every secret, in the forms in which it may turn up', () => {
    const { secrets } = read({
      DATABASE_URL: 'postgres://user:db%20p%40ss+@h/db',
      TELEGRAM_BOT_TOKEN: token,
      GUIDE_BOT_TOKEN: '77:guide-part',
      TELEGRAM_PROXY: 'http://me:pr%21xy@h:1',
      PUSHGATEWAY_URL: 'https://push-user:push-word@h',
      PING_URL: 'https://hc-ping.com/0123456789abcdef/{job}',
      ALERT_BOT_TOKEN: '88:alert-part',
      ALERT_WEBHOOK_URL: 'https://hooks.example/services/fedcba9876543210',
      PGPASSWORD: 'from-libpq',
    });
    const forms = [
      'db p@ss+',
      'db%20p%40ss+',
      'db%20p%40ss%2B',
      'db+p%40ss%2B',
      token,
      'AAH-secret_part',
      'guide-part',
      'alert-part',
      'https://hooks.example/services/fedcba9876543210',
      'fedcba9876543210',
    ];
    for (const form of [...forms, 'pr!xy', 'pr%21xy', 'push-word', '0123456789abcdef', 'from-libpq']) {
      expect(secrets).toContain(form);
    }
    for (const harmless of [
      'user',
      'me',
      'push-user',
      '123456',
      '77',
      'h',
      'hc-ping.com',
      'hooks.example',
      'services',
    ]) {
      expect(secrets).not.toContain(harmless);
    }
  });

  test('a secret of three letters is too short to hide', () => {
    expect(read({ TELEGRAM_BOT_TOKEN: '1:abc', PGPASSWORD: 'abc' }).secrets).not.toContain('abc');
  });

  test('whatever the password, neither a URL nor a variable lets it into an output', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4, maxLength: 30 }), (password) => {
        fc.pre(
          password === password.trim() &&
            !password.includes('*') &&
            !'postgres:///db?host=h&user=&password='.includes(password),
        );
        const settings = read({ DATABASE_URL: `postgres://bot:${encodeURIComponent(password)}@h/db` });
        const line = JSON.stringify({ password, url: settings.database.connectionString });
        const shown = redact(line, settings.secrets);
        expect(shown).not.toContain(JSON.stringify(password).slice(1, -1));
        expect(shown).not.toContain(encodeURIComponent(password));
      }),
    );
  });

  test('a malformed secret is not shown, nor any part of it, wherever it was put', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z]{3}Q[a-zQ]{30,200}Q$/),
        fc.constantFrom(...settingsTable.filter(isSecret).map((setting) => setting.name)),
        fc.constantFrom(
          'NOTICE',
          'TELEGRAM_RATE',
          'TIMEZONE',
          'GUIDE_CHAT_IDS',
          'METRICS_TEXTFILE_DIR',
          'TELEGRAM_API_ROOT',
        ),
        (secret, name, other) => {
          const problems = problemsOf({ env: { [name]: secret, [other]: secret } });
          expect(problems).toHaveLength(2);
          for (const problem of problems) expect(problem).not.toContain(secret.slice(0, 8));
        },
      ),
    );
  });

  test.each([
    ['TELEGRAM_BOT_TOKEN_FILE', token],
    ['DATABASE_URL_FILE', 'postgres://u:hush@h/db'],
    ['TELEGRAM_PROXY_FILE', 'socks5://u:hush@h'],
    ['TELEGRAM_RATE', '123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw'],
    ['TELEGRAM_API_ROOT', 'https://api.telegram.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw'],
    ['TELEGRAM_API_ROOT', 'https://u:hush@h'],
    ['METRICS_TEXTFILE_DIR', 'postgres://u:hush@h/db'],
  ])('a secret that was put into %s is hidden', (name, value) => {
    const [problem] = problemsOf({ env: { [name]: value } });
    expect(problem).toContain(`${name}: `);
    expect(problem).not.toMatch(/hush|AAH/);
  });
});
