/** An installation of 0.1.0, with rows in every state, goes up without loss, down, and up again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrations } from '../../migrations/index.ts';
import { botToken, startBotApi } from '../support/bot-api.ts';
import { migrated, migrateUrl } from '../support/migrate-url.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { runHere } from '../support/run-here.ts';
import { shapeOf } from '../support/table-shape.ts';

const dump = readFileSync(join(import.meta.dirname, '0.1.0.sql'), 'utf8');

const botsTables = [
  'users',
  'tokens',
  'token_generator_count',
  'pending_deletions',
  'broadcasts',
  'broadcast_messages',
];
const tables = [
  ...[...botsTables, 'guides'].map((table) => `public.${table}`),
  ...['runs', 'leases', 'budgets', 'bots', 'guide_posts', 'guide_totals'].map((table) => `telesweep.${table}`),
];

let db: TestDatabase;
beforeEach(async () => {
  db = await createDatabase({ migrated: false });
  await db.query(dump);
});
afterEach(() => db.drop());

/** Every row with the columns of 0.1.0. */
async function rowsOf(columns: ReadonlyMap<string, string>): Promise<Record<string, unknown[]>> {
  const rows: Record<string, unknown[]> = {};
  for (const [table, names] of columns) {
    rows[table] = await db.query(`select ${names} from ${table} as t order by t::text`);
  }
  return rows;
}

/** @param which a condition on a column `comment` */
async function columnsOf(which = 'true'): Promise<Map<string, string>> {
  const rows = await db.query<{ table: string; columns: string }>(
    `select wanted as table, string_agg(quote_ident(attname), ', ' order by attnum) as columns
     from unnest($1::text[]) as wanted join pg_attribute on attrelid = to_regclass(wanted),
       lateral (select col_description(attrelid, attnum) as comment) as described
     where attnum > 0 and not attisdropped and ${which} group by 1`,
    [tables],
  );
  return new Map(rows.map(({ table, columns }) => [table, columns]));
}

test('up: every row keeps every value, and the tables are those of a new installation', async () => {
  const columns = await columnsOf();
  const before = await rowsOf(columns);
  expect(Object.entries(before).filter(([, rows]) => rows.length === 0)).toEqual([]);
  const { steps, place } = await migrated(db.url);
  expect(place).toMatchObject({ schema: 'public' });
  // Indexes that stand already are known by their definition: only a new one is built.
  expect(steps.filter(({ what }) => what.includes('index')).map(({ what }) => what)).toEqual([
    'create index public.telesweep_pending_deletions_owed',
  ]);
  expect(steps.map(({ what }) => what)).toEqual(
    expect.arrayContaining(['add column public.pending_deletions.refusals', 'create table telesweep.senders']),
  );
  expect(await rowsOf(columns)).toEqual(before);
  expect(await db.query('select distinct refusals, refused_since, failure_detail from pending_deletions')).toEqual([
    { refusals: 0, refused_since: null, failure_detail: null },
  ]);
  expect(await db.query('select name from telesweep.migrations order by name')).toEqual(
    migrations.map(({ name }) => ({ name })),
  );

  const fresh = await createDatabase();
  const sorted = (shape: readonly string[]): string[] => [...shape].sort();
  expect(sorted(await shapeOf(db))).toEqual(sorted(await shapeOf(fresh)));
  await fresh.drop();
  expect(await migrateUrl(db.url)).toEqual([]);
});

test("down and up again: the bots' rows keep what bots wrote", async () => {
  await migrateUrl(db.url);
  const shape = await shapeOf(db);
  const written = await columnsOf("comment is null and wanted like 'public.%'");
  const before = await rowsOf(written);
  const down = await migrated(db.url, { down: true });
  expect(down.notes.join('\n')).toContain('public.pending_deletions');
  expect((await shapeOf(db)).join('\n')).not.toContain('telesweep');
  expect(await rowsOf(written)).toEqual(before);
  await migrateUrl(db.url);
  expect(await shapeOf(db)).toEqual(shape);
  expect(await rowsOf(written)).toEqual(before);
});

test('straight down from 0.1.0', async () => {
  await migrateUrl(db.url, { down: true });
  expect((await shapeOf(db)).join('\n')).not.toContain('telesweep');
});

test('the statements that --sql prints lead to the same place', async () => {
  const { stdout, code } = await runHere(['migrate', '--sql'], { env: { DATABASE_URL: db.url } });
  expect(code).toBe(0);
  const other = await createDatabase({ migrated: false });
  await other.query(dump);
  await migrateUrl(other.url);
  expect(await shapeOf(db)).not.toEqual(await shapeOf(other));
  const [within = '', after = ''] = stdout.replace(/^\\set .*$/m, '').split('commit;\n');
  await db.query(`${within} commit`);
  await db.query(after);
  expect(await shapeOf(db)).toEqual(await shapeOf(other));
  expect((await runHere(['migrate', '--sql'], { env: { DATABASE_URL: db.url } })).stdout).toBe(
    "-- Schema public: the bots' tables stand there.\n-- Nothing to do.\n",
  );
  await other.drop();
});

test('the jobs go on where 0.1.0 stopped: nothing is forgotten, nothing is sent twice', async () => {
  await migrateUrl(db.url);
  await db.setClock('2026-05-04T12:00:00Z');
  const api = await startBotApi();
  for (const [chat, ids] of [
    [11, [1, 2]],
    [12, [3]],
    [13, [4]],
    // So that Telegram knows these chats.
    [14, [99]],
    [15, [99]],
    [21, [1, 4]],
    [22, [2]],
  ] as const)
    api.addMessages(chat, ids);
  const env = { DATABASE_URL: db.url, TELEGRAM_BOT_TOKEN: botToken, TELEGRAM_API_ROOT: api.url };
  const countsOf = async (job: string) => (await runHere([job, '--json'], { env })).summary?.counts;

  // The notice under way when 0.1.0 stopped is in doubt, and is not sent again.
  expect(await countsOf('delete-due')).toMatchObject({ messages_deleted: 2, notices_sent: 2, notices_uncertain: 1 });
  expect([11, 13, 14, 15].map((chat) => api.sent(chat).length)).toEqual([1, 0, 1, 0]);
  const records = await db.query('select unique_id, failure, attempts from pending_deletions order by id');
  expect(records).toEqual([
    { unique_id: 'not due', failure: null, attempts: 0 },
    { unique_id: 'waiting', failure: null, attempts: 2 },
    { unique_id: 'failed', failure: 'too_old', attempts: 3 },
  ]);

  expect(await countsOf('delete-broadcasts')).toMatchObject({ broadcasts: 0, messages_deleted: 1 });
  expect([api.messageIds(21), api.messageIds(22)]).toEqual([[4], [2]]);
  expect(await countsOf('cleanup-tokens')).toMatchObject({ deleted: 2 });
  expect(await countsOf('reset-counts')).toMatchObject({ deleted: 1 });
  await api.close();
});
