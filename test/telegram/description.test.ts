import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describe as describeText } from '../../src/telegram/description.ts';

const token = '123456789:AAF-abcdefghijklmnopqrstuvwxyz012345';

test('takes out what looks like a token, also one that it was not told', () => {
  expect(describeText(`GET /bot${token}/getMe`, [])).toBe('GET /bot<token>/getMe');
  expect(describeText(`GET /bot${encodeURIComponent(token)}/getMe`, [])).toBe('GET /bot<token>/getMe');
  expect(describeText('wait 12345 s, at 10:30', ['hunter2'])).toBe('wait 12345 s, at 10:30');
});

test('a secret at the cut leaves no part of itself', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 260 }), (before) => {
      const line = describeText(`${'x'.repeat(before)}${token}`, [token]);
      expect(line).not.toContain('123456789');
      expect(line).not.toContain('AAF');
    }),
  );
});

test('is one line of at most 300 characters that every encoding can hold', () => {
  const unit = fc.constantFrom(...'ab \n\r\u0000\u001b\u2028\u202e', '\ud83d', '\ude00', '😀', 'x'.repeat(60));
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 400 }), fc.string({ maxLength: 3 }), (text, secret) => {
      const line = describeText(text, [secret]);
      expect(line.length).toBeLessThanOrEqual(300);
      expect(line).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      expect(Buffer.from(line).toString()).toBe(line);
    }),
  );
});

test('the cut leaves no half of a character', () => {
  for (let before = 290; before <= 300; before++) {
    expect(describeText(`${'x'.repeat(before)}${'😀'.repeat(20)}`, [])).toMatch(/^x+(😀)*…$/u);
  }
});

test('keeps what needs no change', () => {
  expect(describeText("Bad Request: message can't be deleted", [token])).toBe("Bad Request: message can't be deleted");
});
