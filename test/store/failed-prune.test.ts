import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pruneFailed } from '../../src/store/failed-prune.ts';
import { withNames } from '../../src/store/names.ts';
import { broadcast, pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await createScene({}, { FAILED_DAYS: '10' });
});
afterAll(() => scene.close());
beforeEach(() => scene.db.query('truncate pending_deletions, broadcasts, broadcast_messages restart identity'));

const ids = async (table: 'pending_deletions' | 'broadcasts'): Promise<string[]> =>
  (await scene.db.query<{ id: string }>(`select id::text from ${table} order by id`)).map(({ id }) => id);

async function failRecord(failedFor: string): Promise<string> {
  const id = await pendingDeletion(scene.db, { age: '20 days' });
  await scene.db.query(
    `update pending_deletions set failed_at = now() - $2::interval, failure = 'too_old' where id = $1`,
    [id, failedFor],
  );
  return id;
}

async function failBroadcast(messages: { chatId: number; failedFor: string }[], failedFor: string): Promise<string> {
  const id = await broadcast(scene.db, { messages: messages.map(({ chatId }) => ({ chatId, messageId: 1 })) });
  for (const message of messages) {
    await scene.db.query(
      `update broadcast_messages set failed_at = now() - $3::interval, failure = 'too_old'
       where broadcast_id = $1 and chat_id = $2`,
      [id, message.chatId, message.failedFor],
    );
  }
  await scene.db.query(
    `update broadcasts set failed_at = now() - $2::interval, failure = $3, deletion_started_at = now() where id = $1`,
    [id, failedFor, messages.length === 0 ? 'no_ledger' : 'messages_failed'],
  );
  return id;
}

describe('a pass', () => {
  test('of delete-due removes its failed items past FAILED_DAYS, and no others', async () => {
    await failRecord('10 days 1 minute');
    const young = await failRecord('9 days 23:59');
    const waiting = await pendingDeletion(scene.db, { age: '20 days', dueFor: '-1h' });
    const bare = await failBroadcast([], '11 days');
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(0);
    expect(summary).toMatchObject({ outcome: 'ok', telegram: { calls: 0 } });
    expect(await ids('pending_deletions')).toEqual([young, waiting]);
    expect(await ids('broadcasts')).toEqual([bare]);
  });

  test('of delete-broadcasts removes failed messages, and the next one the broadcast that they emptied', async () => {
    await failBroadcast([], '11 days');
    const emptied = await failBroadcast([{ chatId: 1, failedFor: '11 days' }], '11 days');
    const kept = await failBroadcast(
      [
        { chatId: 1, failedFor: '11 days' },
        { chatId: 2, failedFor: '9 days' },
      ],
      '11 days',
    );
    await failRecord('11 days');
    await scene.pass(['delete-broadcasts']);
    expect(await ids('broadcasts')).toEqual([emptied, kept]);
    expect(await scene.db.query('select broadcast_id::text, chat_id::text from broadcast_messages')).toEqual([
      { broadcast_id: kept, chat_id: '2' },
    ]);
    await scene.pass(['delete-broadcasts']);
    expect(await ids('broadcasts')).toEqual([kept]);
    expect(await ids('pending_deletions')).toHaveLength(1);
  });

  test('does not prune on a dry run', async () => {
    const old = await failRecord('11 days');
    await scene.pass(['delete-due', '--dry-run', '--json']);
    expect(await ids('pending_deletions')).toEqual([old]);
  });
});

test.each([
  ['delete-due', 'pending_deletions'],
  ['delete-broadcasts', 'broadcast_messages'],
  ['delete-broadcasts', 'broadcasts'],
] as const)('%s never reads all of %s to prune it, with statistics or without', async (job, table) => {
  await scene.db.query(`
    alter table ${table} set (autovacuum_enabled = off);
    ${
      table === 'broadcast_messages'
        ? 'insert into broadcast_messages (broadcast_id, chat_id, message_id) select 1, n, 1 from generate_series(1, 50000) n'
        : table === 'broadcasts'
          ? 'insert into broadcasts (delete_at) select now() from generate_series(1, 50000)'
          : `insert into pending_deletions (chat_id, message_ids, delete_at) select n, '{1}', now() from generate_series(1, 50000) n`
    };
    update ${table} set failed_at = now() - interval '1 year' where ctid in (select ctid from ${table} limit 500)`);
  const sql = pruneFailed(job, '10')
    .map((part) => withNames(part.sql, { zone: 'UTC', setting: null, schema: 'public' }))
    .find((text) => text.includes(`from ${table} where`));
  for (const prepare of ['select 1', `analyze ${table}`]) {
    await scene.db.query(prepare);
    const plan = await scene.db.query<{ 'QUERY PLAN': string }>(`explain ${sql}`);
    const text = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(text).toContain(`telesweep_${table}_failed`);
    expect(text).not.toContain(`Seq Scan on ${table}`);
  }
});
