import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freezeClock } from '../support/frozen-clock.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { counter } from '../support/rows.ts';
import { type SweepResult, sweepPass } from '../support/sweeps.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db.drop());
beforeEach(() => db.query('truncate token_generator_count, telesweep.runs, telesweep.leases'));

const pass = (...flags: string[]) => sweepPass(db, ['reset-counts', ...flags]);
const left = async (from = db): Promise<string[]> =>
  (await from.query<{ date: string }>('select date::text from token_generator_count order by date')).map(
    ({ date }) => date,
  );

/** Counters of yesterday. */
const insertPast = (n: number) =>
  db.query(
    `insert into token_generator_count (user_id, date)
     select 1000 + n, (now() at time zone 'UTC')::date - 1 from generate_series(1, $1::int) n`,
    [n],
  );
/** Counters of today and of days to come, which nothing may touch. */
const insertKept = () =>
  db.query(
    `insert into token_generator_count (user_id, date)
     select n, (now() at time zone 'UTC')::date + n % 3 from generate_series(1, 99) n`,
  );
const count = async () => {
  const [row] = await db.query<{ due: number; others: number }>(`
    select count(*) filter (where user_id >= 1000)::int as due,
           count(*) filter (where user_id < 1000)::int as others from token_generator_count`);
  return row ?? { due: -1, others: -1 };
};

describe('what goes', () => {
  test('the counters of days before today; those of today and of days to come stay', async () => {
    for (const daysAgo of [400, 2, 1]) await counter(db, { daysAgo });
    await counter(db, { userId: 1002, daysAgo: 1 });
    await insertKept();
    const { code, summary, stderr } = await pass();

    expect(code).toBe(0);
    expect(await count()).toEqual({ due: 0, others: 99 });
    expect(summary).toMatchObject({
      job: 'reset-counts',
      outcome: 'ok',
      stop_reason: 'done',
      dry_run: false,
      telegram: { calls: 0, rate_limited: 0 },
      left: { due: 0, oldest_due_seconds: 0 },
    });
    expect(summary.counts).toEqual({ deleted: 4, kept: 0 });
    expect(stderr).toContain('✅ Token counts reset completed: deleted 4 counters');
  });

  test('dates without end', async () => {
    await db.query("insert into token_generator_count (user_id, date) values (1, '-infinity'), (2, 'infinity')");
    expect((await pass('--dry-run')).stdout).toContain('-infinity');
    const { summary } = await pass();
    expect(summary).toMatchObject({ counts: { deleted: 1 }, left: { due: 0, oldest_due_seconds: 0 } });
    expect(await left()).toEqual(['infinity']);
  });

  test('more counters of one day than a batch holds', async () => {
    await insertPast(60_000);
    await insertKept();
    const { summary } = await pass();
    expect(summary).toMatchObject({ counts: { deleted: 60_000 }, left: { due: 0 }, stop_reason: 'done' });
    expect(await count()).toEqual({ due: 0, others: 99 });
  });
});

