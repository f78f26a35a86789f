import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { cut, renderTable } from '../../src/output/table.ts';

describe('renderTable', () => {
  it('aligns words to the left and numbers to the right', () => {
    const rows = [
      ['delete-due', '1,234'],
      ['reset-counts', '7'],
    ];
    expect(renderTable(['job', 'items'], rows)).toBe(
      ['job           items', '────────────  ─────', 'delete-due    1,234', 'reset-counts      7', ''].join('\n'),
    );
  });

  it('cuts the widest column, and that alone, to the width of the terminal', () => {
    const text = renderTable(['id', 'text', 'state'], [['17', 'x'.repeat(200), 'failed']], { maxWidth: 40 });
    const lines = text.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBe(40);
    expect(lines[2]).toBe(`17  ${'x'.repeat(27)}…  failed`);
  });

  it('cuts nothing where no width is given', () => {
    const lines = renderTable(['text'], [['x'.repeat(200)]])
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => stringWidth(line))).toEqual([4, 200, 200]);
  });

  it('keeps cells readable rather than fitting more columns than there is room for', () => {
    const columns = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc'];
    const header = renderTable(columns, [], { maxWidth: 5 }).split('\n')[0];
    expect(header).toBe('aaaaa…  bbbbb…  ccccc…');
  });

  it('leaves out what would move the cursor or break the line', () => {
    const text = renderTable(['name'], [['a\u001b[31mb\r\nc\td\u0007']]);
    expect(text.split('\n')[2]).toBe('a[31mb c d');
  });

  it('fills short rows, shows just the header without rows, and needs no columns', () => {
    expect(renderTable(['a', 'b'], [['1']])).toBe('a  b\n─  ─\n1\n');
    expect(renderTable(['a'], [])).toBe('a\n─\n');
    expect(renderTable([], [])).toBe('\n\n');
  });
});

describe('cut', () => {
  it('never cuts past the width nor through a character', () => {
    expect(cut('📖📖📖', 4)).toBe('📖…');
    expect(cut('👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 3)).toBe('👩‍👩‍👧‍👦…');
    expect(cut('日本語', 5)).toBe('日本…');
    expect(cut('e\u0301e\u0301e\u0301', 2)).toBe('e\u0301…');
    expect(cut('abc', 3)).toBe('abc');
    expect(cut('abcd', 3)).toBe('ab…');
    expect(cut('abc', 0)).toBe('');
  });

  it('counts wide and combining characters as a terminal does', () => {
    const lines = renderTable(
      ['a', 'b'],
      ['📖 guide', '日本', 'e\u0301', '👩‍👩‍👧‍👦'].map((text) => [text, 'x']),
    ).split('\n');
    expect(lines.slice(2, 6).map((line) => stringWidth(line))).toEqual([11, 11, 11, 11]);
  });
});
