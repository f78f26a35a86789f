import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Call } from '../support/bot-api.ts';
import { pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await createScene();
});
afterAll(() => scene.close());

/** Chats are never used twice, so that each test sees its own calls alone. */
let chat = 5_000;
beforeEach(async () => {
  chat += 100;
  scene.api.clearFaults();
  await scene.db.query('truncate pending_deletions, telesweep.runs, telesweep.budgets, telesweep.leases');
});

const callsTo = (chatId: number): readonly Call[] => scene.api.calls.filter((call) => call.chatId === String(chatId));
const methodsTo = (chatId: number): string[] => callsTo(chatId).map(({ method }) => method);

interface Left {
  id: string;
  failure: string | null;
  failed: boolean;
  attempts: number;
  refusals: number;
  waits: number | null;
}
const left = (): Promise<Left[]> =>
  scene.db.query(
    `select id::text, failure, failed_at is not null as failed, attempts, refusals,
            extract(epoch from next_attempt_at - now())::float8 as waits
     from pending_deletions order by id`,
  );

/** A due record whose messages stand in its chat, sent as long ago as the record says. */
async function record(options: {
  chatId?: number;
  ids: number[];
  ageMs?: number;
  uniqueId?: string | null;
  dueFor?: string;
}): Promise<string> {
  const { chatId = chat, ids, ageMs = 3_600_000, uniqueId = 'file_1', dueFor = '60s' } = options;
  scene.api.addMessages(chatId, ids, { ageMs });
  return pendingDeletion(scene.db, { chatId, messageIds: ids, uniqueId, dueFor, age: `${ageMs} milliseconds` });
}

describe('a due record', () => {
  test('its messages go, its reader gets one notice with the button, and the record goes', async () => {
    await record({ ids: [11, 12, 13], uniqueId: 'file-42_x' });
    const { code, summary } = await scene.pass(['delete-due']);

    expect(code).toBe(0);
    expect(scene.api.messageIds(chat).filter((id) => id <= 13)).toEqual([]);
    const sent = scene.api.sent(chat);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.replyMarkup).toEqual({
      inline_keyboard: [[{ text: '♻️ Click Here', url: 'https://t.me/sweep_test_bot?start=file-42_x' }]],
    });
    expect(await left()).toEqual([]);
    expect(summary).toMatchObject({
      job: 'delete-due',
      outcome: 'ok',
      stop_reason: 'done',
      dry_run: false,
      counts: { records: 1, messages_deleted: 3, messages_gone: 0, messages_failed: 0, notices_sent: 1, deferred: 0 },
      left: { due: 0, oldest_due_seconds: 0 },
    });
  });

  test('costs two calls: one for its messages, one for its notice', async () => {
    await scene.db.query(
      "insert into telesweep.bots values ('123456789', 'sweep_test_bot', now()) on conflict do nothing",
    );
    await record({ ids: [1, 2, 3, 4, 5] });
    const { summary } = await scene.pass(['delete-due']);
    expect(methodsTo(chat)).toEqual(['deleteMessages', 'sendMessage']);
    expect(summary.telegram).toEqual({ calls: 2, rate_limited: 0 });
  });

  test('of one message is deleted by deleteMessage, which tells whether it was gone', async () => {
    await record({ ids: [7] });
    await pendingDeletion(scene.db, { chatId: chat + 1, messageIds: [8] });
    scene.api.addChat(chat + 1);
    const { summary } = await scene.pass(['delete-due']);
    expect(methodsTo(chat)).toEqual(['deleteMessage', 'sendMessage']);
    expect(summary.counts).toMatchObject({ records: 2, messages_deleted: 1, messages_gone: 1, notices_sent: 2 });
  });

  test('that is not due yet is left alone', async () => {
    const id = await record({ ids: [1], dueFor: '-61s' });
    const { summary } = await scene.pass(['delete-due']);
    expect(scene.api.messageIds(chat)).toEqual([1]);
    expect((await left()).map((row) => row.id)).toEqual([id]);
    expect(summary.telegram.calls).toBe(0);
  });

  test('the bot is asked for its name once, and it is remembered', async () => {
    await scene.db.query('truncate telesweep.bots');
    const before = scene.api.calls.filter(({ method }) => method === 'getMe').length;
    await record({ ids: [1] });
    await record({ chatId: chat + 1, ids: [1] });
    await scene.pass(['delete-due']);
    await record({ chatId: chat + 2, ids: [1] });
    await scene.pass(['delete-due']);
    expect(scene.api.calls.filter(({ method }) => method === 'getMe')).toHaveLength(before + 1);
    expect(scene.api.sent(chat + 2)[0]?.replyMarkup).toMatchObject({
      inline_keyboard: [[{ url: 'https://t.me/sweep_test_bot?start=file_1' }]],
    });
  });
});

