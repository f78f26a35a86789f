/** Guides that cannot be posted: told before the first channel, and out of the way of the others. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { clearGuides, guidesIn, guidesInOrder, newChannels, postTo, writtenPosts } from '../support/guides.ts';
import { guide } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await createScene();
});
afterAll(() => scene.close());
beforeEach(() => clearGuides(scene));

const nextSlot = (): Promise<void> => scene.db.setClock('2026-05-06T13:30:00Z');

describe('a table without a guide to post', () => {
  test('empty', async () => {
    const { code, summary } = await scene.pass(['post-guide'], postTo(newChannels(scene, 2)));
    expect(code).toBe(78);
    expect(summary).toMatchObject({
      outcome: 'failed',
      error: 'guides: there is none; add one with telesweep guides import',
      telegram: { calls: 0 },
    });
    expect(await writtenPosts(scene)).toEqual([]);
  });

  test('all disabled', async () => {
    await guidesInOrder(scene.db, 'a', 'b');
    await scene.db.query('update guides set enabled = false');
    for (const flags of [[], ['--force'], ['--dry-run']]) {
      const { code, summary } = await scene.pass(['post-guide', ...flags], postTo(newChannels(scene, 1)));
      expect(code).toBe(78);
      expect(summary.error).toBe('guides: all 2 are disabled; add one with telesweep guides import');
    }
  });
});

describe('a guide that Telegram would refuse', () => {
  const bad: [string, string, string][] = [
    ['no url', 'url = null', 'it has no url; give it the address that its button opens'],
    ['a blank url', "url = '  '", 'it has no url; give it the address that its button opens'],
    [
      'a title of 5,000 characters',
      "title = repeat('x', 5000), description = null",
      '5000 characters; Telegram takes at most 4096',
    ],
    ['an address without a host', "url = 'https:///guide'", 'its url "https:///guide" names no host'],
    ['a host without a dot', "url = 'http://localhost/guide'", 'has a host without a dot'],
    ['another kind of address', "url = 'javascript:alert(1)'", 'lacks https://'],
    ['no title', "title = ' '", 'it has no title; give it one'],
    ['Markdown with a full stop', "markdown = 'Read *this*.'", '"." must be written "\\." (line 1, column 12)'],
    ['Markdown that is not closed', "markdown = 'Read *this'", 'the bold that begins with "*" is never closed'],
  ];

  test.each(bad)('%s: named before the first channel, and nothing is posted', async (_what, change, problem) => {
    const ids = newChannels(scene, 2);
    await guidesInOrder(scene.db, 'a', 'b');
    await scene.db.query(`update guides set ${change} where id = 'a'`);
    const calls = scene.api.callCount;
    const dry = await scene.pass(['post-guide', '--dry-run'], postTo(ids));
    expect(dry.code).toBe(78);
    expect(await writtenPosts(scene)).toEqual([]);

    const { code, summary } = await scene.pass(['post-guide'], postTo(ids));
    expect(code).toBe(78);
    expect(summary.error).toContain('guides: "a" cannot be posted: ');
    expect(summary.error).toContain(problem);
    expect(summary.counts).toMatchObject({ posted: 0, failed: 2, uncertain: 0 });
    expect(scene.api.callCount).toBe(calls);
  });

  test('takes its turn: the next slot brings the next guide', async () => {
    const ids = newChannels(scene, 2);
    await guidesInOrder(scene.db, 'a', 'b');
    await scene.db.query("update guides set url = null where id = 'a'");
    for (let pass = 0; pass < 3; pass++) expect((await scene.run(['post-guide'], postTo(ids))).code).toBe(78);
    expect(await writtenPosts(scene)).toMatchObject(
      ids.map((id) => ({ slot: '06 08:00', guide_id: 'a', chat_id: id, state: 'failed' })),
    );
    await nextSlot();
    expect((await scene.pass(['post-guide'], postTo(ids))).summary).toMatchObject({ outcome: 'ok', guide_id: 'b' });
  });

  test('is posted by the next pass once it is mended, and skipped once it is disabled', async () => {
    const ids = newChannels(scene, 1);
    await guidesInOrder(scene.db, 'a', 'b', 'c');
    await scene.db.query("update guides set url = null where id in ('a', 'b')");
    await scene.run(['post-guide'], postTo(ids));
    await scene.db.query("update guides set url = 'https://example.com' where id = 'a'");
    expect((await scene.pass(['post-guide'], postTo(ids))).summary).toMatchObject({
      guide_id: 'a',
      counts: { posted: 1 },
    });
    await nextSlot();
    expect((await scene.run(['post-guide'], postTo(ids))).code).toBe(78);
    await scene.db.query("update guides set enabled = false where id = 'b'");
    expect((await scene.pass(['post-guide'], postTo(ids))).summary).toMatchObject({
      guide_id: 'c',
      counts: { posted: 1 },
    });
    expect(guidesIn(scene, ids[0] ?? '')).toEqual(['a', 'c']);
  });

  test('with what Telegram knows and the check does not: every channel tells, and the next slot goes on', async () => {
    const ids = newChannels(scene, 2);
    await guidesInOrder(scene.db, 'a', 'b');
    scene.api.fault({ kind: 'error', code: 400, description: 'Bad Request: BUTTON_URL_INVALID', times: 2 });
    const { code, summary } = await scene.pass(['post-guide'], postTo(ids));
    expect(code).toBe(1);
    expect(summary).toMatchObject({ outcome: 'failed', guide_id: 'a', counts: { failed: 2 } });
    expect((await writtenPosts(scene)).map(({ error }) => error)).toEqual(
      ids.map(() => expect.stringContaining('BUTTON_URL_INVALID')),
    );
    await nextSlot();
    expect((await scene.pass(['post-guide'], postTo(ids))).summary.guide_id).toBe('b');
  });
});

test('rows as a bot of another mind may have written them', async () => {
  const ids = newChannels(scene, 1);
  await scene.db.query('alter table guides alter position drop not null, alter enabled drop not null');
  await guide(scene.db, { id: 'first', position: 2_147_483_647, title: 'Guide first' });
  await scene.db.query(
    "insert into guides (id, position, title, url, enabled) values ('last', null, '  Guide last ', ' https://a.b/c ', null)",
  );
  expect((await scene.pass(['post-guide'], postTo(ids))).summary).toMatchObject({ guide_id: 'first', outcome: 'ok' });
  await nextSlot();
  expect((await scene.pass(['post-guide'], postTo(ids))).summary).toMatchObject({ guide_id: 'last', outcome: 'ok' });
  expect(scene.api.sent(ids[0]).at(-1)).toMatchObject({
    text: 'Guide last',
    replyMarkup: { inline_keyboard: [[{ url: 'https://a.b/c' }]] },
  });
});
