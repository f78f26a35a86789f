import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { migrations } from '../migrations/index.ts';
import { migrateUrl } from './support/migrate-url.ts';
import { createDatabase, type TestDatabase } from './support/postgres.ts';
import { broadcast, counter, guide, pendingDeletion, token } from './support/rows.ts';
import { shapeOf } from './support/table-shape.ts';

const botsTables = [
  ...['users', 'tokens', 'token_generator_count', 'pending_deletions'],
  ...['broadcasts', 'broadcast_messages', 'guides'],
];

let db: TestDatabase;
async function makeDatabase(): Promise<void> {
  db = await createDatabase();
}
function dropDatabase(): Promise<void> {
  return db.drop();
}

/** What a bot that knows nothing of telesweep's columns writes, the shortest way. */
async function insertAsBot(): Promise<void> {
  await db.query(`
    insert into users (user_id, username, first_name) values (1, 'ann', 'Ann');
    insert into tokens (token, unique_id, created_by) values ('t1', 'file_1', 1);
    insert into token_generator_count (user_id, date) values (1, '2026-01-31');
    insert into pending_deletions (user_id, chat_id, message_ids, unique_id, delete_at)
      values (1, -1001234567890123, '{1,2}', 'file_1', now());
    insert into broadcasts (text, delete_at) values ('hello', now()), ('for ever', null);
    insert into broadcast_messages (broadcast_id, chat_id, message_id) values (1, 1, 5);`);
}

describe('the tables', () => {
  beforeEach(makeDatabase);
  afterEach(dropDatabase);

  test("take a bot's plain inserts and fill in what the contract says", async () => {
    await insertAsBot();
    const [row] = await db.query(`
      select is_banned, joined_at <= now() as joined, status, expires_at - tokens.created_at as lives, token_generated,
        pending_deletions.id, attempts, next_attempt_at, failed_at, failure
      from users, tokens, token_generator_count, pending_deletions`);
    expect(row).toMatchObject({ joined: true });
    expect(row).toMatchObject({ is_banned: false, status: 'not_used', lives: { days: 2 }, token_generated: 1 });
    expect(row).toMatchObject({ id: '1', attempts: 0, next_attempt_at: null, failed_at: null, failure: null });
    const counts = await db.query(`
      select (select count(*)::int from broadcasts where failed_at is null and failure is null) as broadcasts,
        (select count(*)::int from broadcast_messages where attempts = 0 and sent_at is not null) as ledger`);
    expect(counts).toEqual([{ broadcasts: 2, ledger: 1 }]);
  });

  test('take what the row makers of the tests write', async () => {
    await pendingDeletion(db, { age: '47h59m', dueFor: '61s' });
    await token(db);
    await counter(db);
    await broadcast(db, { messages: [{ chatId: 1, messageId: 2 }] });
    await guide(db);
    const [ages] = await db.query(
      `select now() - created_at between '47h59m' and '47h59m9s' as age, now() - delete_at >= '61s' as due
       from pending_deletions`,
    );
    expect(ages).toEqual({ age: true, due: true });
  });
});

