/** The day on which a zone changes its clock, and telesweep 0.1.0, whose slots of such a day began elsewhere. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { clearGuides, guidesIn, guidesInOrder, newChannels, postTo, writtenPosts } from '../support/guides.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await createScene();
});
afterAll(() => scene.close());
beforeEach(async () => {
  await clearGuides(scene);
  await guidesInOrder(scene.db, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
});

const inBerlin = (ids: readonly string[]) => postTo(ids, { TIMEZONE: 'Europe/Berlin' });

async function passAt(clock: string, ids: readonly string[], ...flags: string[]): Promise<number> {
  await scene.db.setClock(clock);
  const { code, summary } = await scene.pass(['post-guide', ...flags], inBerlin(ids));
  expect(code).toBe(0);
  return summary.counts.posted ?? 0;
}

/** What 0.1.0 wrote down of a slot. */
async function postedBefore(slot: string, chatIds: readonly string[]): Promise<void> {
  await scene.db.query(
    `insert into telesweep.guide_posts (slot, chat_id, guide_id, position, state, message_id)
     select $1::timestamptz, chat_id, 'a', 1, 'posted', 5 from unnest($2::text[]) as channel (chat_id)`,
    [slot, chatIds],
  );
}

test.each([
  '2026-03-28T23:00:00Z',
  '2026-10-24T22:00:00Z',
])('cron fires every four hours of the day from %s: each time another guide', async (midnight) => {
  const ids = newChannels(scene, 1);
  const hours = [0, 4, 8, 12, 16, 20];
  const change = midnight.includes('-03-') ? -1 : 1;
  for (const hour of hours) {
    const clock = new Date(Date.parse(midnight) + (hour + (hour > 2 ? change : 0)) * 3_600_000);
    expect(await passAt(clock.toISOString(), ids), `${hour}:00`).toBe(1);
  }
  expect(guidesIn(scene, ids[0] ?? '')).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

test('an hour that is shown twice has its slots twice, in order', async () => {
  const [id = ''] = newChannels(scene, 1);
  const env = { ...inBerlin([id]), GUIDE_INTERVAL: '1h' };
  for (const clock of ['00:00', '00:59:30', '01:00', '01:30', '02:00']) {
    await scene.db.setClock(`2026-10-25T${clock}Z`);
    await scene.pass(['post-guide'], env);
  }
  expect(guidesIn(scene, id)).toEqual(['a', 'b', 'c']);
  expect((await writtenPosts(scene)).map(({ slot }) => slot)).toEqual(['25 00:00', '25 01:00', '25 02:00']);
});

describe('after an upgrade during the day', () => {
  test.each([
    // 09:00 to 13:00, by the clock on the wall, was one slot.
    ['2026-03-29T07:00:00Z', ['2026-03-29T07:30:00Z', '2026-03-29T10:05:00Z'], '2026-03-29T14:00:00Z'],
    // From 03:00 of winter time to 07:00; a pass at 04:00 wrote its posts there.
    ['2026-10-25T02:00:00Z', ['2026-10-25T04:30:00Z', '2026-10-25T06:30:00Z'], '2026-10-25T07:00:00Z'],
    // The last slot of a day ended with it.
    ['2026-03-29T19:00:00Z', ['2026-03-29T21:59:00Z'], '2026-03-29T22:00:00Z'],
    ['2026-10-25T18:00:00Z', ['2026-10-25T22:30:00Z'], '2026-10-25T23:00:00Z'],
  ])('the slot of %s has had its guide', async (slot, during, after) => {
    const ids = newChannels(scene, 2);
    await postedBefore(slot, ids);
    for (const clock of during) {
      expect(await passAt(clock, ids), clock).toBe(0);
      const { stdout } = await scene.run(['guides', 'preview', '--json'], inBerlin(ids));
      expect(JSON.parse(stdout).next[0].guide_id).toBe('b');
      expect(Date.parse(JSON.parse(stdout).next[0].slot)).toBeGreaterThan(Date.parse(clock));
    }
    expect(await passAt(after, ids)).toBe(2);
    expect(guidesIn(scene, ids[0] ?? '')).toEqual(['b']);
  });

  test('a channel that is left gets the same guide', async () => {
    const [first = '', second = ''] = newChannels(scene, 2);
    await postedBefore('2026-03-29T07:00:00Z', [first]);
    expect(await passAt('2026-03-29T07:30:00Z', [first, second])).toBe(1);
    expect([guidesIn(scene, first), guidesIn(scene, second)]).toEqual([[], ['a']]);
    expect((await writtenPosts(scene)).map(({ slot }) => slot)).toEqual(['29 07:00', '29 07:00']);
  });

  test('a forced post leaves the slot its own, on such a day as well', async () => {
    const ids = newChannels(scene, 1);
    expect(await passAt('2026-03-29T07:30:00Z', ids, '--force')).toBe(1);
    expect(await passAt('2026-03-29T07:40:00Z', ids)).toBe(1);
    expect(await passAt('2026-03-29T10:00:00Z', ids)).toBe(1);
    expect((await writtenPosts(scene)).map(({ slot }) => slot)).toEqual(['29 06:00', '29 07:30', '29 10:00']);
  });
});
