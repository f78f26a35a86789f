/** A table of the bot, or a trigger, that does not let a row go: it costs itself alone, every day, in every job. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { broadcast, counter, pendingDeletion, token } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await createScene();
});
afterEach(() => scene.close());

const raising = (table: string, when: string) => `
  create function hold() returns trigger language plpgsql as $$ begin raise exception 'the archive wants it'; end $$;
  create trigger hold before delete on ${table} for each row when (${when}) execute function hold()`;

describe('cleanup-tokens', () => {
  test.each([
    [
      'a foreign key',
      `create table orders (token text references tokens); insert into orders values ('held')`,
      /orders/,
    ],
    ['a trigger', raising('tokens', `old.token = 'held'`), /archive wants it/],
  ])('%s on one of 1,001 tokens: the others go, and it is kept, told of once, and 1', async (_, hold, words) => {
    await scene.db.query(`insert into tokens (token, unique_id, status, expires_at)
      select 't' || i, 'file_' || i, 'verified', now() - i * interval '1 minute' from generate_series(1, 1000) as i`);
    await scene.db.query(`insert into tokens (token, unique_id, status, expires_at)
      values ('held', 'file_held', 'verified', now() - interval '500 minutes')`);
    await scene.db.query(hold);
    for (const deleted of [1_000, 0]) {
      const { code, summary, stderr } = await scene.pass(['cleanup-tokens']);
      expect(code).toBe(1);
      expect(summary).toMatchObject({ counts: { deleted, kept: 1 }, left: { due: 1 }, stop_reason: 'done' });
      expect(stderr.match(/does not let a row go/g)).toHaveLength(1);
      expect(stderr).toMatch(words);
      expect(stderr).toContain('the token of file_held');
      expect(stderr).not.toContain('"held"');
    }
    expect(await scene.db.query('select token from tokens')).toEqual([{ token: 'held' }]);
    const limited = await scene.pass(['cleanup-tokens', '--limit', '5']);
    expect(limited).toMatchObject({ code: 1, summary: { counts: { deleted: 0, kept: 1 } } });
  });

  test('with --limit what is held keeps it from nothing behind', async () => {
    await token(scene.db, { token: 'held', expiredFor: '2h' });
    for (let n = 0; n < 4; n++) await token(scene.db, { expiredFor: '1h' });
    await scene.db.query(raising('tokens', `old.token = 'held'`));
    const { summary } = await scene.pass(['cleanup-tokens', '--limit', '2']);
    expect(summary.counts).toEqual({ deleted: 2, kept: 1 });
  });
});

test('reset-counts: one of many counters', async () => {
  for (let userId = 1; userId <= 20; userId++) await counter(scene.db, { userId });
  await scene.db.query(raising('token_generator_count', 'old.user_id = 7'));
  const { code, summary, stderr } = await scene.pass(['reset-counts']);
  expect(code).toBe(1);
  expect(summary.counts).toEqual({ deleted: 19, kept: 1 });
  expect(stderr).toContain('the counter of user 7 on ');
});

describe('delete-due', () => {
  test.each([
    [
      'a foreign key',
      'create table audit (record bigint references pending_deletions); insert into audit select min(id) from pending_deletions',
    ],
    [
      'a trigger',
      `do $do$ begin execute format($x$${raising('pending_deletions', 'old.id = %s')}$x$, (select min(id) from pending_deletions)); end $do$`,
    ],
  ])('%s holds one record: its reader is told once, it is given up as held_by_database, and never called uncertain', async (_, hold) => {
    for (let chatId = 1; chatId <= 9; chatId++) {
      scene.api.addMessages(chatId, [1, 2]);
      await pendingDeletion(scene.db, { chatId, messageIds: [1, 2] });
    }
    await scene.db.query(hold);
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(1);
    expect(summary.counts).toMatchObject({ records: 8, notices_sent: 9, notices_uncertain: 0, messages_deleted: 18 });
    const rows = await scene.db.query<{ failure: string; failure_detail: string }>(
      'select failure, failure_detail from pending_deletions',
    );
    expect(rows).toMatchObject([
      { failure: 'held_by_database', failure_detail: expect.stringMatching(/audit|archive/) },
    ]);
    expect((await scene.run(['failed', 'list'])).stdout).toMatch(/held_by_database.*/);
    expect((await scene.pass(['delete-due'])).code).toBe(0);
    await scene.run(['failed', 'retry', '--yes']);
    const again = await scene.pass(['delete-due']);
    expect(again.summary.counts).toMatchObject({ notices_sent: 0, notices_uncertain: 0 });
    expect(scene.api.sent()).toHaveLength(9);
    await scene.db.query('drop table if exists audit; drop function if exists hold cascade');
    await scene.run(['failed', 'retry', '--yes']);
    expect(await scene.pass(['delete-due'])).toMatchObject({
      code: 0,
      summary: { counts: { records: 1, notices_uncertain: 0 } },
    });
    expect(scene.api.sent()).toHaveLength(9);
  });
});

