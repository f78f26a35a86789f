import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeCode, escapeLinkUrl, escapeMarkdown, utf16Length } from '../../src/telegram/markdown.ts';
import { parseMarkdownV2 } from '../support/bot-api/markdown-v2.ts';

test('escapes every reserved character and nothing else', () => {
  const reserved = '_*[]()~`>#+-=|{}.!\\';
  expect(escapeMarkdown(reserved)).toBe([...reserved].map((character) => `\\${character}`).join(''));
  expect(escapeMarkdown('Hello, world: 50 % "ä" 😀 / <b & \n')).toBe('Hello, world: 50 % "ä" 😀 / <b & \n');
  expect(escapeCode('a_b `x` \\n.')).toBe('a_b \\`x\\` \\\\n.');
  expect(escapeLinkUrl('https://e.org/a_(b)\\c')).toBe('https://e.org/a_(b\\)\\\\c');
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

test('inside code and link addresses the same holds', () => {
  const word = fc.string({ unit: fc.constantFrom(...'ab_*`\\).('), minLength: 1 });
  fc.assert(
    fc.property(word, (plain) => {
      expect(parseMarkdownV2(`\`x${escapeCode(plain)}\``).text).toBe(`x${plain}`);
      const link = parseMarkdownV2(`[text](https://e.org/${escapeLinkUrl(plain)})`);
      expect(link.entities[0]?.url).toBe(`https://e.org/${plain}`);
    }),
  );
});

test('counts UTF-16 units, as Telegram does', () => {
  expect(utf16Length('aä😀')).toBe(4);
});
