import { expect, test } from 'vitest';
import { Now } from '../../../src/jobs/delete-due/sources.ts';

test.each([
  '2026-01-31T12:00:00.123999Z',
  '2026-01-31T12:00:00.123456Z',
  '2026-01-31T12:00:00.999001Z',
])('the clock that was read at %s never goes back when it moves on: a record due by then is found', (text) => {
  const now = new Now(text);
  now.moveOn();
  expect(now.text >= text.slice(0, -4) && Date.parse(now.text) >= Math.ceil(Date.parse(text) + 0.001)).toBe(true);
  expect(Date.parse(now.text) - Date.parse(text)).toBeLessThan(100);
});
