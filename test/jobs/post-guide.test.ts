import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { botToken } from '../support/bot-api.ts';
import { clearGuides, guidesIn, guidesInOrder, newChannels, postTo, writtenPosts } from '../support/guides.ts';
import { guide } from '../support/rows.ts';
import { runHere } from '../support/run-here.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await createScene({}, {}, { monitors: true });
});
afterAll(() => scene.close());
beforeEach(() => clearGuides(scene));

/** Runs passes in slots one after another and tells which guide each brought. */
async function guidesOfSlots(env: Record<string, string>, n: number): Promise<(string | null | undefined)[]> {
  const ids: (string | null | undefined)[] = [];
  for (let slot = 0; slot < n; slot++) {
    const { summary } = await scene.pass(['post-guide'], env);
    ids.push(summary.guide_id);
    await nextSlot();
  }
  return ids;
}

let slots = 0;
beforeEach(() => {
  slots = 0;
});
async function nextSlot(): Promise<void> {
  slots++;
  await scene.db.setClock(new Date(Date.parse('2026-05-06T09:30:00Z') + slots * 4 * 3_600_000).toISOString());
}

describe('a slot', () => {
  test('each channel gets the guide with its button', async () => {
    const ids = newChannels(scene, 3);
    await guide(scene.db, { id: 'first', position: 1, title: 'Trade 1.5 (x)!', description: 'A_b *c* [d] > e.' });
    const { code, summary, stderr } = await scene.pass(['post-guide'], postTo(ids));
    expect(code).toBe(0);
    for (const id of ids) {
      expect(scene.api.sent(id)).toMatchObject([
        {
          text: 'Trade 1.5 (x)!\n\nA_b *c* [d] > e.',
          entities: [{ type: 'bold', offset: 0, length: 14 }],
          replyMarkup: {
            inline_keyboard: [[{ text: '📖 Read Guide', url: 'https://example.com/guides/first' }]],
          },
        },
      ]);
    }
    const row = { slot: '06 08:00', guide_id: 'first', state: 'posted', message_id: '1', error: null };
    expect(await writtenPosts(scene)).toEqual(ids.map((id) => ({ ...row, chat_id: id })));
    expect(summary).toMatchObject({
      job: 'post-guide',
      outcome: 'ok',
      stop_reason: 'done',
      guide_id: 'first',
      counts: { posted: 3, already_posted: 0, failed: 0, uncertain: 0 },
      telegram: { calls: 3 },
      left: { due: 0, oldest_due_seconds: 0 },
    });
    expect(stderr).toContain('✅ Posted guide first to 3 channels, 0 failed');
    const lines = stderr.split('\n').filter((line) => line.includes('"status"'));
    const expected = ids.map((id) => expect.objectContaining({ guide_id: 'first', chat_id: id, status: 'posted' }));
    expect(lines.map((line) => JSON.parse(line))).toEqual(expect.arrayContaining(expected));
  });

  test('a second pass in it posts nothing and says who had it', async () => {
    const ids = newChannels(scene, 2);
    await guidesInOrder(scene.db, 'a', 'b');
    await scene.pass(['post-guide'], postTo(ids));
    await scene.db.setClock('2026-05-06T11:59:30Z');
    const { code, summary, stderr } = await scene.pass(['post-guide'], postTo(ids));
    expect(code).toBe(0);
    expect(summary).toMatchObject({
      outcome: 'ok',
      guide_id: 'a',
      counts: { posted: 0, already_posted: 2, failed: 0, uncertain: 0 },
      telegram: { calls: 0 },
    });
    expect(stderr).toContain('2 had it already');
    expect(ids.map((id) => guidesIn(scene, id))).toEqual([['a'], ['a']]);
  });

  test('begins at its boundary and not before', async () => {
    const ids = newChannels(scene, 1);
    await guidesInOrder(scene.db, 'a', 'b');
    await scene.pass(['post-guide'], postTo(ids));
    await scene.db.setClock('2026-05-06T11:59:30Z');
    await scene.pass(['post-guide'], postTo(ids));
    await scene.db.setClock('2026-05-06T12:00:00Z');
    await scene.pass(['post-guide'], postTo(ids));
    expect((await writtenPosts(scene)).map(({ slot }) => slot)).toEqual(['06 08:00', '06 12:00']);
    expect(guidesIn(scene, ids[0] ?? '')).toEqual(['a', 'b']);
  });

  test.each([
    ['UTC', '4h', '06 08:00'],
    ['Europe/Berlin', '4h', '06 06:00'],
    ['Asia/Kathmandu', '4h', '06 06:15'],
    ['Pacific/Kiritimati', '24h', '05 10:00'],
    ['America/New_York', '90m', '06 08:30'],
  ])('in %s, of %s, starts where its midnight says', async (zone, interval, start) => {
    const ids = newChannels(scene, 1);
    await guidesInOrder(scene.db, 'a');
    await scene.pass(['post-guide'], postTo(ids, { TIMEZONE: zone, GUIDE_INTERVAL: interval }));
    expect(await writtenPosts(scene)).toMatchObject([{ slot: start, state: 'posted' }]);
  });

  test('a channel that joins the list during it gets the same guide', async () => {
    const [first = '', second = ''] = newChannels(scene, 2);
    await guidesInOrder(scene.db, 'a', 'b');
    await scene.pass(['post-guide'], postTo([first]));
    const { summary } = await scene.pass(['post-guide'], postTo([first, second]));
    expect(summary).toMatchObject({ guide_id: 'a', counts: { posted: 1, already_posted: 1 } });
    expect([guidesIn(scene, first), guidesIn(scene, second)]).toEqual([['a'], ['a']]);
  });

  test('--limit posts to that many and leaves the rest for the next pass', async () => {
    const ids = newChannels(scene, 5);
    await guidesInOrder(scene.db, 'a', 'b');
    const first = await scene.pass(['post-guide', '--limit', '2'], postTo(ids));
    expect(first.code).toBe(0);
    expect(first.summary).toMatchObject({ stop_reason: 'limit', counts: { posted: 2 }, left: { due: 3 } });
    const second = await scene.pass(['post-guide', '--limit', '3'], postTo(ids));
    expect(second.summary).toMatchObject({ stop_reason: 'done', counts: { posted: 3, already_posted: 2 } });
    expect(ids.map((id) => guidesIn(scene, id))).toEqual(ids.map(() => ['a']));
  });

  test('two passes started at once post once', async () => {
    const ids = newChannels(scene, 6);
    await guidesInOrder(scene.db, 'a', 'b');
    const results = await Promise.all([1, 2, 3].map(() => scene.pass(['post-guide'], postTo(ids))));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(results.map(({ summary }) => summary.counts.posted).sort()).toEqual([0, 0, 6]);
    expect(ids.map((id) => guidesIn(scene, id))).toEqual(ids.map(() => ['a']));
  });

  test('GUIDE_BOT_TOKEN posts where it is given', async () => {
    const ids = newChannels(scene, 1);
    await guidesInOrder(scene.db, 'a');
    const token = '987654321:AAG-another-bot_for-tests-9876543210';
    scene.api.addBot({ token, username: 'guide_test_bot' });
    await scene.pass(['post-guide'], postTo(ids, { GUIDE_BOT_TOKEN: token, TELEGRAM_BOT_TOKEN: botToken }));
    expect(scene.api.sent(ids[0]).map(({ call }) => call.botId)).toEqual([987654321]);
  });
});

