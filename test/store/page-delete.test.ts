/** A table whose expiry lies in no order on disk is swept page by page. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { deletePages, pagesOutOfOrder } from '../../src/store/page-delete.ts';
import { deleteUsedTokensIn, tokenPagesOutOfOrder } from '../../src/store/tokens.ts';
import { type PlanWatch, watchPlans } from '../support/plans.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { createScene, type Scene } from '../support/scene.ts';

let db: TestDatabase;
let watch: PlanWatch;
const rows = 60_000;
const now = '2026-06-15T12:00:00.000000Z';

/** Every second one is due. */
const fill = (order: string) => `
  truncate tokens;
  insert into tokens (token, status, created_at, expires_at)
    select 'token-' || i, (array['verified', 'not_used', 'bypassed', 'not_used'])[i % 4 + 1], timestamptz '${now}' - interval '9 days',
           timestamptz '${now}' - i * interval '1 second'
    from generate_series(1, ${rows}) as i order by ${order}`;

beforeAll(async () => {
  db = await createDatabase();
  watch = await watchPlans(db.url);
});
beforeEach(() => {
  watch.sent.length = 0;
});
afterAll(async () => {
  await watch.close();
  await db.drop();
});

test('a table in order, one that nobody analyzed and one in parts are left to the index', async () => {
  await db.query(fill('i'));
  expect(await tokenPagesOutOfOrder(watch.db)).toBeNull();
  await db.query('analyze tokens');
  expect(await tokenPagesOutOfOrder(watch.db)).toBeNull();
  await db.query(`create table parted (at timestamptz) partition by range (at);
    create table part partition of parted for values from (minvalue) to (maxvalue);
    insert into parted select now() + random() * interval '9 days' from generate_series(1, 5000); analyze parted`);
  expect(await pagesOutOfOrder(watch.db, { table: 'parted', column: 'at' })).toBeNull();
});

test('pages are read by themselves alone, and together they are all that is due', async () => {
  await db.query(fill('random()'));
  await db.query('vacuum analyze tokens');
  const pages = (await tokenPagesOutOfOrder(watch.db)) ?? Number.NaN;
  expect(pages).toBeGreaterThan(300);
  watch.sent.length = 0;
  let deleted = 0;
  for (let from = 0; from < pages; from += 100) {
    deleted += (await deleteUsedTokensIn(watch.db, now, from, from + 100)).deleted;
  }
  expect(deleted).toBe(rows / 2);
  const scans = watch.sent.flatMap((sent) => sent.scans).filter(({ table }) => table === 'tokens');
  expect(new Set(scans.map(({ how }) => how))).toEqual(new Set(['Tid Range Scan']));
});

test('what a bot holds locked is passed over', async () => {
  await db.query(fill('random()'));
  await db.query('vacuum analyze tokens');
  const holder = await createHolder();
  const { sql } = await import('kysely');
  const tokens = {
    table: 'tokens',
    column: 'expires_at',
    due: sql`status in ('verified', 'bypassed')`,
    name: sql`null`,
    figures: {
      of: sql`1`,
      kinds: sql`select count(*) as n from gone`,
      days: 'select null::date as day, null as metric, n as value from kinds',
    },
  };
  expect(await deletePages(watch.db, tokens, 0, 100_000)).toEqual({
    deleted: rows / 2 - 1,
    metLock: true,
    kept: { places: [], example: null },
  });
  await holder.end();
  expect(await deletePages(watch.db, tokens, 0, 100_000)).toEqual({
    deleted: 1,
    metLock: false,
    kept: { places: [], example: null },
  });
});

async function createHolder() {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: db.url });
  await client.connect();
  await client.query("begin; select from tokens where token = 'token-4' for update");
  return { end: () => client.end() };
}

test('a pass sweeps such a table, few rows or many, and leaves none', async () => {
  const scene: Scene = await createScene();
  await scene.db.query(fill('random()').replaceAll(now, new Date().toISOString()));
  await scene.db.query('vacuum analyze tokens');
  const { code, summary } = await scene.pass(['cleanup-tokens']);
  expect(code).toBe(0);
  expect(summary).toMatchObject({ counts: { deleted: rows / 2 }, left: { due: 0 }, stop_reason: 'done' });
  expect(await scene.db.query("select from tokens where status <> 'not_used'")).toEqual([]);
  await scene.close();
});
