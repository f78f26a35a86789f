import { expect, test } from 'vitest';
import { nearest } from '../../src/settings/nearest-name.ts';

test('the nearest, the first of two that are equally near, and none where all are too far', () => {
  expect(nearest('NOTICE_TXT', ['NOTICE', 'NOTICE_TEXT'], { most: 4 })).toBe('NOTICE_TEXT');
  expect(nearest('bat', ['cat', 'rat'], { most: 1 })).toBe('cat');
  expect(nearest('exact', ['exacs', 'exact'], { most: 2 })).toBe('exact');
  expect(nearest('bat', ['dog'], { most: 2 })).toBeNull();
});

test('two letters that were swapped are one slip, others in their place are two', () => {
  expect(nearest('NOTCIE', ['NOTICE'], { most: 1 })).toBe('NOTICE');
  expect(nearest('NOTXYE', ['NOTICE'], { most: 1 })).toBeNull();
  expect(nearest('Utc', ['UTC'], { most: 0, fold: (text) => text.toLowerCase() })).toBe('UTC');
});