describe('the rotation', () => {
  test('goes round in the order of (position, id)', async () => {
    const ids = newChannels(scene, 1);
    await guide(scene.db, { id: 'z', position: 1 });
    await guide(scene.db, { id: 'b', position: 5 });
    await guide(scene.db, { id: 'B', position: 5 });
    await guide(scene.db, { id: 'off', position: 2, enabled: false });
    await guide(scene.db, { id: 'a', position: -3 });
    expect(await guidesOfSlots(postTo(ids), 6)).toEqual(['a', 'z', 'B', 'b', 'a', 'z']);
  });

  test.each<[string, string, string]>([
    [
      'added next after it',
      "insert into guides (id, position, title, url) values ('new', 2, 'New', 'https://a.b')",
      'new',
    ],
    ['added before it', "insert into guides (id, position, title, url) values ('new', 0, 'New', 'https://a.b')", 'c'],
    ['removed', "delete from guides where id = 'b'", 'c'],
    ['the next one removed', "delete from guides where id = 'c'", 'd'],
    ['disabled', "update guides set enabled = false where id = 'b'", 'c'],
    ['the next one disabled', "update guides set enabled = false where id = 'c'", 'd'],
    ['moved to the end', "update guides set position = 9 where id = 'b'", 'a'],
    ['all moved round it', 'update guides set position = -position', 'a'],
  ])('goes on from the last guide when in between a guide was %s', async (_what, change, expected) => {
    const ids = newChannels(scene, 1);
    await guidesInOrder(scene.db, 'a', 'b', 'c', 'd');
    expect(await guidesOfSlots(postTo(ids), 2)).toEqual(['a', 'b']);
    await scene.db.query(change);
    expect(await guidesOfSlots(postTo(ids), 1)).toEqual([expected]);
  });

  test('is the same where slots were missed', async () => {
    const ids = newChannels(scene, 1);
    await guidesInOrder(scene.db, 'a', 'b', 'c');
    await guidesOfSlots(postTo(ids), 1);
    for (let i = 0; i < 5; i++) await nextSlot();
    expect(await guidesOfSlots(postTo(ids), 1)).toEqual(['b']);
  });

  test('outlives the pruning of old posts', async () => {
    const ids = newChannels(scene, 1);
    await guidesInOrder(scene.db, 'a', 'b', 'c');
    const env = postTo(ids, { RUN_HISTORY_DAYS: '1', FAILED_DAYS: '1' });
    expect(await guidesOfSlots(env, 2)).toEqual(['a', 'b']);
    await scene.db.setClock('2026-08-01T09:30:00Z');
    expect((await scene.pass(['post-guide'], env)).summary.guide_id).toBe('c');
    expect((await writtenPosts(scene)).map(({ guide_id }) => guide_id)).toEqual(['c']);
  });
});