describe('order and batches', () => {
  test('nearest to 48 hours first, then oldest due', async () => {
    const hour = 3_600_000;
    await record({ chatId: chat + 1, ids: [1, 2], ageMs: hour, dueFor: '10m' });
    await record({ chatId: chat + 2, ids: [1, 2], ageMs: 47 * hour, dueFor: '1m' });
    await record({ chatId: chat + 3, ids: [1, 2], ageMs: 3 * hour, dueFor: '2m' });
    // Slow enough that calls arrive in the order in which they leave.
    await scene.pass(['delete-due'], { NOTICE: 'none', TELEGRAM_RATE: '20' });
    const order = scene.api.calls
      .filter(
        ({ method, chatId }) => method === 'deleteMessages' && Number(chatId) > chat && Number(chatId) < chat + 10,
      )
      .map(({ chatId }) => Number(chatId) - chat);
    expect(order).toEqual([2, 3, 1]);
  });

  test("one chat's records travel in calls of up to 100 ids, and each gets its notice", async () => {
    for (let i = 0; i < 5; i++) {
      await record({ ids: Array.from({ length: 45 }, (_, n) => i * 45 + n + 1), uniqueId: `file_${i}` });
    }
    const { summary } = await scene.pass(['delete-due']);
    const deletes = callsTo(chat).filter(({ method }) => method === 'deleteMessages');
    expect(deletes.map(({ messageIds }) => messageIds.length)).toEqual([100, 100, 25]);
    expect(new Set(scene.api.sent(chat).map(({ replyMarkup }) => JSON.stringify(replyMarkup))).size).toBe(5);
    expect(summary.counts).toMatchObject({ records: 5, messages_deleted: 225, notices_sent: 5 });
  });

  test('a refused batch is split until the ids at fault are alone', async () => {
    const ids = Array.from({ length: 40 }, (_, n) => n + 1);
    scene.api.addMessages(
      chat,
      ids.filter((id) => id !== 17 && id !== 33),
      { ageMs: 1000 },
    );
    scene.api.addMessage(chat, { id: 17, protected: true });
    scene.api.addMessage(chat, { id: 33, protected: true });
    await pendingDeletion(scene.db, { chatId: chat, messageIds: ids.slice(0, 20) });
    await pendingDeletion(scene.db, { chatId: chat, messageIds: ids.slice(20, 30) });
    await pendingDeletion(scene.db, { chatId: chat, messageIds: ids.slice(30) });
    await record({ chatId: chat + 1, ids: [1] });
    const { code, summary } = await scene.pass(['delete-due']);
    expect(scene.api.messageIds(chat).filter((id) => id <= 40)).toEqual([17, 33]);
    expect(code).toBe(0);
    expect(summary).toMatchObject({
      outcome: 'ok',
      counts: { messages_deleted: 39, messages_failed: 0, records: 2, deferred: 2 },
    });
    // Beside a witness, each refusal counts.
    expect(await left()).toMatchObject([
      { refusals: 1, failure: null },
      { refusals: 1, failure: null },
    ]);
    // The record whose messages are all gone is told; the others are not, for they are not settled.
    expect(scene.api.sent(chat)).toHaveLength(1);
  });

  test('more records than a page holds, with a limit of calls: all go, none twice', async () => {
    await scene.db.query(
      `insert into pending_deletions (user_id, chat_id, message_ids, unique_id, created_at, delete_at)
       select n, $1::bigint + n % 700, array[n], 'f', now() - interval '1 hour', now() - interval '1 minute'
       from generate_series(1, 2500) n`,
      [1_000_000],
    );
    for (let n = 0; n < 700; n++) scene.api.addChat(1_000_000 + n);
    const { summary } = await scene.pass(['delete-due'], { TELEGRAM_RATE: '1000', NOTICE: 'none' });
    expect(summary.counts).toMatchObject({ records: 2500, deferred: 0 });
    expect(await left()).toEqual([]);
  });

  test('--limit takes that many and leaves the rest', async () => {
    for (let i = 0; i < 5; i++) await record({ chatId: chat + i, ids: [1, 2] });
    const first = await scene.pass(['delete-due', '--limit', '2']);
    expect(first.code).toBe(0);
    expect(first.summary).toMatchObject({
      outcome: 'ok',
      stop_reason: 'limit',
      counts: { records: 2 },
      left: { due: 3 },
    });
    const second = await scene.pass(['delete-due', '--limit', '3']);
    expect(second.summary).toMatchObject({ stop_reason: 'done', counts: { records: 3 }, left: { due: 0 } });
  });
});

