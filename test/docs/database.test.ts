/** docs/database.md is held to the tests that it names. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { alsoServes } from '../../src/tables/column-steps.ts';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/database.md'), 'utf8');
const lines = text.split('\n').filter((line) => line.startsWith('| ') && !/^\| (what stands|---)/.test(line));

test('each line of docs/database.md is one of three things and names a test that stands', () => {
  expect(lines.length).toBeGreaterThan(40);
  for (const line of lines) {
    expect(['accepted', 'refused', 'warned of'], line).toContain(line.split('|')[2]?.trim());
    const [, file = '', words = ''] = /`(test\/[^`]+)`: (.+) \|$/.exec(line) ?? [];
    expect(existsSync(join(root, file)), line).toBe(true);
    expect(readFileSync(join(root, file), 'utf8'), line).toContain(words);
  }
});

test('it names every other type that migrate accepts', () => {
  const shown = lines.find((line) => line.includes('another type that serves')) ?? '';
  for (const [wanted, types] of Object.entries(alsoServes)) {
    if (types.length > 0) expect(shown).toContain(`for \`${wanted}\``);
    for (const type of types) expect(shown).toContain(`\`${type.replace('character varying', 'varchar')}\``);
  }
});
