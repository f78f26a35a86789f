/** What ticks add to the figures beside their writes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Connection, connect } from '../../src/store/connect.ts';
import { runTick } from '../../src/store/tick.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

let db: TestDatabase;
let connection: Connection;

beforeAll(async () => {
  db = await createDatabase();
  connection = await connect({
    connectionString: db.url,
    applicationName: 'telesweep',
    timeZone: 'Pacific/Kiritimati',
  });
});
afterAll(async () => {
  connection.close();
  await db.drop();
});

const tick = {
  job: 'delete-due',
  runId: 'a',
  renew: false,
  botId: '1',
  calls: 0,
  intervalSeconds: 0.04,
  pauseSeconds: null,
  durable: false,
  lockMs: 1_000,
} as const;

test('calls that were made, on the day in TIMEZONE', async () => {
  const kysely = await connection.kysely();
  await runTick(kysely, { ...tick, made: { calls: 3, rate_limited: 1 } }, null);
  await runTick(kysely, { ...tick, made: { calls: 4, rate_limited: 0 } }, null);
  await runTick(kysely, { ...tick, made: null }, null);
  // Answered when no call leaves any more.
  await runTick(kysely, { ...tick, made: { calls: 0, rate_limited: 2 } }, null);
  const isToday = "day = (now() at time zone 'Pacific/Kiritimati')::date";
  expect(await db.query(`select metric, value, ${isToday} as today from telesweep.daily order by metric`)).toEqual([
    { metric: 'calls', value: '7', today: true },
    { metric: 'rate_limited', value: '3', today: true },
  ]);
});
