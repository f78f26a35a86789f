import { describe, expect, test } from 'vitest';
import { readSettings } from '../../src/settings/settings.ts';
import { problemsOf } from './problems.ts';

describe('every kind of value', () => {
  test.each([
    [
      'TELEGRAM_BOT_TOKEN',
      ['abc', '123:', '123:a b', ':abcdef', '123:ab', '123:ключ', 'bot123:abcdef', `${'1'.repeat(21)}:abc`],
    ],
    [
      'TELEGRAM_API_ROOT',
      [
        'api.telegram.org',
        'ftp://h',
        'https://u:p@h',
        'https://h?x=1',
        'https://h#x',
        'https://',
        'https://h/bot12:abc',
      ],
    ],
    [
      'TELEGRAM_PROXY',
      [
        'proxy:3128',
        'socks4://h:1',
        'http://h',
        'socks5://h',
        'socks5://:1080',
        'http://h:99999',
        'http://h:80/x',
        'http://h:8o',
      ],
    ],
    [
      'TELEGRAM_RATE',
      ['fast', '0', '0.0', '0.09', '-1', '100001', '100000.1', '1e2', 'NaN', 'Infinity', '0x10', '1,5', '5/s'],
    ],
    ['TELEGRAM_TIMEOUT', ['20', '999ms', '601s', '1d', '-1s', 'soon']],
    ['NOTICE', ['Send', 'yes', 'send,edit']],
    ['NOTICE_TEXT', ['x'.repeat(4097), '♻️'.repeat(2049)]],
    ['NOTICE_BUTTON', ['x'.repeat(65)]],
    [
      'GUIDE_CHAT_IDS',
      [
        '0',
        '[]',
        '[',
        '[1',
        '{}',
        '1,,2',
        '1,',
        '1.5',
        '[1.5]',
        '[null]',
        '[[1]]',
        '@abc',
        '@1abcd',
        '4503599627370497',
        '[-10012345678901234567]',
        'channel',
        '["@a b c d"]',
        'https://t.me/x',
      ],
    ],
    ['GUIDE_INTERVAL', ['4', '59s', '25h', '0h']],
    ['TIMEZONE', ['Mars', 'IST', 'CET', '+02:00', 'Europe/Berlin/Mitte', 'GMT+2', '12']],
    ['METRICS_TEXTFILE_DIR', ['metrics', './metrics', '~/metrics']],
    ['PUSHGATEWAY_URL', ['push:9091', 'http://push?x=1', 'http://pu sh', 'ftp://push']],
    ['PING_URL', ['hc-ping.com/x', 'https://h/{bot}', 'https://h/{job', 'https://h/x#y']],
    ['RUN_HISTORY_DAYS', ['0', '3651', '1.5', '-1', '30d', 'ten']],
    ['FAILED_DAYS', ['0', '3651']],
    ['STATS_DAYS', ['0', '3651', '2y']],
    ['STATS_CHAT_ID', ['0', 'stats', '1,2']],
    ['STATS_THREAD_ID', ['0', '-1', '2147483648', 'x']],
    ['ALERT_CHAT_ID', ['0', 'alerts', '1,2', '["@alerts"]', '1.5']],
    ['ALERT_THREAD_ID', ['0', '2147483648', '-1', 'general']],
    ['ALERT_BOT_TOKEN', ['abc', '123:a b']],
    ['ALERT_WEBHOOK_URL', ['hooks.example/x', 'ftp://h', 'https://h/x#y', 'https://h /x']],
    ['ALERT_AFTER', ['0', '1001', '1.5', 'twice']],
    ['ALERT_REPEAT', ['59s', '366d', '24']],
  ])('%s refuses %j, even where nobody asks for it', (name, values) => {
    for (const value of values) {
      const problems = problemsOf({ env: { [name]: value } });
      expect(problems, value).toHaveLength(1);
      expect(problems[0], value).toMatch(new RegExp(`^${name}: .+; expected `));
    }
  });

  test('the bounds themselves are accepted', () => {
    const accepted = {
      TELEGRAM_RATE: ['100000', '0.1'],
      TELEGRAM_TIMEOUT: ['1s', '10m'],
      NOTICE_TEXT: ['x'.repeat(4096)],
      NOTICE_BUTTON: ['x'.repeat(64)],
      GUIDE_INTERVAL: ['1m', '24h', '7h'],
      ALERT_CHAT_ID: ['-1001234567890', '@alerts', '7'],
      ALERT_THREAD_ID: ['1', '2147483647'],
      ALERT_AFTER: ['1', '1000'],
      ALERT_REPEAT: ['1m', '365d'],
      TELEGRAM_PROXY: ['http://h:80', 'https://u:p@h:443/', 'socks5h://h:1080', 'http://[::1]:3128'],
    };
    for (const [name, values] of Object.entries(accepted)) {
      for (const value of values) expect(problemsOf({ env: { [name]: value } }), `${name}=${value}`).toEqual([]);
    }
  });

  test('a time zone that is nearly right brings a suggestion', () => {
    expect(problemsOf({ env: { TIMEZONE: 'Berlin' } })[0]).toContain('did you mean Europe/Berlin?');
    expect(problemsOf({ env: { TIMEZONE: 'Europe/Berln' } })[0]).toContain('did you mean Europe/Berlin?');
    expect(problemsOf({ env: { TIMEZONE: 'New York' } })[0]).toContain('did you mean America/New_York?');
  });
});

describe('GUIDE_CHAT_IDS', () => {
  test.each([
    ['[-1001234567890,"@channel"]', ['-1001234567890', '@channel']],
    ['-1001234567890,@channel', ['-1001234567890', '@channel']],
    [' 5 ,\t-6 ', ['5', '-6']],
    ['[-100123, "-100123", "@Some_Name", "@some_name", "-00100123"]', ['-100123', '@Some_Name']],
    ['-4503599627370496,4503599627370496', ['-4503599627370496', '4503599627370496']],
  ])('%s', (text, ids) => {
    expect(readSettings({ env: { GUIDE_CHAT_IDS: text }, requires: [] }).guideChatIds).toEqual(ids);
  });

  test('is missing where it is asked for', () => {
    expect(problemsOf({ requires: ['GUIDE_CHAT_IDS'] })[0]).toMatch(
      /^GUIDE_CHAT_IDS: is missing; .*, in the environment or in --env-file$/,
    );
  });
});
