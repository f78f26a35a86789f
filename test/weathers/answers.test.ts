/** Every answer of the table, each in a chat of its own, through a pass of every job that can meet it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newChannels, postTo } from '../support/guides.ts';
import { broadcast, guide, pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await createScene({}, { TELEGRAM_RATE: '1000' });
});
afterAll(() => scene.close());
beforeEach(async () => {
  scene.api.clearFaults();
  await scene.db.query(`truncate pending_deletions, broadcasts, broadcast_messages, guides, telesweep.runs, telesweep.budgets,
    telesweep.leases, telesweep.bots, telesweep.senders, telesweep.guide_posts`);
});

interface Line {
  code: number;
  description: string;
  methods: string[];
  scope: string;
  meaning: string;
}

const lines: Line[] = readFileSync(join(import.meta.dirname, '../telegram/telegram-answers.tsv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((text) => {
    const [code = '', description = '', methods = '', scope = '', meaning = ''] = text.split('\t');
    return { code: Number(code), description, methods: methods.split(', '), scope, meaning };
  })
  // They stop a pass; a flood has tests of its own.
  .filter(
    ({ code, meaning, description }) => meaning !== 'bot_wide' && code !== 429 && !/FLOOD_WAIT/.test(description),
  );

/** What ends quietly although nothing was deleted or sent. */
const ending = ['chat_unreachable', 'chat_moved', 'done_already'];

const parametersOf = ({ meaning }: Line) =>
  meaning === 'chat_moved' ? { parameters: { migrate_to_chat_id: -77 } } : {};

let chat = 1_000_000;

/** An odd chat for each line, and after each a good one, so that the bot is known to work. */
function chatsFor(some: readonly Line[], method: (line: Line) => string) {
  const odd = some.map((line) => {
    chat += 2;
    scene.api.fault({
      kind: 'error',
      ...line,
      ...parametersOf(line),
      method: method(line),
      chatId: chat,
      times: Number.POSITIVE_INFINITY,
    });
    return { line, chatId: String(chat) };
  });
  return { odd, all: odd.flatMap(({ chatId }) => [chatId, String(Number(chatId) + 1)]) };
}

async function mend(job: string): Promise<void> {
  scene.api.clearFaults();
  for (let pass = 0; pass < 2; pass++) {
    await scene.db.query(
      'update pending_deletions set next_attempt_at = null; update broadcast_messages set next_attempt_at = null',
    );
    expect([0, 1]).toContain((await scene.pass([job])).code);
  }
}

describe.each(['delete-due', 'delete-broadcasts'])('%s', (job) => {
  test.each(['deleteMessage', 'deleteMessages'])('answers to %s', async (method) => {
    const some = lines.filter(({ methods }) => methods.includes(method) || methods.includes('any'));
    expect(some.length).toBeGreaterThan(20);
    const { odd, all } = chatsFor(some, () => method);
    const ids = method === 'deleteMessage' ? [1] : [1, 2, 3];
    for (const chatId of all) {
      scene.api.addMessages(chatId, ids);
      if (job === 'delete-due') await pendingDeletion(scene.db, { chatId, messageIds: ids });
    }
    if (job === 'delete-broadcasts') {
      for (const messageId of ids)
        await broadcast(scene.db, { messages: all.map((chatId) => ({ chatId, messageId })) });
    }
    const { code, stderr } = await scene.pass([job]);
    expect([0, 1], stderr.slice(-2_000)).toContain(code);
    await mend(job);
    // Nothing was condemned on one sighting, and nothing stands but where the answer itself ended the matter.
    expect(await scene.db.query('select from pending_deletions union all select from broadcast_messages')).toEqual([]);
    for (const { line, chatId } of odd) {
      const stands = scene.api.messageIds(chatId).some((id) => ids.includes(id));
      if (stands) expect(ending, `${line.code} ${line.description}`).toContain(line.meaning);
    }
  });
});

describe('sends', () => {
  const some = lines.filter(
    ({ methods, meaning, scope }) =>
      methods.includes('sendMessage') && meaning !== 'bad_text' && scope !== 'this payload, every chat alike',
  );

  test('of delete-due: each reader is told once in the end, or the answer says why not', async () => {
    const { odd, all } = chatsFor(some, () => 'sendMessage');
    for (const chatId of all) {
      scene.api.addMessages(chatId, [1]);
      await pendingDeletion(scene.db, { chatId, messageIds: [1] });
    }
    const { code, stderr } = await scene.pass(['delete-due']);
    expect([0, 1], stderr.slice(-2_000)).toContain(code);
    await mend('delete-due');
    expect(await scene.db.query('select from pending_deletions')).toEqual([]);
    for (const { line, chatId } of odd) {
      const told = scene.api.sent(chatId).length;
      const mayBeUntold =
        [...ending, 'sent_already'].includes(line.meaning) || line.code >= 500 || /TIMEOUT/.test(line.description);
      expect(told, `${line.code} ${line.description}`).toBeLessThanOrEqual(1);
      if (!mayBeUntold) expect(told, `${line.code} ${line.description}`).toBe(1);
    }
  });

  test('of post-guide: a channel that refuses leaves the others alone', async () => {
    await guide(scene.db);
    const channels = newChannels(scene, 2 * some.length);
    for (const [n, line] of some.entries()) {
      const chatId = channels[2 * n] ?? '';
      scene.api.fault({
        kind: 'error',
        ...line,
        ...parametersOf(line),
        method: 'sendMessage',
        chatId,
        times: Number.POSITIVE_INFINITY,
      });
    }
    const { code, stderr } = await scene.pass(['post-guide'], postTo(channels));
    expect([0, 1], stderr.slice(-2_000)).toContain(code);
    for (const [n, chatId] of channels.entries()) if (n % 2 === 1) expect(scene.api.sent(chatId)).toHaveLength(1);
  });
});

test.each([
  '400 Bad Request: FROZEN_METHOD_INVALID',
  '401 Unauthorized',
  '404 Not Found',
  '400 Logged out',
])('%s ends a pass with 77, and nothing is settled', async (text) => {
  const [code = '', ...words] = text.split(' ');
  scene.api.fault({ kind: 'error', code: Number(code), description: words.join(' '), times: Number.POSITIVE_INFINITY });
  for (let n = 0; n < 3; n++) await pendingDeletion(scene.db, { chatId: ++chat, messageIds: [1, 2] });
  const pass = await scene.pass(['delete-due']);
  expect(pass).toMatchObject({ code: 77, summary: { counts: { records: 0, messages_failed: 0, deferred: 0 } } });
  expect(pass.summary.error).toContain('123456789');
  expect(await scene.db.query('select attempts, failure from pending_deletions')).toEqual(
    Array(3).fill({ attempts: 0, failure: null }),
  );
});

test('an endless row of short pauses is waited for no longer than one long one', async () => {
  scene.api.fault({ kind: 'retry_after', seconds: 45, times: 1 }, { kind: 'retry_after', seconds: 61, times: 9 });
  await pendingDeletion(scene.db, { chatId: ++chat, messageIds: [1] });
  await scene.db.query("insert into telesweep.bots (bot_id, username) values (123456789, 'x')");
  const { code, summary } = await scene.pass(['delete-due', '--max-runtime', '30s']);
  expect(code).toBe(75);
  expect(summary).toMatchObject({ stop_reason: 'cooldown', telegram: { calls: 1 } });
});
