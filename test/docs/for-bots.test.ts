/** The examples for bots are the files in docs/examples, and those in JavaScript and SQL do what they say. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Bot } from 'grammy';
import pg from 'pg';
import { Telegraf } from 'telegraf';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as withGrammy from '../../docs/examples/grammy.ts';
import * as withTelegraf from '../../docs/examples/telegraf.ts';
import { botToken } from '../support/bot-api.ts';
import { createScene, type Scene } from '../support/scene.ts';

const docs = join(import.meta.dirname, '../../docs');
const languages: Record<string, string> = { '.ts': 'ts', '.py': 'python', '.sql': 'sql' };

let scene: Scene;
let db: pg.Pool;

beforeAll(async () => {
  scene = await createScene();
  db = new pg.Pool({ connectionString: scene.db.url, max: 1 });
});
afterAll(async () => {
  await db.end();
  await scene.close();
});
beforeEach(() => scene.db.query('truncate pending_deletions, broadcasts, broadcast_messages restart identity'));

test('for-bots.md shows every example as its file is', () => {
  const page = readFileSync(join(docs, 'for-bots.md'), 'utf8');
  const shown = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', code = '']) => ({
    language,
    code,
  }));
  const files = readdirSync(join(docs, 'examples')).map((file) => ({
    language: languages[extname(file)],
    code: readFileSync(join(docs, 'examples', file), 'utf8'),
  }));
  expect(files).toHaveLength(7);
  expect(shown).toHaveLength(files.length);
  expect(shown).toEqual(expect.arrayContaining(files));
});

const bots = {
  grammY: {
    sendFiles: (...args: [number, string, string[]]) => withGrammy.sendFiles(grammy(), db, ...args),
    broadcast: (text: string, chatIds: number[]) => withGrammy.broadcast(grammy(), db, text, chatIds),
  },
  Telegraf: {
    sendFiles: (...args: [number, string, string[]]) => withTelegraf.sendFiles(telegraf(), db, ...args),
    broadcast: (text: string, chatIds: number[]) => withTelegraf.broadcast(telegraf(), db, text, chatIds),
  },
};
const grammy = (): Bot => new Bot(botToken, { client: { apiRoot: scene.api.url } });
const telegraf = (): Telegraf => new Telegraf(botToken, { telegram: { apiRoot: scene.api.url } });

describe.each(Object.entries(bots))('with %s', (name, bot) => {
  const user = name === 'grammY' ? 7_000 : 8_000;

  test('files are written down with what Telegram answered, and telesweep deletes them', async () => {
    scene.api.addChat(user);
    scene.api.addMessage(user, { id: 40 });
    await bot.sendFiles(user, 'file-42', ['one', 'two', 'three']);
    expect(await scene.db.query('select user_id, chat_id, message_ids, unique_id from pending_deletions')).toEqual([
      { user_id: String(user), chat_id: String(user), message_ids: ['41', '42', '43'], unique_id: 'file-42' },
    ]);
    expect((await scene.pass(['delete-due'])).summary.counts).toMatchObject({ records: 0 });

    await scene.db.query("update pending_deletions set delete_at = delete_at - interval '10 minutes'");
    const { summary } = await scene.pass(['delete-due']);
    expect(summary.counts).toMatchObject({ records: 1, messages_deleted: 3, notices_sent: 1 });
    expect(scene.api.messageIds(user)).toEqual([40, 44]);
    expect(scene.api.sent(user)).toHaveLength(1);
  });

  test('what has arrived is written down where a later send fails', async () => {
    const chat = user + 1;
    scene.api.addChat(chat);
    await expect(bot.sendFiles(chat, 'file-43', ['one', ''])).rejects.toThrow('document');
    expect(await scene.db.query('select message_ids from pending_deletions')).toEqual([{ message_ids: ['1'] }]);
  });

  test('a broadcast has a row in the ledger for each chat that it reached, and telesweep takes it back', async () => {
    const chats = [user + 10, user + 11, user + 12];
    for (const [n, id] of chats.entries()) scene.api.addChat({ id, state: n === 1 ? 'blocked' : 'ok' });
    scene.api.addMessage(user + 12, { id: 9 });
    await bot.broadcast('New season is out', chats);
    expect(await scene.db.query('select id, text, delete_at > now() as later from broadcasts')).toEqual([
      { id: '1', text: 'New season is out', later: true },
    ]);
    const ledger = 'select broadcast_id, chat_id, message_id from broadcast_messages order by chat_id';
    expect(await scene.db.query(ledger)).toEqual([
      { broadcast_id: '1', chat_id: String(user + 10), message_id: '1' },
      { broadcast_id: '1', chat_id: String(user + 12), message_id: '10' },
    ]);

    await scene.db.query('update broadcasts set delete_at = now()');
    const { summary } = await scene.pass(['delete-broadcasts']);
    expect(summary.counts).toMatchObject({ broadcasts: 1, messages_deleted: 2 });
    expect(chats.map((id) => scene.api.messageIds(id))).toEqual([[], [], [9]]);
  });
});

test('the statements in SQL run as they stand, each beside telesweep’s own columns', async () => {
  for (const file of ['files.sql', 'broadcast.sql', 'tokens.sql']) {
    await scene.db.query(readFileSync(join(docs, 'examples', file), 'utf8'));
  }
  const [rows] = await scene.db.query(
    `select (select count(*) from pending_deletions where attempts = 0)::int as records,
            (select count(*) from broadcast_messages join broadcasts on id = broadcast_id)::int as copies,
            (select count(*) from tokens where status = 'verified')::int as tokens,
            (select sum(token_generated) from token_generator_count)::int as generated`,
  );
  expect(rows).toEqual({ records: 1, copies: 1, tokens: 1, generated: 1 });
});
