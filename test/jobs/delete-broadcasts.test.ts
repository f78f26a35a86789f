import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Call } from '../support/bot-api.ts';
import { broadcast, pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await createScene();
});
afterAll(() => scene.close());

/** Chats are never used twice, so that each test sees its own calls alone. */
let chat = 50_000;
beforeEach(async () => {
  chat += 100_000;
  scene.api.clearFaults();
  await scene.db.query(
    'truncate pending_deletions, broadcasts, broadcast_messages, telesweep.runs, telesweep.budgets, telesweep.leases',
  );
});

const hour = 3_600_000;
const callsTo = (chatId: number): readonly Call[] => scene.api.calls.filter((call) => call.chatId === String(chatId));

/** A broadcast that stands in `chats` chats from `first` on, as message `messageId` in each. */
async function sent(options: {
  chats: number;
  first?: number;
  messageId?: number;
  ageMs?: number;
  dueFor?: string | null;
}) {
  const { chats, first = chat, messageId = 7, ageMs = 2 * hour, dueFor = '60s' } = options;
  const messages = Array.from({ length: chats }, (_, n) => ({ chatId: first + n, messageId }));
  for (const { chatId } of messages) scene.api.addMessage(chatId, { id: messageId, ageMs });
  return broadcast(scene.db, { age: `${ageMs} milliseconds`, dueFor, messages });
}

const broadcasts = () =>
  scene.db.query<{ id: string; failure: string | null }>('select id::text, failure from broadcasts order by id');
const ledger = () =>
  scene.db.query<{ chat_id: string; failure: string | null; attempts: number }>(
    'select chat_id::text, failure, attempts from broadcast_messages order by chat_id, message_id',
  );
const standing = (first: number, chats: number): number =>
  Array.from({ length: chats }, (_, n) => scene.api.messageIds(first + n).length).reduce((a, b) => a + b, 0);

describe('an expired broadcast', () => {
  test('goes from every chat of its ledger, then its record goes', async () => {
    await sent({ chats: 30 });
    const { code, summary } = await scene.pass(['delete-broadcasts']);
    expect(code).toBe(0);
    expect(standing(chat, 30)).toBe(0);
    expect(await broadcasts()).toEqual([]);
    expect(await ledger()).toEqual([]);
    expect(summary).toMatchObject({
      outcome: 'ok',
      stop_reason: 'done',
      counts: { broadcasts: 1, messages_deleted: 30, messages_gone: 0, messages_failed: 0, deferred: 0 },
      telegram: { calls: 30 },
      left: { due: 0 },
    });
  });

  test('one that is not due, or has no delete_at, is left alone', async () => {
    const later = await sent({ chats: 2, dueFor: '-61s' });
    const never = await sent({ chats: 2, first: chat + 10, dueFor: null });
    const { summary } = await scene.pass(['delete-broadcasts']);
    expect(summary).toMatchObject({ telegram: { calls: 0 }, left: { due: 0 } });
    expect((await broadcasts()).map(({ id }) => id)).toEqual([later, never]);
    expect(standing(chat, 20)).toBe(4);
  });

  test('messages of several broadcasts in one chat travel in one call', async () => {
    await sent({ chats: 10, messageId: 7, ageMs: 5 * hour });
    await sent({ chats: 10, messageId: 8, ageMs: 3 * hour });
    await sent({ chats: 10, messageId: 9, ageMs: hour });
    const { summary } = await scene.pass(['delete-broadcasts']);
    expect(summary).toMatchObject({ counts: { broadcasts: 3, messages_deleted: 30 }, telegram: { calls: 10 } });
    expect(callsTo(chat).map(({ messageIds }) => [...messageIds].sort())).toEqual([[7, 8, 9]]);
  });

  test('also where the chats of two broadcasts lie pages apart', async () => {
    const ages = ['5h', '1h'];
    for (const [n, age] of ages.entries()) {
      const messages = Array.from({ length: 1500 }, (_, i) => ({
        chatId: chat + (n === 0 ? i : 1499 - i),
        messageId: n + 1,
      }));
      for (const { chatId, messageId } of messages) scene.api.addMessage(chatId, { id: messageId });
      await broadcast(scene.db, { age, messages });
    }
    const { summary } = await scene.pass(['delete-broadcasts'], { TELEGRAM_RATE: '5000' });
    expect(summary).toMatchObject({ counts: { broadcasts: 2, messages_deleted: 3000 }, telegram: { calls: 1500 } });
  });

  test('in the order of the 48-hour deadline', async () => {
    await sent({ chats: 1, first: chat + 1, ageMs: 2 * hour });
    await sent({ chats: 1, first: chat + 2, ageMs: 40 * hour });
    await sent({ chats: 1, first: chat + 3, ageMs: 20 * hour });
    // Slow enough that calls arrive in the order in which they leave.
    await scene.pass(['delete-broadcasts'], { TELEGRAM_RATE: '20' });
    const order = scene.api.calls
      .filter(({ chatId }) => Number(chatId) > chat)
      .map(({ chatId }) => Number(chatId) - chat);
    expect(order).toEqual([2, 3, 1]);
  });

  test('20,000 chats with one in fifty blocked or gone', async () => {
    const chats = 20_000;
    await sent({ chats });
    for (let n = 0; n < chats; n += 50) scene.api.setState(chat + n, n % 100 === 0 ? 'blocked' : 'gone');
    const { code, summary } = await scene.pass(['delete-broadcasts'], { TELEGRAM_RATE: '100000' });
    expect(code).toBe(0);
    expect(summary.counts).toMatchObject({
      broadcasts: 1,
      messages_deleted: 19_600,
      chats_unreachable: 400,
      messages_failed: 0,
    });
    expect(summary.telegram.calls).toBe(chats);
    expect(await ledger()).toEqual([]);
  }, 60_000);
});