describe('what cannot be deleted', () => {
  test('messages past 48 hours fail as too_old without a call', async () => {
    const hour = 3_600_000;
    await record({ ids: [1, 2], ageMs: 48 * hour + 61_000 });
    await record({ chatId: chat + 1, ids: [1, 2], ageMs: 48 * hour - 61_000 });
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(1);
    expect(callsTo(chat)).toEqual([]);
    expect(await left()).toMatchObject([{ failure: 'too_old', failed: true }]);
    expect(summary.counts).toMatchObject({ records: 1, messages_failed: 2, messages_deleted: 2 });
  });

  test('a failed record is not tried again by itself, and no longer makes the exit code 1', async () => {
    await record({ ids: [1], ageMs: 49 * 3_600_000 });
    expect((await scene.pass(['delete-due'])).code).toBe(1);
    const again = await scene.pass(['delete-due']);
    expect(again.code).toBe(0);
    expect(again.summary.left).toEqual({ due: 0, oldest_due_seconds: 0 });
    expect(await left()).toHaveLength(1);
  });

  test.each([
    'blocked',
    'deactivated',
    'gone',
    'kicked',
    'not_member',
    'peer_invalid',
    'group_deleted',
  ] as const)('a chat that is %s ends its records quietly', async (state) => {
    await record({ ids: [1, 2] });
    await record({ ids: [3] });
    scene.api.setState(chat, state);
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(0);
    expect(await left()).toEqual([]);
    expect(summary.counts).toMatchObject({ records: 2, chats_unreachable: 1, notices_sent: 0, messages_failed: 0 });
    expect(methodsTo(chat)).toEqual(['deleteMessages']);
  });

  test('a user who blocked the bot after his messages were deleted ends the record quietly', async () => {
    scene.api.addChat({ id: chat, state: 'blocked', canStillDelete: true });
    await record({ ids: [1, 2] });
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(0);
    expect(summary.counts).toMatchObject({ records: 1, messages_deleted: 2, chats_unreachable: 1, notices_sent: 0 });
  });

  test.each([
    'need_admin',
    'not_enough_rights',
    'channel_private',
  ] as const)('a chat with %s is not condemned on one sighting, but after five beside a witness in six hours', async (state) => {
    const id = await record({ ids: [1, 2] });
    scene.api.setState(chat, state);
    await scene.db.query('update telesweep.bots set worked_at = now()');
    const waits: number[] = [];
    for (let sighting = 1; sighting < 5; sighting++) {
      const { code, summary } = await scene.pass(['delete-due']);
      expect(code).toBe(0);
      expect(summary.counts).toMatchObject({ deferred: 1, records: 0 });
      const [row] = await left();
      expect(row).toMatchObject({ id, failed: false, attempts: sighting });
      waits.push(Math.round(row?.waits ?? 0));
      await scene.db.query("update pending_deletions set next_attempt_at = now() - interval '1 second'");
    }
    expect(waits.map((seconds) => Math.round(seconds / 10) * 10)).toEqual([30, 60, 120, 240]);
    // Five in minutes are one incident.
    expect((await scene.pass(['delete-due'])).code).toBe(0);
    await scene.db.query(
      `update pending_deletions set next_attempt_at = null, refused_since = now() - interval '6 hours 1 second'`,
    );
    expect((await scene.pass(['delete-due'])).code).toBe(1);
    expect(await left()).toMatchObject([{ failure: 'forbidden', failed: true }]);
  });

  test('a record that waits is not tried before its time', async () => {
    await record({ ids: [1, 2] });
    scene.api.fault({ kind: '5xx_before', times: 1 });
    await record({ chatId: chat + 1, ids: [1, 2] });
    const { summary } = await scene.pass(['delete-due']);
    expect(summary.counts).toMatchObject({ deferred: 1, records: 1 });
    expect(summary.left.due).toBe(1);
    const calls = scene.api.callCount;
    const again = await scene.pass(['delete-due']);
    expect(scene.api.callCount).toBe(calls);
    expect(again.summary.left.due).toBe(1);
  });
});

