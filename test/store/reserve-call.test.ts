import { afterAll, beforeAll, expect, test } from 'vitest';
import { pauseBot, reserveCall } from '../../src/store/budgets.ts';
import { type Connection, connect } from '../../src/store/connect.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

let db: TestDatabase;
let connection: Connection;
beforeAll(async () => {
  db = await createDatabase();
  connection = await connect({ connectionString: db.url, applicationName: 'telesweep', timeZone: 'UTC' });
});
afterAll(async () => {
  connection.close();
  await db.drop();
});

/** Ten seconds from one call to the next, so that what the test itself takes does not count. */
const rate = 0.1;
const waits = async (bot: string): Promise<number | null> => {
  const { waitMs } = await reserveCall(connection, bot, rate);
  return waitMs === null ? null : Math.round(waitMs / 10_000);
};

test.each([
  ['none stood there', null, [0, 1, 2]],
  ['the last call is long past', "now() - interval '1 hour'", [0, 1, 2]],
  ['others have reserved calls', "now() + interval '20 seconds'", [2, 3, 4]],
  ['a clock that went back has left it a day ahead', "now() + interval '1 day'", [0, 1, 2]],
])('one call after another, where %s', async (_, next, expected) => {
  await db.query('truncate telesweep.budgets');
  if (next !== null) await db.query(`insert into telesweep.budgets (bot_id, next_call_at) values (7, ${next})`);
  const found: (number | null)[] = [];
  for (const _call of expected) found.push(await waits('7'));
  expect(found).toEqual(expected);
  // Each bot has its own.
  expect(await waits('8')).toBe(0);
});

test('in a pause none is reserved, and no pause is made shorter', async () => {
  await db.query('truncate telesweep.budgets');
  await pauseBot(connection, '7', 600);
  const before = await db.query('select * from telesweep.budgets');
  expect(await reserveCall(connection, '7', rate)).toEqual({ waitMs: null, pausedMs: expect.any(Number) });
  await pauseBot(connection, '7', 5);
  expect(await db.query('select * from telesweep.budgets')).toEqual(before);
  expect(await waits('8')).toBe(0);
});