describe('today', () => {
  let own: TestDatabase;
  beforeAll(async () => {
    own = await createDatabase();
  });
  afterAll(() => own.drop());
  afterEach(() => own.query('truncate token_generator_count, telesweep.runs, telesweep.leases'));

  /** Runs a pass at a moment of the database's clock, over a counter of each day from the 1st on to a month later. */
  async function passAt(moment: string, timeZone: string): Promise<{ first: string | undefined; result: SweepResult }> {
    await freezeClock(own, moment);
    await own.query(
      `insert into token_generator_count (user_id, date)
       select 1, day from generate_series($1::date - 3, $1::date + 3, interval '1 day') day`,
      [moment.slice(0, 10)],
    );
    const result = await sweepPass(own, ['reset-counts'], { TIMEZONE: timeZone });
    return { first: (await left(own))[0], result };
  }

  // Each zone a second before its midnight and at it. `first` is the first day that stays.
  test.each([
    ['UTC', '2026-01-31T23:59:59Z', '2026-01-31'],
    ['UTC', '2026-02-01T00:00:00Z', '2026-02-01'],
    ['Pacific/Kiritimati', '2026-01-31T09:59:59Z', '2026-01-31'],
    ['Pacific/Kiritimati', '2026-01-31T10:00:00Z', '2026-02-01'],
    ['Pacific/Honolulu', '2026-02-01T09:59:59Z', '2026-01-31'],
    ['Pacific/Honolulu', '2026-02-01T10:00:00Z', '2026-02-01'],
    ['Asia/Kolkata', '2026-01-31T18:29:59Z', '2026-01-31'],
    ['Asia/Kolkata', '2026-01-31T18:30:00Z', '2026-02-01'],
    // The nights of a change: the same hour is another time of the day before it and after it.
    ['Europe/Berlin', '2026-03-28T22:59:59Z', '2026-03-28'],
    ['Europe/Berlin', '2026-03-28T23:00:00Z', '2026-03-29'],
    ['Europe/Berlin', '2026-03-29T21:59:59Z', '2026-03-29'],
    ['Europe/Berlin', '2026-03-29T22:00:00Z', '2026-03-30'],
    ['Europe/Berlin', '2026-10-24T21:59:59Z', '2026-10-24'],
    ['Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25'],
    ['Europe/Berlin', '2026-10-25T22:59:59Z', '2026-10-25'],
    ['Europe/Berlin', '2026-10-25T23:00:00Z', '2026-10-26'],
    // A day that begins at one o'clock, and one whose last hour comes twice.
    ['Africa/Cairo', '2026-04-23T21:59:59Z', '2026-04-23'],
    ['Africa/Cairo', '2026-04-23T22:00:00Z', '2026-04-24'],
    ['Africa/Cairo', '2026-10-29T20:59:59Z', '2026-10-29'],
    ['Africa/Cairo', '2026-10-29T21:00:00Z', '2026-10-29'],
    ['Africa/Cairo', '2026-10-29T21:59:59Z', '2026-10-29'],
    ['Africa/Cairo', '2026-10-29T22:00:00Z', '2026-10-30'],
  ])('in %s at %s is %s', async (timeZone, moment, today) => {
    const { first, result } = await passAt(moment, timeZone);
    expect(first).toBe(today);
    expect(result).toMatchObject({ code: 0, summary: { left: { due: 0 } } });
    const daysBefore = (Date.parse(today) - Date.parse(moment.slice(0, 10))) / 86_400_000;
    expect(result.summary.counts.deleted).toBe(3 + daysBefore);
  });

  test("is the database's day: neither this machine's clock nor the session's zone has a say", async () => {
    await own.query(`alter database ${own.name} set timezone = 'Pacific/Kiritimati'`);
    const { first } = await passAt('2031-07-15T12:00:00Z', 'Pacific/Honolulu');
    expect(first).toBe('2031-07-15');
    await own.query(`alter database ${own.name} reset timezone`);
  });

  test('the oldest counter is due since the midnight that ended its day', async () => {
    await freezeClock(own, '2026-04-24T22:00:00Z');
    await own.query("insert into token_generator_count (user_id, date) values (1, '2026-04-22'), (2, '2026-04-23')");
    const env = { TIMEZONE: 'Africa/Cairo' };
    const { summary } = await sweepPass(own, ['reset-counts', '--limit', '1'], env);
    // The 24th began with the summer time, at one o'clock: 24 hours later it is the 25th, at one o'clock.
    expect(summary).toMatchObject({ stop_reason: 'limit', left: { due: 1, oldest_due_seconds: 24 * 3600 } });
  });

  test.each([
    ['Mars/Olympus', /TIMEZONE.*Mars\/Olympus.*is not a time zone/],
    // A name that Node knows from an old list and PostgreSQL does not.
    ['US/Pacific-New', /TIMEZONE.*US\/Pacific-New.*expected a name such as Europe\/Berlin/],
  ])('cannot be told in %s: wrong settings, and nothing is touched', async (timeZone, message) => {
    await own.query("insert into token_generator_count (user_id, date) values (1, '2020-01-01')");
    for (const flags of [[], ['--dry-run']]) {
      const { code, summary } = await sweepPass(own, ['reset-counts', '--json', ...flags], { TIMEZONE: timeZone });
      expect(code).toBe(78);
      expect(summary).toMatchObject({ outcome: 'failed', stop_reason: 'error', counts: { deleted: 0 } });
      expect(summary.error).toMatch(message);
    }
    expect(await left(own)).toEqual(['2020-01-01']);
    expect(await own.query('select from telesweep.leases')).toEqual([]);
  });
});

test('--limit is exact, and the oldest go first', async () => {
  for (const daysAgo of [5, 9, 7]) await counter(db, { daysAgo });
  await insertPast(20);
  const { code, summary } = await pass('--limit', '15');
  expect(code).toBe(0);
  expect(summary).toMatchObject({ outcome: 'ok', stop_reason: 'limit', counts: { deleted: 15 }, left: { due: 8 } });
  expect(new Set(await left()).size).toBe(1);
  expect((await pass('--limit', '8')).summary).toMatchObject({ stop_reason: 'done', counts: { deleted: 8 } });
});
