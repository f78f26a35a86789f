import { expect, test } from 'vitest';
import { formatTime, formatTimeNear } from '../../src/output/clock-text.ts';
import { wrap } from '../../src/output/wrap.ts';

const now = new Date('2026-03-14T20:00:00Z');

test.each([
  ['2026-03-14T00:00:00Z', 'UTC', '00:00'],
  ['2026-03-13T23:59:59Z', 'UTC', '03-13 23:59'],
  ['2025-12-31T23:59:00Z', 'UTC', '2025-12-31 23:59'],
  // 01:30 of the 15th there, where it is the 15th as well.
  ['2026-03-14T20:00:00Z', 'Asia/Kolkata', '01:30'],
  ['2026-03-14T18:00:00Z', 'Asia/Kolkata', '03-14 23:30'],
])('%s in %s is %s', (text, zone, expected) => {
  expect(formatTimeNear(new Date(text), now, zone)).toBe(expected);
});

test('a time in full', () => {
  expect(formatTime(new Date('2026-07-01T22:05:00Z'), 'Europe/Berlin')).toBe('2026-07-02 00:05');
});

test('a text is broken at spaces; a long word stays whole', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrap('a telesweep-command-line b', 8)).toEqual(['a', 'telesweep-command-line', 'b']);
  expect(wrap('short', Number.POSITIVE_INFINITY)).toEqual(['short']);
});
