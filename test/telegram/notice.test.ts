import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noticeButton } from '../../src/telegram/notice.ts';

const make = (uniqueId: string | null) => noticeButton({ username: 'files_bot', uniqueId, label: '♻️ Click Here' });

test('opens the deep link of the record', () => {
  expect(make('abc_DEF-123')).toEqual({
    button: { text: '♻️ Click Here', url: 'https://t.me/files_bot?start=abc_DEF-123' },
    warning: null,
  });
  expect(make('x'.repeat(64)).button?.url).toHaveLength('https://t.me/files_bot?start='.length + 64);
});

test('a record without unique_id has no button, and nobody is warned', () => {
  for (const none of [null, '']) expect(make(none)).toEqual({ button: null, warning: null });
});

test.each(['x'.repeat(65), 'a b', 'a=b', 'ä', 'abc\n', '\n', 'a&start=b', ' '])('%j is no deep link', (uniqueId) => {
  const { button, warning } = make(uniqueId);
  expect(button).toBeNull();
  expect(warning).toMatch(/^unique_id: ".*" cannot be a deep link; expected 1 to 64 of /);
});

test('whatever the record holds, there is a good address or a warning in one line', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'aZ9_- \n\u2028\ud83d\u0000😀'), minLength: 1, maxLength: 100 }),
      (uniqueId) => {
        const { button, warning } = make(uniqueId);
        if (button !== null) {
          expect(new URL(button.url).searchParams.get('start')).toBe(uniqueId);
          expect(warning).toBeNull();
        } else {
          expect(warning).toMatch(/^unique_id: [^\r\n]{1,700}$/);
        }
      },
    ),
  );
});