describe('the constraints, guides and indexes', () => {
  beforeAll(makeDatabase);
  afterAll(dropDatabase);

  test.each([
    ["insert into tokens (token, status) values ('x', 'used')", 'tokens_status_check'],
    ["insert into pending_deletions (chat_id, message_ids, delete_at) values (1, '{}', now())", 'message_ids_check'],
    ['insert into broadcast_messages values (1, 1, 1), (1, 1, 1)', 'broadcast_messages_pkey'],
    ["insert into token_generator_count (user_id, date) select 1, '2026-01-31' from generate_series(1, 2)", 'pkey'],
    ['insert into users (user_id) values (1), (1)', 'users_pkey'],
    ["insert into tokens (token) values ('x'), ('x')", 'tokens_pkey'],
  ])('refuse %s', async (statement, constraint) => {
    await expect(db.query(statement)).rejects.toThrow(constraint);
  });

  test('have the four default guides, in order, ready to be posted', async () => {
    const guides = await db.query(
      'select id, position, title, description, url, enabled from guides order by position',
    );
    expect(guides.map(({ title }) => title)).toEqual([
      ...['Trading Fundamentals', 'Chart Analysis', 'Risk Management', 'Entry/Exit'],
    ]);
    for (const { description, url, enabled } of guides) {
      expect(description).toMatch(/\w+ \w+/);
      expect(url).toMatch(/^https:\/\/example\.com\/guides\/[a-z-]+$/);
      expect(enabled).toBe(true);
    }
  });

  test('have the columns that operators query in the schema telesweep', async () => {
    const rows = await db.query(`
      select (select count(*)::int from telesweep.migrations) as migrations from (
        select run_id, job, started_at, finished_at, outcome, summary -> 'counts' from telesweep.runs
      ) runs full join (select job, run_id, holder, acquired_at, expires_at from telesweep.leases) leases using (job)
      full join (select schema_name, bot_id, job, name, label, value, changed_at from telesweep.totals) totals using (job)
      full join (select schema_name, day, metric, value from telesweep.daily) daily on false
      full join (select schema_name, stretch, began, state, chat_id, message_id, error from telesweep.reports) reports on false
      full join (select bot_id, next_call_at, paused_until, cooldown_until from telesweep.budgets) budgets on false
      full join (select bot_id, username, asked_at, worked_at, streak, one_by_one from telesweep.bots) bots on false
      full join (select job, bot_id, since from telesweep.senders) senders on false
      full join (select broadcast_id, finished_at from telesweep.finished_broadcasts) finished on false
      full join (select refusals, refused_since, failure_detail from pending_deletions) records on false
      full join (select refusals, refused_since, failure_detail from broadcast_messages) ledger on false
      full join (select failure_detail from broadcasts) broadcasts on false
      full join (select slot, guide_id, chat_id || '', state, message_id, error from telesweep.guide_posts) posts on false
      right join (select) one on true`);
    expect(rows).toEqual([{ migrations: migrations.length }]);
    expect(await db.query('select name from telesweep.migrations order by name desc limit 1')).toEqual([
      { name: migrations.at(-1)?.name },
    ]);
  });

  test.each([
    ['telesweep_pending_deletions_due', 'pending_deletions where delete_at <= now() and failed_at is null'],
    ['telesweep_pending_deletions_age', 'pending_deletions where failed_at is null order by created_at, id'],
    ['telesweep_pending_deletions_failed', 'pending_deletions where failed_at < now()'],
    ['telesweep_tokens_expired', "tokens where expires_at < now() and status in ('verified', 'bypassed')"],
    ['telesweep_token_generator_count_date', "token_generator_count where date < '2026-01-31'"],
    ['telesweep_broadcasts_due', 'broadcasts where delete_at <= now() and failed_at is null'],
    [
      'telesweep_broadcast_messages_due',
      'broadcast_messages where broadcast_id = 7 and failed_at is null order by sent_at',
    ],
    [
      'telesweep_runs_job',
      "telesweep.runs where schema_name = 'public' and job = 'delete-due' order by started_at desc",
    ],
  ])('%s serves its query', async (index, query) => {
    // On empty tables the planner would read them whole; this asks whether the index can serve at all.
    const settings = 'set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off';
    const plan = JSON.stringify(await db.query(`${settings}; explain select * from ${query}`));
    expect(plan).toContain(`using ${index} on`);
    expect(plan).not.toContain('Sort');
  });
});

describe('the way down', () => {
  beforeEach(makeDatabase);
  afterEach(dropDatabase);

  test('leaves the bots their tables and every row, and up again restores the rest', async () => {
    await insertAsBot();
    const columns = await botsColumns();
    const before = await rowsOfBots(columns);
    const shape = await shapeOf(db);

    await migrateUrl(db.url, { down: true });
    const below = await shapeOf(db);
    expect(below.join('\n')).not.toMatch(/telesweep/);
    expect(await botsColumns()).toEqual(columns);
    expect(await rowsOfBots(columns)).toEqual(before);

    await migrateUrl(db.url);
    expect(await shapeOf(db)).toEqual(shape);
    expect(await rowsOfBots(columns)).toEqual(before);
    await insertMore();

    await migrateUrl(db.url, { down: true });
    expect(await shapeOf(db)).toEqual(below);
  });

  async function insertMore(): Promise<void> {
    const id = await pendingDeletion(db);
    expect(await db.query('select attempts from pending_deletions where id = $1', [id])).toEqual([{ attempts: 0 }]);
  }

  /** The contract's columns, told from telesweep's own by their lack of a comment. */
  function botsColumns(): Promise<{ table: string; columns: string }[]> {
    return db.query(
      `select attrelid::regclass::text as table, string_agg(attname, ', ' order by attnum) as columns
       from pg_attribute where attrelid = any($1::regclass[]) and attnum > 0 and not attisdropped
         and col_description(attrelid, attnum) is null
       group by 1 order by 1`,
      [botsTables],
    );
  }

  async function rowsOfBots(tables: { table: string; columns: string }[]): Promise<unknown> {
    const found: Record<string, unknown[]> = {};
    for (const { table, columns } of tables) {
      found[table] = await db.query(`select ${columns} from ${table} order by ${columns}`);
    }
    expect(Object.keys(found).sort()).toEqual([...botsTables].sort());
    return found;
  }
});
