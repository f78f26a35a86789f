import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readDueRecords, readNextDue, readOwedRecords } from '../../src/store/pending-deletions.ts';
import { type RecordChange, type RecordWrite, recordWrites } from '../../src/store/record-writes.ts';
import { runTick } from '../../src/store/tick.ts';
import { type PlanWatch, watchPlans } from '../support/plans.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { tickRequest } from '../support/tick-request.ts';

const now = '2026-06-15T12:00:00.000000Z';
// At which PostgreSQL would not rather read it all than 800 rows by their key.
const size = 150_000;
const chats = 20_000;

const tick = tickRequest('delete-due');

const writes = (from: number, change: RecordChange): RecordWrite[] =>
  Array.from({ length: 800 }, (_, n) => ({
    id: String(from + n),
    change,
    claimed: false,
    deleted: true,
    sent: false,
    attempts: 1,
    refused: false,
    failure: null,
    detail: null,
  }));

// What PostgreSQL knows of the table decides how it reads it; where autovacuum is behind, that is nothing, or of another time.
describe.each(['analyzed', 'never analyzed', 'analyzed when empty'])('records that were %s', (state) => {
  let db: TestDatabase;
  let watch: PlanWatch;

  beforeAll(async () => {
    db = await createDatabase();
    await db.query('alter table pending_deletions set (autovacuum_enabled = off)');
    if (state === 'analyzed when empty') await db.query('analyze pending_deletions');
    // Every second one has lost its messages and is owed a notice.
    await db.query(`
      insert into pending_deletions (user_id, chat_id, message_ids, unique_id, created_at, delete_at, messages_deleted_at)
        select n, n % ${chats} + 1, array[n], 'f', timestamptz '${now}' - interval '1 hour' + n * interval '1 ms',
               timestamptz '${now}' - interval '1 minute', case when n > ${size / 2} then timestamptz '${now}' end
        from generate_series(1, ${size}) n`);
    if (state === 'analyzed') await db.query('vacuum analyze pending_deletions');
    watch = await watchPlans(db.url);
  });
  beforeEach(() => {
    watch.sent.length = 0;
  });
  afterAll(async () => {
    await watch.close();
    await db.drop();
  });

  const scans = () =>
    watch.sent
      .flatMap((sent) => sent.scans)
      .filter(({ table, index }) => table === 'pending_deletions' || index !== null);
  /** What an index names may be gathered first. */
  const indexes = () =>
    [...new Set(scans().map(({ how, index }) => index ?? how))].filter((way) => way !== 'Bitmap Heap Scan').sort();

  test('what chats are owed is read from chat to chat by its index, and never sorted', async () => {
    const limits = { chats: 500, ofChat: 50 };
    const first = await readOwedRecords(watch.db, now, null, limits);
    const next = await readOwedRecords(watch.db, now, String(chats / 2), limits);
    expect([first, next].map((rows) => new Set(rows.map(({ chat_id: chat }) => chat)).size)).toEqual([500, 500]);
    expect(indexes()).toEqual(['telesweep_pending_deletions_owed']);
    expect(watch.sent.map(({ sorts }) => sorts)).toEqual([0, 0]);
    // Ways down an index: one for each chat, and one for what it is owed.
    for (const { pages } of scans()) expect(pages).toBeLessThan(500 * 12);
  });

  test('a page of what is due is read by an index', async () => {
    const page = await readDueRecords(watch.db, now, null, 1_000);
    const next = await readDueRecords(watch.db, now, page.at(-1) ?? null, 1_000);
    expect([page.length, next.at(-1)?.id]).toEqual([1_000, '2000']);
    expect(indexes()).not.toContain('Seq Scan');
    if (state !== 'analyzed') return;
    expect(indexes()).toEqual(['telesweep_pending_deletions_age']);
    expect(watch.sent.map(({ sorts }) => sorts)).toEqual([0, 0]);
    for (const { pages } of scans()) expect(pages).toBeLessThan(1_200);
  });

  test('what becomes due next is one step in an index', async () => {
    await db.query(
      `insert into pending_deletions (chat_id, message_ids, created_at, delete_at) values (1, '{1}', now(), now() + interval '1 day')`,
    );
    expect(await readNextDue(watch.db, 'delete-due', 'a')).toMatchObject({ due: true, leaseHeld: false });
    for (const { pages } of scans()) expect(pages).toBeLessThan(10);
  });

  test.each([
    [1, 'mark'],
    [2_001, 'remove'],
    [4_001, 'defer'],
  ] as const)('800 rows from %i on are written by their key: %s', async (from, change) => {
    const { done, gone } = await runTick(watch.db, tick, recordWrites(writes(from, change)));
    expect([done.size, gone.size]).toEqual([800, 0]);
    expect(indexes()).toContain('pending_deletions_pkey');
    expect(indexes()).not.toContain('Seq Scan');
    for (const { pages } of scans()) expect(pages).toBeLessThan(800 * 8);
  });
});
