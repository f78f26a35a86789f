import { expect, test } from 'vitest';
import { Recorder } from './secrets.ts';

const token = '123456789:AAF-secret_part-of-the-token-0123456';
const env = { TELEGRAM_BOT_TOKEN: token, DATABASE_URL: 'postgres://me:p%40ss%2Fw0rd%22x@127.0.0.1:5432/db' };

function leaksOf(text: string): string[] {
  const recorder = new Recorder();
  recorder.knows(env);
  recorder.add('a log', 'nothing of interest');
  recorder.add('a log', text);
  return recorder.leaks();
}

test.each([
  ['the token', `at /bot${token}/getMe`],
  ['its part after the colon', token.split(':')[1]],
  ['the password', 'login with p@ss/w0rd"x failed'],
  ['the password as an address holds it', env.DATABASE_URL],
  ['the password in JSON', JSON.stringify({ password: 'p@ss/w0rd"x' })],
])('finds %s', (_what, text = '') => {
  expect(leaksOf(text)).not.toEqual([]);
});

test('finds nothing in what is no secret', () => {
  expect(leaksOf('bot 123456789 at postgres://127.0.0.1:5432/db, user me')).toEqual([]);
});