describe('--force', () => {
  test('posts the next guide now and counts as the last one', async () => {
    const ids = newChannels(scene, 2);
    await guidesInOrder(scene.db, 'a', 'b', 'c');
    await scene.pass(['post-guide'], postTo(ids));
    const forced = await scene.pass(['post-guide', '--force'], postTo(ids));
    expect(forced.summary).toMatchObject({ guide_id: 'b', counts: { posted: 2, already_posted: 0 } });
    // The slot had its guide; the next one goes on from the forced one.
    expect((await scene.pass(['post-guide'], postTo(ids))).summary.counts.posted).toBe(0);
    await nextSlot();
    expect((await scene.pass(['post-guide'], postTo(ids))).summary.guide_id).toBe('c');
    expect(guidesIn(scene, ids[0] ?? '')).toEqual(['a', 'b', 'c']);
  });

  test('before the slot had its guide leaves the slot its own', async () => {
    const ids = newChannels(scene, 1);
    await guidesInOrder(scene.db, 'a', 'b');
    await scene.pass(['post-guide', '--force'], postTo(ids));
    const { summary } = await scene.pass(['post-guide'], postTo(ids));
    expect(summary).toMatchObject({ guide_id: 'b', counts: { posted: 1 } });
    expect((await writtenPosts(scene)).map(({ slot }) => slot)).toEqual(['06 08:00', '06 09:30']);
  });
});

