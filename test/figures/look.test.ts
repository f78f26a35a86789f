/** How things stand, written down by the first pass that closes in a day. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { startStatementProxy } from '../support/statement-proxy.ts';
import { sweepPass } from '../support/sweeps.ts';

let db: TestDatabase;

beforeEach(async () => {
  db = await createDatabase();
  await db.setClock('2026-05-06T21:30:00Z');
});
afterEach(() => db.drop());

const pass = (env: Record<string, string> = {}) => sweepPass(db, ['cleanup-tokens'], env);

async function figures(pattern: string): Promise<string[]> {
  const rows = await db.query<{ line: string }>(
    "select to_char(day, 'MM-DD ') || metric || ' ' || value as line from telesweep.daily where metric like $1 order by 1",
    [pattern],
  );
  return rows.map(({ line }) => line);
}

const user = (joined: string, banned = false): string =>
  `insert into users (user_id, joined_at, is_banned) select 1 + count(*), '${joined}', ${banned} from users`;

test('users: all, banned, and new by the day on which they joined, once it is over', async () => {
  await db.query([user('2026-05-02T12:00Z'), user('2026-05-04T21:00Z', true), user('2026-05-04T23:00Z')].join('; '));
  await db.query(user('2026-05-06T10:00Z'));
  await pass({ TIMEZONE: 'Europe/Berlin' });
  expect(await figures('users%')).toEqual([
    '05-02 users_new 1',
    '05-03 users_new 0',
    '05-04 users_new 1',
    '05-05 users_new 1',
    '05-06 users_banned 1',
    '05-06 users_total 4',
  ]);
  // Nobody looks again in the day; it ends at 22:00 in UTC.
  await db.query(user('2026-05-06T21:45Z'));
  await pass({ TIMEZONE: 'Europe/Berlin' });
  expect(await figures('users_total')).toEqual(['05-06 users_total 4']);
  await db.setClock('2026-05-07T22:30:00Z');
  await pass({ TIMEZONE: 'Europe/Berlin' });
  expect((await figures('users%')).slice(4)).toEqual([
    '05-06 users_banned 1',
    '05-06 users_new 2',
    '05-06 users_total 4',
    '05-07 users_new 0',
    '05-08 users_banned 1',
    '05-08 users_total 5',
  ]);
});

test('sizes and rows of every table of the bot, parts included', async () => {
  await db.query(`
    drop table tokens;
    create table tokens (token text, unique_id text, created_by bigint, status text, created_at timestamptz, expires_at timestamptz) partition by hash (token);
    create table part_0 partition of tokens for values with (modulus 2, remainder 0);
    create table part_1 partition of tokens for values with (modulus 2, remainder 1);
    insert into tokens (token, status, expires_at) select i::text, 'not_used', now() from generate_series(1, 5000) as i;
    create table unlike_any (n int)`);
  await db.query('select pg_stat_force_next_flush()');
  await db.query('analyze tokens');
  await pass();
  expect(await figures('rows:tokens')).toEqual(['05-06 rows:tokens 5000']);
  const [size] = await db.query<{ bytes: string; all: string }>(`
    select (pg_total_relation_size('part_0') + pg_total_relation_size('part_1'))::text as bytes,
      pg_database_size(current_database())::text as all`);
  expect(await figures('bytes:tokens')).toEqual([`05-06 bytes:tokens ${size?.bytes}`]);
  const [line = ''] = await figures('database_bytes');
  expect(Number(line.split(' ')[2]) / Number(size?.all)).toBeCloseTo(1, 1);
  expect((await figures('%:%')).map((text) => text.split(/[ :]/)[2])).toEqual(
    ['bytes', 'dead_rows', 'rows'].flatMap(() => [
      'broadcast_messages',
      'broadcasts',
      'guides',
      'pending_deletions',
      'token_generator_count',
      'tokens',
      'users',
    ]),
  );
});

test.each([
  ['none', 'drop table users', []],
  [
    'a view',
    'alter table users rename to members; create view users as select user_id from members',
    ['05-06 users_total 0'],
  ],
  [
    'columns of other types',
    'drop table users; create table users (id uuid, is_banned int, joined_at date); insert into users values (null, 1, now())',
    ['05-06 users_total 1'],
  ],
  [
    'one that fails when it is read',
    'drop table users; create view users as select true as is_banned where 1 / (extract(year from now())::int - 2026) = 1',
    [],
  ],
  ['one that takes its time', 'drop table users; create view users as select pg_sleep(3) is null as is_banned', []],
])('users: %s', async (_, statements, told) => {
  await db.query(statements);
  const { code, stderr } = await pass();
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('not written down')]);
  expect(await figures('users%')).toEqual(told);
  expect(await figures('database_bytes')).toHaveLength(1);
});

test('costs the other passes of a day no statement, and the first not more than a dozen', async () => {
  const proxy = await startStatementProxy(db.url);
  const texts: string[] = [];
  proxy.onStatement = (_, { text }) => texts.push(text);
  const counts: number[] = [];
  for (let n = 0; n < 2; n++) {
    texts.length = 0;
    await pass({ DATABASE_URL: proxy.url });
    counts.push(texts.length);
  }
  await proxy.close();
  expect(counts[1]).toBe(2);
  expect(counts[0]).toBeLessThanOrEqual(15);
});

test('a zone that PostgreSQL does not know ends a pass before it begins', async () => {
  // Node knows it from an old list.
  const { code, summary } = await pass({ TIMEZONE: 'US/Pacific-New' });
  expect(code).toBe(78);
  expect(summary.error).toContain('TIMEZONE: the database does not know it');
});
