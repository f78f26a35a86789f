import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, nearest } from '../../src/settings/nearest-name.ts';

/** The textbook's recursion, without a bound or a table. */
function plainDistance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const [shortA, shortB] = [a.slice(0, -1), b.slice(0, -1)];
  const edits = [
    plainDistance(shortA, b) + 1,
    plainDistance(a, shortB) + 1,
    plainDistance(shortA, shortB) + (a.at(-1) === b.at(-1) ? 0 : 1),
  ];
  if (a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)) {
    edits.push(plainDistance(a.slice(0, -2), b.slice(0, -2)) + 1);
  }
  return Math.min(...edits);
}

describe('editDistance', () => {
  test.each([
    ['TELEGRAM_RATE', 'TELEGRAM_RAET', 1],
    ['TELEGRAM_RATE', 'TELEGRAMRATES', 2],
    ['', 'ab', 2],
    ['same', 'same', 0],
  ])('%s and %s', (a, b, edits) => {
    expect(editDistance(a, b, 9)).toBe(edits);
  });

  test('agrees with the textbook up to its bound', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
    fc.assert(
      fc.property(word, word, fc.integer({ min: 0, max: 6 }), (a, b, most) => {
        const edits = plainDistance(a, b);
        expect(editDistance(a, b, most)).toBe(edits > most ? Number.POSITIVE_INFINITY : edits);
      }),
    );
  });
});

describe('nearest', () => {
  test('the nearest, the first of two that are equally near, and none where all are too far', () => {
    expect(nearest('NOTICE_TXT', ['NOTICE', 'NOTICE_TEXT'], { most: 4 })).toBe('NOTICE_TEXT');
    expect(nearest('bat', ['cat', 'rat'], { most: 1 })).toBe('cat');
    expect(nearest('exact', ['exacs', 'exact'], { most: 2 })).toBe('exact');
    expect(nearest('bat', ['dog'], { most: 2 })).toBeNull();
  });
});