describe('a guide that changes during its slot', () => {
  /** The first of two channels gets guide b of a slot; the second refuses it. */
  async function halfPosted(): Promise<string[]> {
    const ids = newChannels(scene, 2);
    await guidesInOrder(scene.db, 'a', 'b', 'c');
    await guidesOfSlots(postTo(ids), 1);
    scene.api.setState(ids[1] ?? '', 'need_admin');
    const { code, summary } = await scene.pass(['post-guide'], postTo(ids));
    expect(code).toBe(1);
    expect(summary).toMatchObject({ outcome: 'partial', guide_id: 'b', counts: { posted: 1, failed: 1 } });
    scene.api.setState(ids[1] ?? '', 'ok');
    return ids;
  }

  test.each([
    ['reordered', 'update guides set position = -position'],
    ['preceded by a new one', "insert into guides (id, position, title, url) values ('new', 1, 'New', 'https://a.b')"],
  ])('%s: the others get the same one', async (_what, change) => {
    const ids = await halfPosted();
    await scene.db.query(change);
    const { summary } = await scene.pass(['post-guide'], postTo(ids));
    expect(summary).toMatchObject({ outcome: 'ok', guide_id: 'b', counts: { posted: 1, already_posted: 1 } });
    expect(ids.map((id) => guidesIn(scene, id))).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  test.each([
    ['removed', "delete from guides where id = 'b'"],
    ['disabled', "update guides set enabled = false where id = 'b'"],
  ])('%s: the others get none, and are told of', async (word, change) => {
    const ids = await halfPosted();
    await scene.db.query(change);
    const { code, summary } = await scene.pass(['post-guide'], postTo(ids));
    expect(code).toBe(78);
    expect(summary.error).toBe(
      `guides: "b" was ${word} after part of the channels got it; ${ids[1]} gets none until the next slot, unless the guide comes back`,
    );
    expect(summary.telegram.calls).toBe(0);
    await nextSlot();
    expect((await scene.pass(['post-guide'], postTo(ids))).summary).toMatchObject({ guide_id: 'c', outcome: 'ok' });
  });

  test('withdrawn before any channel got it: the next one takes its place', async () => {
    const ids = newChannels(scene, 2);
    await guidesInOrder(scene.db, 'a', 'b', 'c');
    for (const id of ids) scene.api.setState(id, 'need_admin');
    const { summary } = await scene.pass(['post-guide'], postTo(ids));
    expect(summary).toMatchObject({ outcome: 'failed', guide_id: 'a', counts: { failed: 2 } });
    for (const id of ids) scene.api.setState(id, 'ok');
    await scene.db.query("delete from guides where id = 'a'");
    const second = await scene.pass(['post-guide'], postTo(ids));
    expect(second.summary).toMatchObject({ outcome: 'ok', guide_id: 'b', counts: { posted: 2 } });
    expect((await writtenPosts(scene)).map(({ guide_id }) => guide_id)).toEqual(['b', 'b']);
  });
});

describe('a dry run', () => {
  test('tells the guide, the channels and the text, and changes nothing', async () => {
    const ids = newChannels(scene, 2);
    await guidesInOrder(scene.db, 'a', 'b');
    await scene.pass(['post-guide'], postTo(ids));
    await nextSlot();
    const env = postTo([...ids, '@new_channel']);
    const calls = scene.api.callCount;
    const json = await scene.pass(['post-guide', '--dry-run', '--json'], env);
    expect(json.summary).toMatchObject({
      dry_run: true,
      guide_id: 'b',
      counts: { posted: 3, already_posted: 0, failed: 0, uncertain: 0 },
      // A name is asked for its id first.
      estimate: { calls: 4, seconds: 1 },
    });
    const { stdout } = await scene.run(['post-guide', '--dry-run'], env);
    expect(stdout).toContain('posted                          3');
    for (const id of [...ids, '@new_channel']) expect(stdout).toMatch(new RegExp(`b +${id} +Guide b What it teaches`));
    expect(scene.api.callCount).toBe(calls);
    expect(await writtenPosts(scene)).toHaveLength(2);
  });

  test('needs no token', async () => {
    await guidesInOrder(scene.db, 'a');
    const env = { DATABASE_URL: scene.db.url, ...postTo(['@x_channel']) };
    const { code, summary } = await runHere(['post-guide', '--dry-run', '--json'], { env });
    expect(code).toBe(0);
    expect(summary?.guide_id).toBe('a');
  });
});
