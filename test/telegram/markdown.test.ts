import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeMarkdown, utf16Length } from '../../src/telegram/markdown.ts';
import { parseMarkdownV2 } from '../support/bot-api/markdown-v2.ts';

test('escapes every reserved character and nothing else', () => {
  const reserved = '_*[]()~`>#+-=|{}.!\\';
  expect(escapeMarkdown(reserved)).toBe([...reserved].map((character) => `\\${character}`).join(''));
  expect(escapeMarkdown('Hello, world: 50 % "ä" 😀 / <b & \n')).toBe('Hello, world: 50 % "ä" 😀 / <b & \n');
});

test('a reader sees exactly the text that was escaped', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."_*[]()~`>#+-=|{}.!\\ab\n'😀") }));
  fc.assert(
    fc.property(text, (plain) => {
      expect(parseMarkdownV2(escapeMarkdown(plain))).toEqual({ text: plain, entities: [] });
      const inside = plain.replaceAll('\n', ' ');
      if (inside !== '') expect(parseMarkdownV2(`*${escapeMarkdown(inside)}*`).text).toBe(inside);
    }),
  );
});

test('counts UTF-16 units, as Telegram does', () => {
  expect(utf16Length('aä😀')).toBe(4);
});