describe('what a bot may have written', () => {
  test('duplicate ids are deleted once', async () => {
    scene.api.addMessages(chat, [1, 2]);
    await pendingDeletion(scene.db, { chatId: chat, messageIds: [1, 2, 2, 1, 1] });
    const { summary } = await scene.pass(['delete-due']);
    expect(callsTo(chat)[0]?.messageIds).toEqual([1, 2]);
    expect(summary.counts).toMatchObject({ messages_deleted: 2, records: 1 });
  });

  test('impossible ids fail the record, after the possible ones are deleted', async () => {
    scene.api.addMessages(chat, [5, 6]);
    await pendingDeletion(scene.db, { chatId: chat, messageIds: [0, 5, -3, 6, '9223372036854775807'] });
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(1);
    expect(scene.api.messageIds(chat)).toEqual([]);
    expect(summary.counts).toMatchObject({ messages_deleted: 2, messages_failed: 3, notices_sent: 0 });
    expect(await left()).toMatchObject([{ failure: 'bad_message_id' }]);
  });

  test('a record with nothing but impossible ids costs no call', async () => {
    await pendingDeletion(scene.db, { chatId: chat, messageIds: [0, -1] });
    await scene.pass(['delete-due']);
    expect(callsTo(chat)).toEqual([]);
    expect(await left()).toMatchObject([{ failure: 'bad_message_id' }]);
  });

  test('ids by the thousand in one record', async () => {
    const ids = Array.from({ length: 2_345 }, (_, n) => n + 1);
    await record({ ids });
    const { summary } = await scene.pass(['delete-due']);
    expect(summary.counts).toMatchObject({ records: 1, messages_deleted: 2_345, notices_sent: 1 });
    expect(summary.telegram.calls).toBeLessThanOrEqual(26);
  });

  test.each([
    'has space',
    'ä',
    'x'.repeat(65),
    'a/b',
    '',
  ])('a payload that cannot be a deep link (%j): the notice goes without its button', async (uniqueId) => {
    await record({ ids: [1, 2], uniqueId });
    const { code, summary, stderr } = await scene.pass(['delete-due']);
    expect(code).toBe(0);
    expect(summary.counts.notices_sent).toBe(1);
    expect(scene.api.sent(chat)[0]?.replyMarkup).toBeFalsy();
    expect(stderr.includes('"level":"warn"')).toBe(uniqueId !== '');
  });
});

