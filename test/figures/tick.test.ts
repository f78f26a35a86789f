/** What ticks add to the figures beside their writes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Table, type Write, Writer } from '../../src/engine/writer.ts';
import { type Connection, connect } from '../../src/store/connect.ts';
import { type RecordWrite, recordWrites } from '../../src/store/record-writes.ts';
import { runTick } from '../../src/store/tick.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { tickRequest } from '../support/tick-request.ts';

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

const tick = { ...tickRequest('delete-due'), calls: 0 };

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

test('calls count once where the statement with them stands, and what follows it fails', async () => {
  await db.query(`truncate telesweep.daily;
    insert into telesweep.leases (schema_name, job, run_id, holder, acquired_at, expires_at)
    values ('public', 'delete-due', 'a', 'a', now(), now() + interval '1 minute');
    insert into pending_deletions (id, user_id, chat_id, message_ids, unique_id, delete_at) values (1, 1, 1, '{1}', 'f', now());
    create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
    create trigger refuses before delete on pending_deletions for each row execute function refuse()`);
  const counted: object[] = [];
  const table: Table<RecordWrite & Write> = {
    writes: recordWrites,
    merge: (_, later) => later,
    refused: () => {
      throw new Error('the database went away');
    },
  };
  const told = { written: () => {}, counted: (made: object) => counted.push(made) };
  const writer = new Writer(await connection.kysely(), table, told);
  writer.put({
    ...{ key: '1', id: '1', change: 'remove', claimed: false, deleted: false, sent: false, attempts: 0 },
    ...{ refused: false, failure: null, detail: null, durable: false, urgent: false, releases: false, figures: {} },
  });
  const { durable: _, lockMs: __, ...request } = tick;
  const made = { calls: 5, rate_limited: 0 };
  await expect(writer.tick({ ...request, made })).rejects.toThrow('the database went away');
  expect(counted).toEqual([made]);
  expect(await db.query(`select value from telesweep.daily where metric = 'calls'`)).toEqual([{ value: '5' }]);
});
