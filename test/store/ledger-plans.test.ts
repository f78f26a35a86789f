import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { countDueMessages, failTooOldMessages, readLedgerPage } from '../../src/store/broadcast-messages.ts';
import { type LedgerWrite, ledgerWrites } from '../../src/store/ledger-writes.ts';
import { runTick } from '../../src/store/tick.ts';
import { type PlanWatch, watchPlans } from '../support/plans.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { tickRequest } from '../support/tick-request.ts';

let db: TestDatabase;
let watch: PlanWatch;
const now = '2026-06-15T12:00:00.000000Z';
const size = 100_000;

beforeAll(async () => {
  db = await createDatabase();
  // One that is due, and of a size at which PostgreSQL would rather read it all than a thousand rows by their key.
  await db.query(`
    insert into broadcasts (text, delete_at) values ('Hello', timestamptz '${now}' - interval '1 minute');
    insert into broadcast_messages (broadcast_id, chat_id, message_id, sent_at)
      select 1, 1000 + n, n, timestamptz '${now}' - interval '20 hours' + n * interval '1 ms' from generate_series(1, ${size}) n`);
  await db.query('vacuum analyze broadcast_messages');
  watch = await watchPlans(db.url);
});
beforeEach(() => {
  watch.sent.length = 0;
});
afterAll(async () => {
  await watch.close();
  await db.drop();
});

const writes = (from: number, change: LedgerWrite['change']): LedgerWrite[] =>
  Array.from({ length: 1_000 }, (_, n) => ({
    broadcastId: '1',
    chatId: String(1000 + from + n),
    messageId: String(from + n),
    change,
    attempts: 1,
    reached: change === 'remove',
    refused: false,
    failure: change === 'fail' ? 'refused' : null,
    detail: null,
  }));

const tick = tickRequest('delete-broadcasts');

const scans = () => watch.sent.flatMap((sent) => sent.scans).filter(({ how }) => how !== 'Function Scan');

test.each([
  [1, 'remove'],
  [5_001, 'fail'],
  [9_001, 'defer'],
] as const)('a thousand rows from %i on are written by their key: %s', async (from, change) => {
  const { done, gone } = await runTick(watch.db, tick, ledgerWrites(writes(from, change)));
  expect([done.size, gone.size]).toEqual([1_000, 0]);
  const ledger = scans().filter(({ table }) => table === 'broadcast_messages');
  const ways = [...new Set(ledger.map(({ how, index }) => `${how} ${index ?? ''}`.trimEnd()))].sort();
  // The last is for rows that were not found, of which there is none.
  expect(ways).toEqual(['Index Only Scan broadcast_messages_pkey', 'Index Scan broadcast_messages_pkey', 'Tid Scan']);
});

test('rows that are gone are told by their key', async () => {
  const { done, gone } = await runTick(watch.db, tick, ledgerWrites(writes(1, 'remove')));
  expect([done.size, gone.size]).toEqual([0, 1_000]);
  const ledger = scans().filter(({ table }) => table === 'broadcast_messages');
  expect(ledger.map(({ how }) => how)).not.toContain('Seq Scan');
});

test('the statements above have written what they were told', async () => {
  const [counts] = await db.query(`
    select count(*)::int as rows, count(*) filter (where failure = 'refused')::int as failed,
           count(*) filter (where attempts = 1 and next_attempt_at > now())::int as deferred from broadcast_messages`);
  expect(counts).toEqual({ rows: size - 1_000, failed: 1_000, deferred: 1_000 });
});

test('a page, the count and what is too old are read by the index of what is due', async () => {
  const page = await readLedgerPage(watch.db, now, ['1'], null, 1_000);
  await readLedgerPage(watch.db, now, ['1'], page.at(-1) ?? null, 1_000);
  expect(await failTooOldMessages(watch.db, now, ['1'], 10_000)).toBe(0);
  expect(page).toHaveLength(1_000);
  const ledger = scans().filter(({ table }) => table === 'broadcast_messages');
  expect([...new Set(ledger.map(({ index }) => index))]).toEqual(['telesweep_broadcast_messages_due']);
  // A page of rows, not the ledger.
  expect(Math.max(...ledger.map(({ pages }) => pages))).toBeLessThan(1_200);
  expect(await countDueMessages(watch.db, now)).toBeGreaterThan(90_000);
});
