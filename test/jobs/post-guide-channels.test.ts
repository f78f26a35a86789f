/** Channels that refuse, move, stay silent or are named twice. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Call, ChatState, Fault } from '../support/bot-api.ts';
import { clearGuides, guidesIn, guidesInOrder, newChannels, postTo, writtenPosts } from '../support/guides.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await createScene({}, {}, { monitors: true });
});
afterAll(() => scene.close());
beforeEach(async () => {
  await clearGuides(scene);
  await guidesInOrder(scene.db, 'a', 'b', 'c');
});

const nextSlot = (): Promise<void> => scene.db.setClock('2026-05-06T13:30:00Z');
const when = (chatId: string) => (call: Call) => call.chatId === chatId;
const statesOf = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await writtenPosts(scene)).map(({ chat_id, state }) => [chat_id, state]));

const refusals: readonly ChatState[] = [
  ...(['blocked', 'deactivated', 'cannot_initiate', 'gone', 'peer_invalid', 'kicked', 'not_member'] as const),
  ...(['group_deleted', 'need_admin', 'not_enough_rights', 'write_forbidden', 'channel_private'] as const),
];

type Trouble = { fault: Fault; state: 'posted' | 'failed' | 'uncertain'; reached: boolean };
const troubles = (chatId: string): Trouble[] => {
  const aim = { method: 'sendMessage', when: when(chatId) };
  return [
    {
      fault: { ...aim, kind: 'error', code: 400, description: 'Bad Request: message is too long' },
      state: 'failed',
      reached: false,
    },
    {
      fault: { ...aim, kind: 'error', code: 400, description: "Bad Request: can't parse entities" },
      state: 'failed',
      reached: false,
    },
    { fault: { ...aim, kind: 'error', code: 418, description: 'I am a teapot' }, state: 'failed', reached: false },
    { fault: { ...aim, kind: 'drop_before' }, state: 'uncertain', reached: false },
    { fault: { ...aim, kind: 'drop_after' }, state: 'uncertain', reached: true },
    { fault: { ...aim, kind: '5xx_after', body: 'html' }, state: 'uncertain', reached: true },
    { fault: { ...aim, kind: 'html', work: false }, state: 'uncertain', reached: false },
    { fault: { ...aim, kind: 'truncated' }, state: 'uncertain', reached: true },
    { fault: { ...aim, kind: 'redirect' }, state: 'uncertain', reached: false },
    { fault: { ...aim, kind: 'deleted_at_once' }, state: 'posted', reached: true },
    { fault: { ...aim, kind: 'retry_after', seconds: 1 }, state: 'posted', reached: true },
  ];
};

test('30 channels in which every kind of refusal occurs, twice in one slot, then in the next', async () => {
  const ids = newChannels(scene, 30);
  const expected = new Map<string, { state: string; reached: boolean }>();
  const rest = [...ids];
  for (const state of refusals) {
    const id = rest.shift() ?? '';
    scene.api.setState(id, state);
    expected.set(id, { state: 'failed', reached: false });
  }
  for (let kind = 0; kind < troubles('').length; kind++) {
    const id = rest.shift() ?? '';
    const trouble = troubles(id)[kind];
    if (trouble === undefined) throw new Error('no such trouble');
    scene.api.fault(trouble.fault);
    expected.set(id, trouble);
  }
  const migrated = rest.shift() ?? '';
  scene.api.addChat({ id: migrated, type: 'group', migrateTo: Number(migrated) - 500_000 });
  scene.api.addChat({ id: Number(migrated) - 500_000, type: 'supergroup' });
  expect(rest.length).toBeGreaterThanOrEqual(6);
  for (const id of [migrated, ...rest]) expected.set(id, { state: 'posted', reached: true });
  const count = (state: string): number => [...expected.values()].filter((one) => one.state === state).length;

  const first = await scene.pass(['post-guide'], postTo(ids));
  expect(first.code).toBe(1);
  expect(first.summary).toMatchObject({
    outcome: 'partial',
    stop_reason: 'done',
    guide_id: 'a',
    counts: { posted: count('posted'), already_posted: 0, failed: count('failed'), uncertain: count('uncertain') },
    left: { due: count('failed') },
    telegram: { rate_limited: 1 },
  });
  expect(await statesOf()).toEqual(Object.fromEntries([...expected].map(([id, { state }]) => [id, state])));
  for (const [id, { reached }] of expected) {
    if (id !== migrated) expect(guidesIn(scene, id), id).toEqual(reached ? ['a'] : []);
  }
  expect(guidesIn(scene, String(Number(migrated) - 500_000))).toEqual(['a']);

  // The refused ones are tried again; those whose answer was lost are not.
  const calls = scene.api.calls.length;
  const mended = [...expected].filter(([, { state }]) => state === 'failed').map(([id]) => id);
  const [stillBad = ''] = mended;
  for (const id of mended.slice(1)) scene.api.setState(id, 'ok');
  const second = await scene.pass(['post-guide'], postTo(ids));
  expect(
    scene.api.calls
      .slice(calls)
      .map(({ chatId }) => chatId)
      .sort(),
  ).toEqual([...mended].sort());
  expect(second.code).toBe(1);
  expect(second.summary).toMatchObject({
    outcome: 'partial',
    guide_id: 'a',
    counts: { posted: mended.length - 1, already_posted: count('posted'), failed: 1, uncertain: 0 },
    left: { due: 1 },
  });
  for (const id of ids.filter((chatId) => chatId !== migrated && chatId !== stillBad)) {
    const { state, reached } = expected.get(id) ?? { state: '', reached: false };
    expect(guidesIn(scene, id), id).toEqual(reached || state === 'failed' ? ['a'] : []);
  }

  await nextSlot();
  scene.api.setState(stillBad, 'ok');
  const third = await scene.pass(['post-guide'], postTo(ids));
  expect(third.code).toBe(0);
  expect(third.summary).toMatchObject({
    outcome: 'ok',
    guide_id: 'b',
    counts: { posted: 30, already_posted: 0, failed: 0, uncertain: 0 },
  });
  for (const id of ids) {
    const there = id === migrated ? String(Number(migrated) - 500_000) : id;
    expect(
      guidesIn(scene, there).filter((guide) => guide === 'b'),
      id,
    ).toEqual(['b']);
  }
});

describe('a channel that refuses', () => {
  test('is written down with the reason and told of; the summary is failed when all do', async () => {
    const ids = newChannels(scene, 2);
    for (const id of ids) scene.api.setState(id, 'not_member');
    const { code, summary, stderr } = await scene.pass(['post-guide'], postTo(ids));
    expect(code).toBe(1);
    expect(summary).toMatchObject({ outcome: 'failed', counts: { posted: 0, failed: 2 } });
    expect(stderr).toContain('❌ Posted guide a to 0 channels, 2 failed');
    for (const [index, row] of (await writtenPosts(scene)).entries()) {
      expect(row).toMatchObject({ chat_id: ids[index], state: 'failed', message_id: null });
      expect(row.error).toContain('bot is not a member of the channel chat');
      expect(stderr).toContain(`guide a not posted to ${ids[index]}: Forbidden: bot is not a member`);
    }
  });

  test('when Telegram cannot be reached at all, nothing is lost and the next pass posts', async () => {
    const ids = newChannels(scene, 2);
    const { code } = await scene.pass(['post-guide'], postTo(ids, { TELEGRAM_API_ROOT: 'http://127.0.0.1:1' }));
    expect(code).toBe(69);
    expect(Object.values(await statesOf())).toEqual(['failed', 'failed']);
    expect((await scene.pass(['post-guide'], postTo(ids))).summary).toMatchObject({ counts: { posted: 2 } });
  });

  test('a refused token ends the pass with 77, and nothing is uncertain', async () => {
    const ids = newChannels(scene, 20);
    const token = '55555:AAG-refused-bot_for-tests-9876543210';
    const { code, summary } = await scene.pass(['post-guide'], postTo(ids, { GUIDE_BOT_TOKEN: token }));
    expect(code).toBe(77);
    expect(summary.counts).toMatchObject({ posted: 0, uncertain: 0 });
    expect(new Set(Object.values(await statesOf()))).toEqual(new Set(['failed']));
    expect((await scene.pass(['post-guide'], postTo(ids))).summary.counts.posted).toBe(20);
  });

  test('a long pause stops the pass with 75, and what was not sent is due', async () => {
    const [id = ''] = newChannels(scene, 1);
    scene.api.fault({ kind: 'retry_after', seconds: 900, when: when(id) });
    const { code, summary } = await scene.pass(['post-guide'], postTo([id]));
    expect(code).toBe(75);
    expect(summary).toMatchObject({ outcome: 'interrupted', stop_reason: 'cooldown', left: { due: 1 } });
    const again = await scene.pass(['post-guide'], postTo([id]));
    expect(again).toMatchObject({ code: 75, summary: { telegram: { calls: 0 } } });
    await scene.db.query('truncate telesweep.budgets');
    expect((await scene.pass(['post-guide'], postTo([id]))).summary.counts.posted).toBe(1);
    expect(guidesIn(scene, id)).toEqual(['a']);
  });
});

describe('a lost answer', () => {
  test('is uncertain, told of and not repeated in the slot, and the next guide comes', async () => {
    const [id = '', other = ''] = newChannels(scene, 2);
    scene.api.fault({ kind: 'drop_after', when: when(id) });
    const { code, summary, stderr } = await scene.pass(['post-guide'], postTo([id, other]));
    expect(code).toBe(0);
    expect(summary).toMatchObject({ outcome: 'ok', counts: { posted: 1, uncertain: 1 }, left: { due: 0 } });
    expect(stderr).toContain(`guide a may or may not have reached ${id} and is not repeated`);
    const again = await scene.pass(['post-guide'], postTo([id, other]));
    expect(again.summary).toMatchObject({ counts: { posted: 0, already_posted: 1, uncertain: 0 } });
    await nextSlot();
    await scene.pass(['post-guide'], postTo([id, other]));
    expect(guidesIn(scene, id)).toEqual(['a', 'b']);
  });

  test('of a Telegram that hangs: all that was under way is uncertain, the rest is due', async () => {
    const ids = newChannels(scene, 12);
    scene.api.fault({
      kind: 'hang',
      work: true,
      times: Number.POSITIVE_INFINITY,
      when: ({ chatId }) => ids.includes(chatId ?? ''),
    });
    const { code, summary } = await scene.pass(['post-guide'], postTo(ids, { TELEGRAM_TIMEOUT: '1s' }));
    expect(code).toBe(69);
    const states = Object.values(await statesOf());
    expect(states.filter((state) => state === 'uncertain')).toHaveLength(summary.counts.uncertain ?? 0);
    expect(states).not.toContain('posting');
    scene.api.clearFaults();
    await scene.pass(['post-guide'], postTo(ids));
    for (const id of ids) expect(guidesIn(scene, id)).toEqual(['a']);
  });
});

describe('a group that became a supergroup', () => {
  test('is posted to under its new id, once, and the change is told', async () => {
    const [old = ''] = newChannels(scene, 1);
    const moved = String(Number(old) - 900_000);
    scene.api.addChat({ id: old, type: 'group', migrateTo: Number(moved) });
    scene.api.addChat({ id: moved, type: 'supergroup' });
    const { code, summary, stderr } = await scene.pass(['post-guide'], postTo([old]));
    expect(code).toBe(0);
    expect(summary.counts).toMatchObject({ posted: 1, failed: 0 });
    expect(stderr).toContain(
      `chat ${old} became ${moved} and is posted to there; put the new id in its place in GUIDE_CHAT_IDS`,
    );
    expect(await writtenPosts(scene)).toMatchObject([{ chat_id: old, state: 'posted' }]);
    // Neither under the old id nor, once the operator did so, under the new one.
    expect((await scene.pass(['post-guide'], postTo([old]))).summary.counts.already_posted).toBe(1);
    expect((await scene.pass(['post-guide'], postTo([moved]))).summary.counts.already_posted).toBe(1);
    expect((await scene.pass(['post-guide'], postTo([old, moved]))).summary.counts.already_posted).toBe(2);
    expect(guidesIn(scene, moved)).toEqual(['a']);
  });

  test('named by both ids gets one guide, and the old id is told of', async () => {
    const [old = ''] = newChannels(scene, 1);
    const moved = String(Number(old) - 900_000);
    scene.api.addChat({ id: old, type: 'group', migrateTo: Number(moved) });
    scene.api.addChat({ id: moved, type: 'supergroup' });
    const { code, summary } = await scene.pass(['post-guide'], postTo([old, moved]));
    expect(code).toBe(1);
    expect(summary.counts).toMatchObject({ posted: 1, failed: 1 });
    expect(guidesIn(scene, moved)).toEqual(['a']);
    expect((await writtenPosts(scene)).find(({ chat_id }) => chat_id === old)?.error).toBe(
      `became ${moved}, which GUIDE_CHAT_IDS names as well; take ${old} out`,
    );
  });

  test('two groups that became one get one guide', async () => {
    const [one = '', two = ''] = newChannels(scene, 2);
    const moved = String(Number(one) - 900_000);
    for (const id of [one, two]) scene.api.addChat({ id, type: 'group', migrateTo: Number(moved) });
    scene.api.addChat({ id: moved, type: 'supergroup' });
    const { summary } = await scene.pass(['post-guide'], postTo([one, two]));
    expect(summary.counts).toMatchObject({ posted: 1, failed: 1, uncertain: 0 });
    expect(guidesIn(scene, moved)).toEqual(['a']);
  });

  test('an answer lost under the new id is uncertain', async () => {
    const [old = ''] = newChannels(scene, 1);
    const moved = String(Number(old) - 900_000);
    scene.api.addChat({ id: old, type: 'group', migrateTo: Number(moved) });
    scene.api.addChat({ id: moved, type: 'supergroup' });
    scene.api.fault({ kind: 'drop_after', when: when(moved) });
    const { summary } = await scene.pass(['post-guide'], postTo([old]));
    expect(summary.counts).toMatchObject({ posted: 0, uncertain: 1 });
    await scene.pass(['post-guide'], postTo([old]));
    await scene.pass(['post-guide'], postTo([moved]));
    expect(guidesIn(scene, moved)).toEqual(['a']);
  });
});

describe('GUIDE_CHAT_IDS', () => {
  test('in JSON, with names', async () => {
    const [id = '', named = ''] = newChannels(scene, 2);
    scene.api.addChat({ id: named, type: 'channel', username: 'guide_channel' });
    const env = { GUIDE_CHAT_IDS: `[${id}, "@Guide_Channel"]` };
    expect((await scene.pass(['post-guide'], env)).summary.counts.posted).toBe(2);
    expect((await writtenPosts(scene)).map(({ chat_id }) => chat_id)).toEqual([id, '@Guide_Channel'].sort());
    // Another spelling of the same name.
    const again = await scene.pass(['post-guide'], { GUIDE_CHAT_IDS: `@guide_channel,${id}` });
    expect(again.summary.counts).toMatchObject({ posted: 0, already_posted: 2 });
    expect(guidesIn(scene, named)).toEqual(['a']);
  });

  test.each([
    'number first',
    'name first',
  ])('one channel by its number and its name, %s, gets one guide', async (order) => {
    const [id = ''] = newChannels(scene, 1);
    scene.api.addChat({ id, type: 'channel', username: `both_${order.replace(' ', '_')}` });
    const both = [id, `@both_${order.replace(' ', '_')}`];
    if (order === 'name first') both.reverse();
    const { code, summary, stderr } = await scene.pass(['post-guide'], postTo(both));
    expect(code).toBe(0);
    expect(summary.counts).toMatchObject({ posted: 1, already_posted: 1, failed: 0 });
    expect(stderr).toContain(`GUIDE_CHAT_IDS names the chat ${id} twice; take one out`);
    expect((await scene.pass(['post-guide'], postTo(both))).summary.left.due).toBe(0);
    expect(guidesIn(scene, id)).toEqual(['a']);
  });

  test('one channel by its number and its name gets one guide, though the answer to the first is lost', async () => {
    const [id = ''] = newChannels(scene, 1);
    scene.api.addChat({ id, type: 'channel', username: 'both_lost' });
    scene.api.fault({ kind: 'drop_after', method: 'sendMessage' });
    const { summary } = await scene.pass(['post-guide'], postTo([id, '@both_lost']));
    expect(summary.counts).toMatchObject({ posted: 0, uncertain: 1, failed: 0 });
    expect((await scene.pass(['post-guide'], postTo([id, '@both_lost']))).summary.counts.posted).toBe(0);
    expect(guidesIn(scene, id)).toEqual(['a']);
  });

  test('a channel that was configured by its number gets no second guide by its name', async () => {
    const [id = ''] = newChannels(scene, 1);
    scene.api.addChat({ id, type: 'channel', username: 'by_number_before' });
    await scene.pass(['post-guide'], postTo([id]));
    const { code, summary } = await scene.pass(['post-guide'], postTo(['@by_number_before']));
    expect({ code, counts: summary.counts }).toMatchObject({ code: 0, counts: { posted: 0, already_posted: 1 } });
    expect(guidesIn(scene, id)).toEqual(['a']);
  });

  test('a name is asked for its id until an answer comes, three times at most; then the next pass tries again', async () => {
    const [id = ''] = newChannels(scene, 1);
    scene.api.addChat({ id, type: 'channel', username: 'asked_often' });
    scene.api.fault({ kind: 'drop_before', method: 'getChat', times: 5 });
    const first = await scene.pass(['post-guide'], postTo(['@asked_often', ...newChannels(scene, 1)]));
    expect({ code: first.code, counts: first.summary.counts }).toMatchObject({
      code: 1,
      counts: { posted: 1, failed: 1, uncertain: 0 },
    });
    expect(await statesOf()).toMatchObject({ '@asked_often': 'failed' });
    expect((await scene.pass(['post-guide'], postTo(['@asked_often']))).summary.counts.posted).toBe(1);
    expect(guidesIn(scene, id)).toEqual(['a']);
  });

  test.each([
    ['', 'GUIDE_CHAT_IDS'],
    ['[]', 'GUIDE_CHAT_IDS: "[]" names no chat'],
    ['-100abc', 'GUIDE_CHAT_IDS: "-100abc" is not a chat id; expected a number or @name'],
    ['[-1001234567890, "x y", 0]', 'GUIDE_CHAT_IDS: "x y" is not a chat id; expected a number or @name'],
  ])('%j is a settings error', async (value, message) => {
    const { code, stderr } = await scene.run(['post-guide'], { GUIDE_CHAT_IDS: value });
    expect(code).toBe(78);
    expect(stderr).toContain(message);
  });

  test('left out is a settings error, and every mistake is named', async () => {
    const missing = await scene.run(['post-guide']);
    expect(missing.code).toBe(78);
    expect(missing.stderr).toContain('GUIDE_CHAT_IDS: is missing');
    const wrong = await scene.run(['post-guide'], { GUIDE_CHAT_IDS: 'a,b,@ok_channel', GUIDE_INTERVAL: '4 hours' });
    for (const part of ['"a"', '"b"', 'GUIDE_INTERVAL']) expect(wrong.stderr).toContain(part);
  });
});

describe('the metrics', () => {
  test('count posts by what became of them, over passes, and never go back', async () => {
    // A textfile's counters never go back, and other tests count in the scene's.
    const own = await createScene({}, {}, { monitors: true });
    await guidesInOrder(own.db, 'a', 'b');
    const ids = newChannels(own, 4);
    own.api.setState(ids[0] ?? '', 'not_member');
    own.api.fault({ kind: 'drop_after', when: when(ids[1] ?? '') });
    await own.pass(['post-guide'], postTo(ids));
    const totals = (): string[] =>
      (own.monitors?.metrics('post-guide') ?? '').split('\n').filter((line) => line.startsWith('guides_posts_total'));
    const lines = (posted: number, failed: number, uncertain: number): string[] => [
      `guides_posts_total{sweep_job="post-guide",bot="123456789",schema="public",status="posted"} ${posted}`,
      `guides_posts_total{sweep_job="post-guide",bot="123456789",schema="public",status="failed"} ${failed}`,
      `guides_posts_total{sweep_job="post-guide",bot="123456789",schema="public",status="uncertain"} ${uncertain}`,
    ];
    expect(totals().sort()).toEqual(lines(2, 1, 1).sort());
    own.api.setState(ids[0] ?? '', 'ok');
    await own.pass(['post-guide'], postTo(ids));
    await own.db.query('truncate telesweep.guide_posts, telesweep.runs');
    await own.pass(['post-guide'], postTo(ids));
    expect(totals().sort()).toEqual(lines(7, 1, 1).sort());
    expect(own.monitors?.pushes.at(-1)?.body).toContain(lines(7, 1, 1)[0]);
    await own.close();
  });
});
