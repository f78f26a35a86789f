/** However the sweeps come by their rows, what goes is counted and what stays is not. */
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { sweepPass } from '../support/sweeps.ts';

let db: TestDatabase;

beforeEach(async () => {
  db = await createDatabase();
  await db.setClock('2026-05-06T09:30:00Z');
});
afterEach(() => db.drop());

/** Made on each of ten days, at any time of the day in Berlin; every second one is used, of these every third bypassed. */
const fill = (rows: number, order = 'i'): string => `
  insert into tokens (token, status, created_at, expires_at)
  select 'token-' || i, case when i % 2 = 0 then 'not_used' when i % 3 = 0 then 'bypassed' else 'verified' end,
         timestamptz '2026-04-20 00:00 Europe/Berlin' + (i % 10) * interval '1 day' + (i % 96) * interval '15 min' - interval '1 microsecond',
         timestamptz '2026-05-01' + i * interval '1 second'
  from generate_series(1, ${rows}) as i order by ${order}`;

const counters = (rows: number): string => `
  insert into token_generator_count (user_id, date, token_generated) select i, date '2026-05-05' - i % 7, 1 + i % 4 from generate_series(1, ${rows}) as i`;

const used = "status <> 'not_used'";

/** What stands, by day and metric, as what is swept is counted. */
async function standing(): Promise<Map<string, number>> {
  const rows = await db.query<{ day: string; metric: string; n: number }>(`
    select to_char(created_at at time zone 'Europe/Berlin', 'YYYY-MM-DD') as day, 'tokens_' || status as metric, count(*)::int as n
    from tokens where ${used} group by 1, 2
    union all select to_char(date, 'YYYY-MM-DD'), 'token_users', count(*)::int from token_generator_count group by 1
    union all select to_char(date, 'YYYY-MM-DD'), 'tokens_generated', sum(token_generated)::int from token_generator_count group by 1`);
  return new Map(rows.map(({ day, metric, n }) => [`${day} ${metric}`, n]));
}

async function counted(): Promise<Record<string, number>> {
  const rows = await db.query<{ day: string; metric: string; value: string }>(
    "select to_char(day, 'YYYY-MM-DD') as day, metric, value::text as value from telesweep.daily where metric like 'token%' order by 1, 2",
  );
  return Object.fromEntries(rows.map(({ day, metric, value }) => [`${day} ${metric}`, Number(value)]));
}

/** Sweeps, and holds the figures against what went. @param kept rows that stay though they are due */
async function sweep(job: 'cleanup-tokens' | 'reset-counts', kept: number, ...flags: string[]): Promise<void> {
  const before = await standing();
  await sweepPass(db, [job, ...flags], { TIMEZONE: 'Europe/Berlin' });
  const after = await standing();
  const gone = [...before].map(([key, n]) => [key, n - (after.get(key) ?? 0)] as const).filter(([, n]) => n > 0);
  expect(gone.length).toBeGreaterThan(0);
  expect(await counted()).toEqual(Object.fromEntries(gone));
  const [left] = await db.query<{ n: number }>(
    job === 'cleanup-tokens'
      ? `select count(*)::int as n from tokens where ${used}`
      : 'select count(*)::int as n from token_generator_count',
  );
  expect(left?.n).toBe(kept);
}

test('ranges in order', async () => {
  await db.query(`${fill(50_000)}; analyze tokens`);
  await sweep('cleanup-tokens', 0);
});

test('page by page, where expiry lies in no order', async () => {
  await db.query(fill(20_000, 'random()'));
  await db.query('vacuum analyze tokens');
  await sweep('cleanup-tokens', 0);
});

test('--limit', async () => {
  await db.query(`${fill(3_000)}; ${counters(900)}`);
  await sweep('cleanup-tokens', 1_000, '--limit', '500');
  await db.query('delete from telesweep.daily; delete from tokens');
  await sweep('reset-counts', 400, '--limit', '500');
});

test('counters of many days', async () => {
  await db.query(counters(20_000));
  await sweep('reset-counts', 0);
});

test('many that expire in the same moment', async () => {
  await db.query(`${fill(30_000)}; update tokens set expires_at = '2026-05-02'; analyze tokens`);
  await sweep('cleanup-tokens', 0);
});

test('in halves around rows that another table holds', async () => {
  await db.query(`${fill(2_000)};
    create table holds (token text references tokens (token));
    insert into holds values ('token-7'), ('token-333'), ('token-1999')`);
  await sweep('cleanup-tokens', 3);
});

test('beside rows that a trigger keeps without a word', async () => {
  await db.query(`${fill(2_000)};
    create function keep() returns trigger language plpgsql as $$ begin
      if old.token like '%77' then return null; end if; return old; end $$;
    create trigger keep before delete on tokens for each row execute function keep()`);
  await sweep('cleanup-tokens', 20);
});

test('around rows that a bot holds locked', async () => {
  await db.query(fill(2_000));
  const bot = new pg.Client({ connectionString: db.url });
  await bot.connect();
  await bot.query("begin; select from tokens where token in ('token-5', 'token-1777') for update");
  await sweep('cleanup-tokens', 2);
  await bot.end();
});

test('from every part of a partitioned table', async () => {
  await db.query(`
    drop table tokens;
    create table tokens (token text, unique_id text, created_by bigint, status text not null, created_at timestamptz not null, expires_at timestamptz not null)
      partition by range (expires_at);
    create table early partition of tokens for values from (minvalue) to ('2026-05-01 00:20Z');
    create table late partition of tokens for values from ('2026-05-01 00:20Z') to (maxvalue)`);
  await db.query(fill(3_000));
  await sweep('cleanup-tokens', 0);
});

test('tokens of no day that can be told go, and are in no figure', async () => {
  await db.query(`alter table tokens alter created_at drop not null;
    insert into tokens (token, status, created_at, expires_at) values
      ('a', 'verified', null, '2026-05-01'), ('b', 'verified', 'infinity', '2026-05-01'), ('c', 'verified', '-infinity', '2026-05-01'),
      ('d', 'verified', '294000-01-01', '2026-05-01'), ('e', 'bypassed', '2026-04-30', '2026-05-01');
    alter table token_generator_count alter token_generated type bigint, alter token_generated drop not null;
    insert into token_generator_count values (1, '-infinity', 1), (2, '2026-05-01', 9223372036854775807), (3, '2026-05-01', 9223372036854775807),
      (4, '2026-05-01', null), (5, '2026-05-01', 3)`);
  await sweepPass(db, ['cleanup-tokens']);
  await sweepPass(db, ['reset-counts']);
  expect(await db.query('select from tokens union all select from token_generator_count')).toEqual([]);
  expect(await counted()).toEqual({
    '2026-04-30 tokens_bypassed': 1,
    '2026-05-01 token_users': 4,
    '2026-05-01 tokens_generated': 3,
  });
});