test('delete-broadcasts: one ledger row and one broadcast are held, and those behind the twentieth are reached', async () => {
  const ids: string[] = [];
  for (let n = 1; n <= 23; n++) {
    scene.api.addMessages(n, [n]);
    ids.push(await broadcast(scene.db, { messages: [{ chatId: n, messageId: n }] }));
  }
  await scene.db.query(`create table report (broadcast bigint references broadcasts); insert into report values (${ids[2]});
    ${raising('broadcast_messages', 'old.chat_id = 5')}`);
  const { code, summary } = await scene.pass(['delete-broadcasts']);
  expect(code).toBe(1);
  expect(summary.counts).toMatchObject({ broadcasts: 21, messages_deleted: 23 });
  expect(
    await scene.db.query('select failure, failure_detail is not null as told from broadcasts order by id'),
  ).toEqual([
    { failure: 'held_by_database', told: true },
    { failure: 'messages_failed', told: false },
  ]);
  expect((await scene.pass(['delete-broadcasts'])).code).toBe(0);
});

test('what is past its days and held costs neither the run nor the lease', async () => {
  await pendingDeletion(scene.db, { chatId: 1 });
  await scene.db.query(`update pending_deletions set failed_at = now() - interval '99 days', failure = 'too_old';
    ${raising('pending_deletions', 'true')}`);
  const { code, stderr } = await scene.pass(['delete-due']);
  expect(code).toBe(0);
  expect(stderr).toMatch(/archive wants it/);
  expect(await scene.db.query('select outcome from telesweep.runs')).toEqual([{ outcome: 'ok' }]);
  expect(await scene.db.query('select from telesweep.leases')).toEqual([]);
});

test('failed drop drops the others, names what is held, and ends with 1', async () => {
  for (let chatId = 1; chatId <= 30; chatId++) await pendingDeletion(scene.db, { chatId });
  await scene.db.query(`update pending_deletions set failed_at = now() - interval '1 day', failure = 'too_old';
    ${raising('pending_deletions', 'old.chat_id = 17')}`);
  const { code, stdout, stderr } = await scene.run(['failed', 'drop', '--yes']);
  expect(code).toBe(1);
  expect(stdout + stderr).toMatch(/29/);
  expect(stdout + stderr).toMatch(/archive wants it/);
  expect(await scene.db.query('select chat_id::text from pending_deletions')).toEqual([{ chat_id: '17' }]);
});

test('failed retry and failed drop end where a trigger keeps every row without a word, and say so', async () => {
  for (let chatId = 1; chatId <= 3; chatId++) await pendingDeletion(scene.db, { chatId });
  await scene.db.query(`update pending_deletions set failed_at = now() - interval '1 day', failure = 'forbidden';
    create function keep() returns trigger language plpgsql as $$ begin return null; end $$;
    create trigger keep before update or delete on pending_deletions for each row execute function keep()`);
  for (const command of ['retry', 'drop']) {
    const { code, stdout, stderr } = await scene.run(['failed', command, '--yes']);
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/kept the row without a word/);
  }
  expect(await scene.db.query('select from pending_deletions')).toHaveLength(3);
});

test.each([
  ['without a word', 'return null;'],
  ['aloud', `raise exception 'the archive wants it';`],
])('with --limit, rows that a trigger keeps %s in front keep it from nothing behind, on one day as well', async (_, body) => {
  for (let userId = 1; userId <= 12; userId++) await counter(scene.db, { userId });
  await scene.db.query(`create function keep() returns trigger language plpgsql as $$ begin
      if old.user_id <= 7 then ${body} end if; return old; end $$;
    create trigger keep before delete on token_generator_count for each row execute function keep()`);
  for (const [deleted, left] of [
    [3, 9],
    [2, 7],
  ]) {
    const { code, summary } = await scene.pass(['reset-counts', '--limit', '3']);
    expect({ code, ...summary.counts, left: summary.left.due }).toEqual({ code: 1, deleted, kept: 7, left });
  }
});

test('a trigger that keeps one token of many without a word: the others go, and it is kept, told of, and 1', async () => {
  await token(scene.db, { token: 'held' });
  for (let n = 0; n < 20; n++) await token(scene.db);
  await scene.db.query(`create function keep() returns trigger language plpgsql as $$ begin
    return case when old.token <> 'held' then old end; end $$;
    create trigger keep before delete on tokens for each row execute function keep()`);
  for (const deleted of [20, 0]) {
    const { code, summary, stderr } = await scene.pass(['cleanup-tokens']);
    expect(code).toBe(1);
    expect(summary).toMatchObject({ counts: { deleted, kept: 1 }, left: { due: 1 } });
    expect(stderr).toContain('kept the row without a word');
  }
});
