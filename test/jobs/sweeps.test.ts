/** What `cleanup-tokens` and `reset-counts` do alike: limits of time, bots that hold rows, dry runs, kills, two at once. */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { fingerprint, killAtStatement, rowsOfManyBatches, runTwiceAtOnce, sweepPass } from '../support/sweeps.ts';

describe.each([
  {
    job: 'cleanup-tokens',
    table: 'tokens',
    due: `select md5(n::text) as token, 'verified' as status, now() - interval '2 days' + n * interval '1 second' as expires_at
          from generate_series(1, $1::int) n`,
    kept: `select 'kept' || n as token, case when n % 2 = 0 then 'not_used' else 'verified' end as status,
             now() + case when n % 2 = 0 then interval '-9 days' else interval '1 day' end as expires_at
           from generate_series(1, 99) n`,
    isKept: `token like 'kept%'`,
    // As a bot reads the tokens that it is about to use.
    hold: `select from tokens where token in (md5('3'), md5('70')) for update`,
    shown: 'expired at',
    deletedAt: [
      [5, 9_990, 10_000],
      [7, 14_990, 30_000],
      [9, 17_490, 70_000],
    ],
  },
  {
    job: 'reset-counts',
    table: 'token_generator_count',
    due: `select 1000 + n as user_id, (now() at time zone 'UTC')::date - 1 as date from generate_series(1, $1::int) n`,
    kept: `select n as user_id, (now() at time zone 'UTC')::date + n % 3 as date from generate_series(1, 99) n`,
    isKept: 'user_id < 1000',
    // As a bot counts one more token of a reader.
    hold: `insert into token_generator_count (user_id, date) select user_id, date from token_generator_count
           where user_id in (1003, 1070)
           on conflict (user_id, date) do update set token_generated = token_generator_count.token_generated + 1`,
    shown: 'date ',
    deletedAt: [
      [6, 5_000, 20_000],
      [7, 7_500, 60_000],
      [8, 8_750, 120_000],
    ],
  },
] as const)('$job', ({ job, table, due, kept, isKept, hold, shown: header, deletedAt }) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase();
    // What the server learnt of one test's rows in the midst of another one would choose the other's way.
    await db.query(`alter table ${table} set (autovacuum_enabled = off)`);
  });
  afterAll(() => db.drop());
  beforeEach(() => db.query(`truncate ${table}, telesweep.runs, telesweep.leases`));

  const columns = job === 'cleanup-tokens' ? 'token, status, expires_at' : 'user_id, date';
  const pass = (...flags: string[]) => sweepPass(db, [job, ...flags]);
  const insertDue = (n: number) => db.query(`insert into ${table} (${columns}) ${due}`, [n]);
  const insertKept = () => db.query(`insert into ${table} (${columns}) ${kept}`);
  const count = async () => {
    const [row] = await db.query<{ due: number; others: number }>(
      `select count(*) filter (where not ${isKept})::int as due, count(*) filter (where ${isKept})::int as others from ${table}`,
    );
    return row ?? { due: -1, others: -1 };
  };

  test('--max-runtime ends a pass in good order, and the next one goes on', async () => {
    await insertDue(10);
    const { code, summary } = await pass('--max-runtime', '1ms');
    expect(code).toBe(0);
    expect(summary).toMatchObject({
      outcome: 'ok',
      stop_reason: 'deadline',
      counts: { deleted: 0 },
      left: { due: 10 },
    });
    expect((await pass('--max-runtime', '1h')).summary).toMatchObject({ stop_reason: 'done', counts: { deleted: 10 } });
  });

  test('rows that a bot holds locked are passed over, and the next pass takes them', async () => {
    await insertDue(100);
    const bot = new pg.Client(db.url);
    await bot.connect();
    await bot.query('begin');
    await bot.query(hold);
    // The bot keeps its locks until the pass has ended.
    const { code, summary } = await pass();
    expect(code).toBe(0);
    expect(summary).toMatchObject({ outcome: 'ok', stop_reason: 'done', counts: { deleted: 98 }, left: { due: 2 } });
    expect(await count()).toEqual({ due: 2, others: 0 });
    await bot.end();
    expect((await pass()).summary).toMatchObject({ counts: { deleted: 2 }, left: { due: 0 } });
  });

  test.each([
    { flags: [] },
    { flags: ['--limit', '3'] },
  ])('a dry run tells what a pass then does, and changes nothing: $flags', async ({ flags }) => {
    await insertDue(12);
    await insertKept();
    const before = await fingerprint(db, table);
    const dry = await pass('--dry-run', '--json', ...flags);
    const shown = await pass('--dry-run', ...flags);
    expect(await fingerprint(db, table)).toBe(before);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain(header);
    const real = await pass(...flags);
    expect(dry.summary.counts).toEqual(real.summary.counts);
    expect(dry.summary).toMatchObject({ dry_run: true, estimate: { calls: 0, seconds: 0 }, left: { due: 12 } });
  });

  test.each([
    'onStatement',
    'onAnswered',
  ] as const)('killed at any statement, the next pass takes up the rest (%s)', async (point) => {
    await insertKept();
    const kills = { db, job, flags: ['--limit', '40'], fill: () => insertDue(60), count } as const;
    const deleted: number[] = [];
    for (let n = 1; ; n++) {
      const result = await killAtStatement(kills, point, n);
      if (!result.killed) break;
      deleted.push(result.deleted);
    }
    expect(deleted.length).toBeGreaterThanOrEqual(4);
    expect(deleted).toEqual([...deleted].sort((a, b) => a - b));
    expect([deleted[0], deleted.at(-1)]).toEqual([0, 40]);
  });

  // A busy machine makes batches take long, and then they become smaller.
  test.each([
    ...deletedAt,
  ])('killed in the middle of its batches, at statement %i, it has done these and no more', async (n, least, most) => {
    await insertKept();
    const kills = { db, job, fill: () => insertDue(rowsOfManyBatches), count } as const;
    const { killed, deleted } = await killAtStatement(kills, 'onAnswered', n);
    expect(killed).toBe(true);
    expect(deleted).toBeGreaterThanOrEqual(least);
    expect(deleted).toBeLessThanOrEqual(most);
  });

  test('run twice at once, one works and the other leaves', async () => {
    await insertDue(rowsOfManyBatches);
    const { first, second } = await runTwiceAtOnce(db, job);
    expect(second).toMatchObject({
      code: 0,
      summary: { outcome: 'skipped', stop_reason: 'busy', counts: { deleted: 0 } },
    });
    expect(first).toMatchObject({ code: 0, summary: { outcome: 'ok', counts: { deleted: rowsOfManyBatches } } });
    expect(await count()).toEqual({ due: 0, others: 0 });
  });
});
