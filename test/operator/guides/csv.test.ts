import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCsv } from '../../../src/operator/guides/csv.ts';

const cell = fc.string({ unit: fc.oneof(fc.constantFrom(...'",;\n\r '), fc.string({ minLength: 1, maxLength: 1 })) });

/** With a header that names a comma, so that the separator is one. */
const table = fc.array(fc.tuple(cell, cell), { maxLength: 6 });

test('whatever cells hold, quoted they are read back, each with its line', () => {
  fc.assert(
    fc.property(table, fc.constantFrom('\n', '\r\n'), (rows, end) => {
      const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
      const lines = rows.map((row) => row.map(quote).join(','));
      const { records, faults } = readCsv(['a,b', ...lines].join(end) + end);
      expect(faults).toEqual([]);
      const filled = rows.filter((row) => row.some((text) => text.trim() !== ''));
      expect(records.slice(1).map(({ cells }) => cells)).toEqual(filled);
      let line = 2;
      const places = lines.map((text) => {
        const place = line;
        line += text.split('\n').length;
        return place;
      });
      const expected = places.filter((_, index) => rows[index]?.some((text) => text.trim() !== ''));
      expect(records.slice(1).map((record) => record.line)).toEqual(expected);
    }),
    { numRuns: 1_000 },
  );
});

test('a last line without an end, and empty cells at both ends', () => {
  expect(readCsv('a,b,c\n,x,').records.map(({ cells }) => cells)).toEqual([
    ['a', 'b', 'c'],
    ['', 'x', ''],
  ]);
});

test.each([
  ['a,b\n"x', [{ line: 2, text: 'opens a quote that nothing closes' }]],
  ['a,b\n"x"y,z', [{ line: 2, text: 'has text after a closing quote; write "" for a quote' }]],
  ['a,b\n""y,z', [{ line: 2, text: 'has text after a closing quote; write "" for a quote' }]],
])('%j is told of', (text, faults) => {
  expect(readCsv(text).faults).toEqual(faults);
});

test('a quote within a cell that has none around it stands for itself', () => {
  expect(readCsv('a,b\n5" disk,x').records[1]?.cells).toEqual(['5" disk', 'x']);
});
