import fc from 'fast-check';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { deletePastCounters } from '../../src/store/token-counters.ts';
import { deleteUsedTokens } from '../../src/store/tokens.ts';
import { type PlanWatch, watchPlans } from '../support/plans.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { type DeleteRange, sum, sweep } from '../support/ranges.ts';

let db: TestDatabase;
let watch: PlanWatch;
const now = '2026-06-15T12:00:00.000000Z';

describe('a sweep', () => {
  beforeAll(async () => {
    db = await createDatabase();
    watch = await watchPlans(db.url, { looks: false });
  });
  afterAll(async () => {
    await watch.close();
    await db.drop();
  });
  beforeEach(async () => {
    watch.onStatement = null;
    await db.query('truncate tokens, token_generator_count');
  });

  const tokens: DeleteRange = (range) => deleteUsedTokens(watch.db, now, range);
  const counters: DeleteRange = (range) => deletePastCounters(watch.db, { now, timeZone: 'UTC' }, range);

  const insertTokens = (rows: readonly { token: string | null; status?: string; expires: string }[]) =>
    db.query(
      `insert into tokens (token, status, expires_at)
       select token, status, expires::timestamptz from unnest($1::text[], $2::text[], $3::text[]) as t (token, status, expires)`,
      [rows.map((r) => r.token), rows.map((r) => r.status ?? 'verified'), rows.map((r) => r.expires)],
    );
  const tokensLeft = async (): Promise<string[]> =>
    (await db.query<{ token: string }>('select token from tokens order by token')).map((row) => row.token);

  const time = fc.constantFrom(
    ...['-infinity', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000001Z', '2026-06-15T11:59:59.999999Z'],
    ...[now, '2026-06-15T12:00:00.000001Z', 'infinity'],
  );
  const status = fc.constantFrom('not_used', 'verified', 'bypassed');

  test('takes all that is due and nothing else, whatever shares a time, in ranges of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ status, expires: time }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        async (made, rows, exact) => {
          await db.query('truncate tokens');
          const all = made.map((row, i) => ({ ...row, token: `t${String(i).padStart(2, '0')}` }));
          await insertTokens(all);
          const isDue = (row: (typeof all)[0]) =>
            row.status !== 'not_used' &&
            row.expires !== 'infinity' &&
            (row.expires === '-infinity' || row.expires < now);
          const deleted = await sweep(tokens, rows, exact);
          expect(await tokensLeft()).toEqual(all.filter((row) => !isDue(row)).map((row) => row.token));
          expect(sum(deleted)).toBe(all.filter(isDue).length);
          expect(Math.max(...deleted)).toBeLessThanOrEqual(rows);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('takes the counters of past days, many of one day and some of a few', async () => {
    const day = fc.constantFrom(
      '-infinity',
      '2026-06-12',
      '2026-06-13',
      '2026-06-14',
      '2026-06-15',
      '2026-06-16',
      'infinity',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(day, { maxLength: 40 }), fc.integer({ min: 1, max: 12 }), async (days, rows) => {
        await db.query('truncate token_generator_count');
        await db.query(
          `insert into token_generator_count (date, user_id)
           select day::date, 9007199254740990 + n from unnest($1::text[]) with ordinality as t (day, n)`,
          [days],
        );
        const deleted = await sweep(counters, rows);
        const stays = days.filter((each) => each === 'infinity' || (each !== '-infinity' && each >= '2026-06-15'));
        const left = await db.query<{ date: string }>('select date::text from token_generator_count order by user_id');
        expect(left.map(({ date }) => date)).toEqual(stays);
        expect(Math.max(...deleted)).toBeLessThanOrEqual(rows);
      }),
      { numRuns: 25 },
    );
  });

  test('takes rows that nothing tells apart, and tokens that are null', async () => {
    await db.query('alter table tokens drop constraint tokens_pkey, alter column token drop not null');
    const twin = { token: 'twin', expires: '2026-01-01T00:00:00Z' };
    await insertTokens([
      ...Array.from({ length: 9 }, () => twin),
      ...Array.from({ length: 9 }, () => ({ ...twin, token: null })),
      { token: 'later', expires: '2026-01-02T00:00:00Z' },
      { token: null, expires: '2026-01-02T00:00:00Z' },
      { token: 'fresh', expires: '2026-07-01T00:00:00Z' },
    ]);
    expect(sum(await sweep(tokens, 2))).toBe(20);
    expect(await tokensLeft()).toEqual(['fresh']);
    await db.query('truncate tokens; alter table tokens add primary key (token)');
  });

  test.each([
    ['SQL, DMY', 'Asia/Kolkata'],
    ['German', 'America/St_Johns'],
    ['Postgres, MDY', 'Europe/London'],
  ])('loses nothing where times are written as %s in %s', async (style, zone) => {
    await db.query(
      `alter database ${db.name} set datestyle = '${style}'; alter database ${db.name} set timezone = '${zone}'`,
    );
    const own = await watchPlans(db.url, { looks: false });
    await db.query(`
        insert into tokens (token, status, expires_at)
          select n::text, 'verified', timestamptz '2026-03-29 00:59:58Z' + n * interval '100001 us' from generate_series(1, 40) n;
        insert into token_generator_count (user_id, date) select n, date '2026-02-03' + n / 10 from generate_series(1, 40) n`);
    expect(sum(await sweep((range) => deleteUsedTokens(own.db, now, range), 3))).toBe(40);
    expect(sum(await sweep((range) => deletePastCounters(own.db, { now, timeZone: zone }, range), 3))).toBe(40);
    await own.close();
    await db.query(`alter database ${db.name} reset all`);
  });

  test('leaves the settings of its session as they were', async () => {
    await insertTokens([{ token: 'a', expires: '2026-01-01T00:00:00Z' }]);
    expect(await sweep(tokens, 10)).toEqual([1]);
    const read = async (name: string) => (await watch.connection.query(`show ${name}`))[0]?.[name];
    expect(await read('lock_timeout')).toBe('0');
    expect(await read('synchronous_commit')).toBe('on');
  });

  describe('beside bots', () => {
    let bot: pg.Client;
    beforeEach(async () => {
      bot = new pg.Client(db.url);
      await bot.connect();
      await bot.query('begin');
      await insertTokens(
        Array.from({ length: 30 }, (_, i) => ({ token: `t${10 + i}`, expires: `2026-01-01T00:00:${10 + (i >> 1)}Z` })),
      );
    });
    afterEach(async () => {
      await bot.end();
      await db.query('drop table if exists uses');
    });

    // The bot keeps its locks until the test has ended: a sweep that waits for them never does.
    test.each([
      false,
      true,
    ])('passes over what a bot holds locked, and the next one takes it (exact: %s)', async (exact) => {
      await bot.query("select from tokens where token in ('t10', 't25', 't39') for update");
      expect(sum(await sweep(tokens, 10, exact))).toBe(27);
      expect(await tokensLeft()).toEqual(['t10', 't25', 't39']);
      await bot.query('rollback');
      expect(await sweep(tokens, 10, exact)).toEqual([3]);
    });

    test('passes over a row that a bot has changed and not yet committed', async () => {
      await bot.query("update tokens set expires_at = now() + interval '1 day' where token = 't20'");
      expect(sum(await sweep(tokens, 10))).toBe(29);
      await bot.query('commit');
      await sweep(tokens, 10);
      expect(await tokensLeft()).toEqual(['t20']);
    });

    test('passes over a row that another table ties to a locked one', async () => {
      await db.query(`
        create table uses (token text references tokens on delete cascade);
        insert into uses values ('t25')`);
      await bot.query('select from uses for update');
      expect(sum(await sweep(tokens, 5))).toBeGreaterThanOrEqual(25);
      expect(await tokensLeft()).toContain('t25');
      await bot.query('rollback');
      await sweep(tokens, 5);
      expect(await tokensLeft()).toEqual([]);
    });

    // Two share each time: eight of the first ten come before the time of the tenth.
    test.each([
      [true, 10],
      [false, 12],
    ])('takes rows that came since it looked, but no more than told where that is asked (exact: %s)', async (exact, most) => {
      watch.onStatement = async (sql) => {
        if (!sql.includes('delete')) return;
        watch.onStatement = null;
        await insertTokens(['a', 'b', 'c', 'd'].map((token) => ({ token, expires: '2025-01-01T00:00:00Z' })));
      };
      const { deleted } = await tokens({ from: { at: 'start' }, rows: 10, exact });
      expect(deleted).toBe(most);
    });
  });
});