describe('what cannot be deleted', () => {
  test('messages past 48 hours are given up without a call, and the broadcast is kept', async () => {
    const id = await sent({ chats: 5, ageMs: 48 * hour + 60_000 });
    const { code, summary } = await scene.pass(['delete-broadcasts']);
    expect(code).toBe(1);
    expect(summary).toMatchObject({
      outcome: 'failed',
      counts: { messages_failed: 5, broadcasts: 0 },
      telegram: { calls: 0 },
    });
    expect(await broadcasts()).toEqual([{ id, failure: 'messages_failed' }]);
    expect(new Set((await ledger()).map(({ failure }) => failure))).toEqual(new Set(['too_old']));
    const again = await scene.pass(['delete-broadcasts']);
    expect(again).toMatchObject({ code: 0, summary: { left: { due: 0 }, telegram: { calls: 0 } } });
  });

  test('a broadcast without a ledger is reported as failed, once', async () => {
    const id = await sent({ chats: 0 });
    const first = await scene.pass(['delete-broadcasts']);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('What a bot must write');
    expect(await broadcasts()).toEqual([{ id, failure: 'no_ledger' }]);
    expect((await scene.pass(['delete-broadcasts'])).code).toBe(0);
  });

  test('a row with impossible ids fails alone', async () => {
    await sent({ chats: 3 });
    await broadcast(scene.db, { messages: [{ chatId: chat + 50, messageId: 0 }] });
    await scene.db.query('update broadcast_messages set broadcast_id = (select min(id) from broadcasts)');
    await scene.db.query('delete from broadcasts where id <> (select min(id) from broadcasts)');
    const { code, summary } = await scene.pass(['delete-broadcasts']);
    expect(code).toBe(1);
    expect(summary).toMatchObject({ outcome: 'partial', counts: { messages_deleted: 3, messages_failed: 1 } });
    expect(await ledger()).toMatchObject([{ failure: 'bad_message_id' }]);
  });

  test('missing rights are not condemned on one sighting, but after five beside a witness in six hours', async () => {
    await sent({ chats: 2 });
    scene.api.setState(chat, 'need_admin');
    for (let sighting = 1; sighting < 5; sighting++) {
      const { code } = await scene.pass(['delete-broadcasts']);
      expect(code).toBe(0);
      expect(await ledger()).toMatchObject([{ attempts: sighting, failure: null }]);
      // Until the wait is over, a pass finds nothing due.
      expect((await scene.pass(['delete-broadcasts'])).summary).toMatchObject({
        telegram: { calls: 0 },
        left: { due: 1 },
      });
      await scene.db.query("update broadcast_messages set next_attempt_at = now() - interval '1 second'");
    }
    // Five in minutes are one incident.
    expect((await scene.pass(['delete-broadcasts'])).code).toBe(0);
    await scene.db.query(
      "update broadcast_messages set next_attempt_at = null, refused_since = now() - interval '6 hours 1 second'",
    );
    expect((await scene.pass(['delete-broadcasts'])).code).toBe(1);
    expect(await ledger()).toMatchObject([{ failure: 'forbidden' }]);
  });

  test('a message that is gone counts as done', async () => {
    await sent({ chats: 4 });
    scene.api.addChat(chat);
    const { code, summary } = await scene.pass(['delete-broadcasts']);
    expect(code).toBe(0);
    expect(summary.counts).toMatchObject({ messages_deleted: 3, messages_gone: 1, broadcasts: 1 });
  });
});