describe('NOTICE', () => {
  test('none: the messages go, nobody is told', async () => {
    await record({ ids: [1, 2] });
    const { summary } = await scene.pass(['delete-due'], { NOTICE: 'none' });
    expect(methodsTo(chat)).toEqual(['deleteMessages']);
    expect(summary.counts).toMatchObject({ records: 1, notices_sent: 0 });
    expect(await left()).toEqual([]);
  });

  test('edit: the last id is kept and becomes the notice', async () => {
    await record({ ids: [1, 2, 3] });
    const { summary } = await scene.pass(['delete-due'], { NOTICE: 'edit', NOTICE_TEXT: 'Gone.' });
    expect(methodsTo(chat)).toEqual(['deleteMessages', 'editMessageText']);
    expect(scene.api.messageIds(chat)).toEqual([3]);
    expect(scene.api.message(chat, 3)?.text).toBe('Gone.');
    expect(scene.api.edits(chat)[0]?.replyMarkup).toMatchObject({ inline_keyboard: [[{ text: '♻️ Click Here' }]] });
    expect(summary.counts).toMatchObject({ records: 1, messages_deleted: 2, notices_sent: 1 });
  });

  test('edit: an edit that was made before counts as done', async () => {
    await record({ ids: [1, 2, 3] });
    scene.api.fault({ kind: 'drop_after', method: 'editMessageText', times: 1 });
    const first = await scene.pass(['delete-due'], { NOTICE: 'edit' });
    expect(first.summary.counts).toMatchObject({ deferred: 1, notices_uncertain: 0 });
    await scene.db.query('update pending_deletions set next_attempt_at = null');
    const second = await scene.pass(['delete-due'], { NOTICE: 'edit' });
    expect(second.summary.counts).toMatchObject({ records: 1, notices_sent: 1 });
    expect(scene.api.messageIds(chat)).toEqual([3]);
  });

  test('edit: a file has no text to edit, so it goes as well and the notice is sent', async () => {
    scene.api.addMessages(chat, [1, 2], { kind: 'media' });
    await pendingDeletion(scene.db, { chatId: chat, messageIds: [1, 2] });
    const { summary } = await scene.pass(['delete-due'], { NOTICE: 'edit' });
    expect(methodsTo(chat)).toEqual(['deleteMessage', 'editMessageText', 'deleteMessage', 'sendMessage']);
    expect(scene.api.message(chat, 2)).toBeUndefined();
    expect(summary.counts).toMatchObject({ records: 1, messages_deleted: 2, notices_sent: 1 });
  });

  test('a text that Telegram refuses stops the notices, not the deletions, and is a settings error', async () => {
    for (let i = 0; i < 5; i++) await record({ chatId: chat + i, ids: [1, 2] });
    scene.api.fault({
      kind: 'error',
      method: 'sendMessage',
      code: 400,
      description: 'Bad Request: BUTTON_URL_INVALID',
      times: 99,
    });
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(78);
    expect(summary.error).toContain('NOTICE_TEXT');
    for (let i = 0; i < 5; i++) expect(scene.api.messageIds(chat + i)).toEqual([]);
    expect(await left()).toHaveLength(5);
    scene.api.clearFaults();
    await scene.db.query('update pending_deletions set next_attempt_at = null');
    const mended = await scene.pass(['delete-due']);
    expect(mended.summary.counts).toMatchObject({ records: 5, notices_sent: 5, messages_deleted: 0 });
  });

  test('a group that became a supergroup gets its notice under the new id', async () => {
    await record({ chatId: -chat, ids: [1, 2] });
    scene.api.addChat({ id: -1_000_000_000_000 - chat, type: 'supergroup' });
    scene.api.fault({
      kind: 'error',
      method: 'sendMessage',
      times: 1,
      code: 400,
      description: 'Bad Request: group chat was upgraded to a supergroup chat',
      parameters: { migrate_to_chat_id: -1_000_000_000_000 - chat },
    });
    const { summary } = await scene.pass(['delete-due']);
    expect(scene.api.sent(-1_000_000_000_000 - chat)).toHaveLength(1);
    expect(summary.counts).toMatchObject({ notices_sent: 1, records: 1 });
  });
});
