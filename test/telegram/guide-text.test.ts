import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressProblem } from '../../src/telegram/button-address.ts';
import { composeGuide } from '../../src/telegram/guide-text.ts';
import { parseMarkdownV2 } from '../support/bot-api/markdown-v2.ts';
import { checkLength, checkMarkup } from '../support/bot-api/text.ts';

const guide = {
  title: 'A title',
  description: 'What it teaches.',
  url: 'https://example.com/guide',
  markdown: null as string | null,
};

const problemsOf = (change: Partial<{ [key in keyof typeof guide]: string | null }>): string[] => {
  const composed = composeGuide({ ...guide, ...change });
  return composed.kind === 'refused' ? composed.problems : [];
};

describe('the post of a guide', () => {
  test('is the title in bold, the description and the button', () => {
    expect(composeGuide(guide)).toMatchObject({
      kind: 'post',
      post: {
        text: '*A title*\n\nWhat it teaches\\.',
        button: { text: '📖 Read Guide', url: 'https://example.com/guide' },
      },
    });
  });

  test.each([null, '', ' \n '])('without a description (%j) is the title alone', (description) => {
    expect(composeGuide({ ...guide, description })).toMatchObject({ post: { text: '*A title*' } });
  });

  test('is its own Markdown where it has some', () => {
    const markdown = '_Mine_\\.';
    expect(composeGuide({ ...guide, title: null, markdown })).toMatchObject({ post: { text: markdown } });
    expect(composeGuide({ ...guide, markdown: ' ' })).toMatchObject({
      post: { text: '*A title*\n\nWhat it teaches\\.' },
    });
  });

  test('whatever title and description hold, Telegram shows them as they are', () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom(...'_*[]()~`>#+-=|{}.!\\\n'), fc.string({ maxLength: 1 })),
    });
    fc.assert(
      fc.property(text, text, (title, description) => {
        const composed = composeGuide({ ...guide, title, description });
        if (composed.kind === 'refused') {
          expect(title.trim()).toBe('');
          return;
        }
        const shown = parseMarkdownV2(composed.post.text);
        const rest = description.trim() === '' ? '' : `\n\n${description}`;
        expect(shown.text).toBe(`${title.trim()}${rest}`);
        expect(shown.entities).toEqual([{ type: 'bold', offset: 0, length: title.trim().length }]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the limits', () => {
  test.each([
    [4096, []],
    [4097, ['its text (title of 4097) has 4097 characters; Telegram takes at most 4096, so shorten it']],
  ])('a title of %i characters', (length, problems) => {
    expect(problemsOf({ title: '.'.repeat(length), description: null })).toEqual(problems);
  });

  test('title and description count together, with the lines between, in UTF-16 units', () => {
    expect(problemsOf({ title: 't', description: '👍'.repeat(2046) })).toEqual([]);
    expect(problemsOf({ title: 'tit', description: '👍'.repeat(2046) })).toHaveLength(1);
  });

  test('Markdown counts as readers see it', () => {
    expect(problemsOf({ markdown: `*${'\\.'.repeat(4096)}*` })).toEqual([]);
    expect(problemsOf({ markdown: '\\.'.repeat(4097) })).toEqual([
      'its markdown shows 4097 characters; Telegram takes at most 4096, so shorten it',
    ]);
    expect(problemsOf({ markdown: '* *' })).toEqual(['its markdown shows no text; write some']);
  });

  test('all that is wrong is named at once', () => {
    expect(problemsOf({ title: ' ', url: '' })).toEqual([
      'it has no url; give it the address that its button opens',
      'it has no title; give it one',
    ]);
  });
});

describe('the address of the button', () => {
  test.each([
    ...['https://example.com', 'http://example.com:8080/a?b=c#d', 'HTTPS://EXAMPLE.COM', 'https://пример.рф/гид'],
    ...['https://127.0.0.1/x', 'tg://resolve?domain=x', 'https://user@example.com/', 'https://a.b'],
  ])('%s is taken', (address) => {
    expect(addressProblem(address)).toBeNull();
    const markup = { inline_keyboard: [[{ text: 'x', url: address }]] };
    expect(() => checkMarkup(markup)).not.toThrow();
  });

  test.each([
    ['example.com/x', 'lacks https://'],
    ['//example.com/x', 'lacks https://'],
    ['javascript:alert(1)', 'lacks https://'],
    ['mailto:a@example.com', 'lacks https://'],
    ['ftp://example.com', 'of a kind that Telegram does not open'],
    ['file:///etc/passwd', 'of a kind that Telegram does not open'],
    ['https://', 'names no host'],
    ['https:///path', 'names no host'],
    ['https://?q', 'names no host'],
    ['https://:80/', 'names no host'],
    ['https://localhost/x', 'has a host without a dot'],
    ['https://example./x', 'has a host without a dot'],
    ['https://[::1]/', 'has a host without a dot'],
    ['https://exa mple.com', 'holds white space'],
    ['https://example.com/\n', 'holds white space'],
    ['tg://', 'says nothing after tg://'],
    [`https://example.com/${'x'.repeat(2100)}`, 'at most 2048 fit a button'],
  ])('%s is refused', (address, why) => {
    expect(addressProblem(address)).toContain(why);
  });

  test('what is taken, the simulated Telegram takes', () => {
    const address = fc.oneof(
      fc.webUrl(),
      fc.string(),
      fc.string().map((text) => `https://${text}`),
    );
    fc.assert(
      fc.property(address, (url) => {
        fc.pre(addressProblem(url) === null);
        checkLength('text');
        checkMarkup({ inline_keyboard: [[{ text: 'x', url }]] });
      }),
      { numRuns: 500 },
    );
  });
});