describe('a pass that stops', () => {
  test('--limit takes that many messages and the next pass goes on', async () => {
    await sent({ chats: 10 });
    const first = await scene.pass(['delete-broadcasts', '--limit', '4']);
    expect(first).toMatchObject({
      code: 0,
      summary: { stop_reason: 'limit', left: { due: 6 }, counts: { messages_deleted: 4 } },
    });
    const second = await scene.pass(['delete-broadcasts']);
    expect(second.summary).toMatchObject({ stop_reason: 'done', counts: { messages_deleted: 6, broadcasts: 1 } });
  });

  test('--max-runtime ends it in good order and the next pass goes on', async () => {
    await sent({ chats: 120 });
    const first = await scene.pass(['delete-broadcasts', '--max-runtime', '1s'], { TELEGRAM_RATE: '50' });
    expect(first).toMatchObject({ code: 0, summary: { outcome: 'ok', stop_reason: 'deadline' } });
    const deleted = first.summary.counts.messages_deleted ?? 0;
    expect(deleted).toBeGreaterThan(5);
    expect(deleted).toBeLessThan(70);
    expect(first.summary.left.due).toBe(120 - deleted);
    const second = await scene.pass(['delete-broadcasts']);
    expect(second.summary.counts).toMatchObject({ messages_deleted: 120 - deleted, messages_gone: 0, broadcasts: 1 });
  });

  test('killed anywhere, the next passes finish it and repeat at most one batch', async () => {
    const chats = 1_500;
    for (let kill = 1; kill <= 10; kill++) {
      const first = chat + kill * 2_000;
      await sent({ chats, first });
      const before = scene.api.callCount;
      const { child, done } = scene.start(['delete-broadcasts'], { TELEGRAM_RATE: '5000' });
      scene.api.onCall = () => {
        if (scene.api.callCount - before === kill * 140) child.kill('SIGKILL');
      };
      expect((await done).signal).toBe('SIGKILL');
      scene.api.onCall = undefined;
      await scene.db.query("update telesweep.leases set expires_at = now() - interval '1 second'");
      const { summary } = await scene.pass(['delete-broadcasts'], { TELEGRAM_RATE: '5000' });
      expect(summary.counts.broadcasts).toBe(1);
      expect(standing(first, chats)).toBe(0);
      expect(scene.api.callCount - before).toBeLessThanOrEqual(chats + 1_000 + 64);
    }
    expect(await broadcasts()).toEqual([]);
    expect(await ledger()).toEqual([]);
  }, 60_000);

  test('two at once: one works, the other leaves', async () => {
    await sent({ chats: 200 });
    const results = await Promise.all([scene.pass(['delete-broadcasts']), scene.pass(['delete-broadcasts'])]);
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    expect(results.map(({ summary }) => summary.outcome).sort()).toEqual(['ok', 'skipped']);
    expect(callsTo(chat)).toHaveLength(1);
    expect(standing(chat, 200)).toBe(0);
  });
});

test('a due message goes within two seconds of its pass while a broadcast of thousands runs', async () => {
  await sent({ chats: 3_000 });
  const { child, done } = scene.start(['delete-broadcasts'], { TELEGRAM_RATE: '25' });
  await new Promise<void>((resolve) => {
    const before = scene.api.callCount;
    scene.api.onCall = () => {
      if (scene.api.callCount >= before + 20) resolve();
    };
  });
  scene.api.onCall = undefined;
  const due = chat + 90_000;
  scene.api.addMessages(due, [1, 2, 3]);
  await pendingDeletion(scene.db, { chatId: due, messageIds: [1, 2, 3] });
  const { code, summary } = await scene.pass(['delete-due'], { TELEGRAM_RATE: '25' });
  child.kill('SIGTERM');
  const broadcasts = await done;
  expect(code).toBe(0);
  expect(broadcasts.code).toBe(75);
  expect(callsTo(due).map(({ method }) => method)).toEqual(['deleteMessages', 'sendMessage']);
  const startedAt = Date.parse(summary.started_at);
  const [deleted, told] = callsTo(due).map(({ at }) => at - startedAt);
  expect(deleted).toBeLessThan(2_000);
  // Its notice is one more call: each waits for half a second of the broadcast's at most.
  expect(told).toBeLessThan(3_000);
});

test('a dry run tells what the pass then does, and changes nothing', async () => {
  await sent({ chats: 120 });
  await sent({ chats: 100, messageId: 8 });
  await sent({ chats: 3, first: chat + 500, ageMs: 49 * hour });
  const before = [await broadcasts(), await ledger()];
  const calls = scene.api.callCount;
  const dry = await scene.pass(['delete-broadcasts', '--dry-run', '--json']);
  expect(scene.api.callCount).toBe(calls);
  expect([await broadcasts(), await ledger()]).toEqual(before);
  const { summary } = await scene.pass(['delete-broadcasts']);
  expect(dry.summary.counts).toEqual(summary.counts);
  expect(dry.summary.estimate?.calls).toBe(summary.telegram.calls);
  expect(summary.telegram.calls).toBe(120);
});

test('a ledger row that a bot holds locked is passed over in the end, and the other broadcasts go', async () => {
  await sent({ chats: 2 });
  await sent({ chats: 2, first: chat + 10 });
  const holder = new pg.Client({ connectionString: scene.db.url });
  await holder.connect();
  await holder.query(`begin; select from broadcast_messages where chat_id = ${chat} for update`);
  const { code, summary } = await scene.pass(['delete-broadcasts']);
  await holder.end();
  expect(code).toBe(0);
  expect(summary.counts).toMatchObject({ messages_deleted: 4, broadcasts: 1 });
  expect((await scene.pass(['delete-broadcasts'])).summary.counts).toMatchObject({ broadcasts: 1 });
});
