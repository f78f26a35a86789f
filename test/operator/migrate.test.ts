import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SettingsError } from '../../src/process/errors.ts';
import { migrated, migrateUrl } from '../support/migrate-url.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { runHere } from '../support/run-here.ts';
import { startStatementProxy } from '../support/statement-proxy.ts';
import { shapeOf } from '../support/table-shape.ts';

let db: TestDatabase;
beforeEach(async () => {
  db = await createDatabase({ migrated: false });
});
afterEach(() => db.drop());

async function problemsOf(statement: string): Promise<readonly string[]> {
  await db.query(statement);
  const before = await shapeOf(db);
  for (const dryRun of [true, false]) {
    await expect(migrateUrl(db.url, { dryRun })).rejects.toBeInstanceOf(SettingsError);
  }
  const error = await migrateUrl(db.url).catch((thrown: unknown) => thrown);
  expect(await shapeOf(db)).toEqual(before);
  return error instanceof SettingsError ? error.problems : [];
}

function whatOf(steps: readonly { what: string }[]): string[] {
  return steps.map(({ what }) => what);
}

describe('an empty database', () => {
  test('a dry run lists what the real one does and changes nothing; a second run finds nothing to do', async () => {
    const before = await shapeOf(db);
    const planned = await migrateUrl(db.url, { dryRun: true });
    expect(await shapeOf(db)).toEqual(before);
    expect(whatOf(planned)).toEqual(
      expect.arrayContaining([
        'create schema telesweep',
        'create table public.pending_deletions',
        'create table telesweep.runs',
        'fill table public.guides with the four default guides',
        'create index public.telesweep_pending_deletions_due',
      ]),
    );
    expect(await migrateUrl(db.url)).toEqual(planned);
    const shape = await shapeOf(db);
    expect(await migrateUrl(db.url)).toEqual([]);
    expect(await migrateUrl(db.url, { dryRun: true })).toEqual([]);
    expect(await shapeOf(db)).toEqual(shape);
    expect(await db.query('select count(*)::int as guides from guides')).toEqual([{ guides: 4 }]);
  });

  test('with nothing to do, each schema is read once', async () => {
    await migrateUrl(db.url);
    const proxy = await startStatementProxy(db.url);
    const texts: string[] = [];
    proxy.onStatement = (_, { text }) => {
      texts.push(text);
    };
    const { code } = await runHere(['migrate'], { env: { DATABASE_URL: proxy.url } });
    await proxy.close();
    expect(code).toBe(0);
    expect(texts.filter((text) => /pg_(inherits|index|attribute)\b/.test(text))).toHaveLength(6);
    expect(texts.length).toBeLessThan(20);
  });

  test('twenty processes at once: one does the work, nobody fails, and the guides are there once', async () => {
    const env = { DATABASE_URL: db.url };
    const all = await Promise.all(Array.from({ length: 20 }, () => runHere(['migrate', '--json'], { env })));
    expect(all.map(({ code, stderr }) => ({ code, stderr }))).toEqual(all.map(() => ({ code: 0, stderr: '' })));
    const workers = all.filter(({ stdout }) => JSON.parse(stdout).steps.length > 0);
    expect(workers).toHaveLength(1);
    expect(await db.query('select count(*)::int as guides from guides')).toEqual([{ guides: 4 }]);
    expect(await migrateUrl(db.url)).toEqual([]);
  });

  test('twenty that find the same moment: all see the finished work of the first', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => migrateUrl(db.url)));
    expect(all.filter((steps) => steps.length > 0)).toHaveLength(1);
  });

  test('down does nothing where nothing stands, twice over', async () => {
    expect(await migrateUrl(db.url, { down: true })).toEqual([]);
    await migrateUrl(db.url);
    const planned = await migrateUrl(db.url, { down: true, dryRun: true });
    expect(await migrateUrl(db.url, { dryRun: true })).toEqual([]);
    expect(await migrateUrl(db.url, { down: true })).toEqual(planned);
    expect(whatOf(planned)).toContain('drop schema telesweep');
    expect(await migrateUrl(db.url, { down: true })).toEqual([]);
  });

  test('a table, column or index that was lost later is mended', async () => {
    await migrateUrl(db.url);
    const shape = await shapeOf(db);
    await db.query(`drop table tokens; drop table telesweep.budgets; drop index telesweep_broadcasts_due;
      alter table broadcast_messages drop column failure;`);
    const steps = whatOf(await migrateUrl(db.url));
    expect(steps.filter((step) => !step.startsWith('create index'))).toEqual([
      ...['create table telesweep.budgets', 'create table public.tokens'],
      'add column public.broadcast_messages.failure',
    ]);
    expect(steps).toContain('create index public.telesweep_broadcasts_due');
    expect(await shapeOf(db)).toEqual(shape);
  });
});

describe('the schema of the tables', () => {
  test('is the first on the search path, whatever its name', async () => {
    await db.query(`create schema "Bot's ""own"""; create table public.users (id json);
      alter database ${db.name} set search_path = missing, "Bot's ""own""", public`);
    await migrateUrl(db.url);
    const [row] = await db.query(`select to_regclass('"Bot''s ""own""".tokens') is not null as own,
      to_regclass('public.tokens') as public, (select count(*)::int from pg_tables where schemaname = 'telesweep') > 5 as ours`);
    expect(row).toEqual({ own: true, public: null, ours: true });
    expect(await migrateUrl(db.url)).toEqual([]);
    expect(whatOf(await migrateUrl(db.url, { down: true }))).toContain('drop schema telesweep');
  });

  test('is not telesweep, although a role of that name finds it first', async () => {
    await db.query(`create schema telesweep; alter database ${db.name} set search_path = telesweep, public`);
    await migrateUrl(db.url);
    expect(await migrateUrl(db.url)).toEqual([]);
    const [row] = await db.query(
      "select to_regclass('public.tokens') is not null as ours, to_regclass('telesweep.tokens') as no",
    );
    expect(row).toEqual({ ours: true, no: null });
  });

  test('must stand', async () => {
    expect(await problemsOf(`alter database ${db.name} set search_path = missing`)).toEqual([
      expect.stringContaining('search_path: no schema of it stands'),
    ]);
  });
});

describe('a standing table that can serve', () => {
  const lean = `
    create domain chat as integer;
    create table users (user_id integer primary key, name varchar(20) not null default 'x');
    create table tokens (token varchar(64) primary key, status varchar(20) default 'not_used', expires_at timestamptz(3));
    create table token_generator_count (user_id bigint, date date);
    create table pending_deletions (
      id bigserial primary key, chat_id chat not null, message_ids integer[] not null, delete_at timestamptz not null,
      created_at timestamptz);
    create table broadcasts (id bigint, text text, delete_at timestamptz);
    create table guides (id text primary key, position bigint not null, title text not null);
    insert into users values (7, 'Ann');
    insert into tokens values ('t1', 'gone', now());
    insert into token_generator_count values (1, '2026-01-31'), (1, '2026-01-31');
    insert into pending_deletions (chat_id, message_ids, delete_at) values (5, '{1,2}', now()), (6, '{}', now());
    insert into broadcasts values (41, 'a', now()), (3, 'b', null);
    insert into guides values ('mine', 1, 'Mine');`;

  /** The columns that stand now, as they are declared. */
  function declared(): Promise<Record<string, unknown>[]> {
    return db.query(`
      select attrelid::regclass::text as table, attname, format_type(atttypid, atttypmod) as type
      from pg_attribute join pg_class on pg_class.oid = attrelid
      where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped`);
  }

  async function rows(): Promise<unknown[]> {
    return [
      await db.query('select user_id, name from users'),
      await db.query('select token, status, expires_at from tokens'),
      await db.query('select user_id, date from token_generator_count'),
      await db.query('select id, chat_id, message_ids, delete_at, created_at from pending_deletions order by id'),
      await db.query('select id, text, delete_at from broadcasts order by id'),
      await db.query('select id, position, title from guides'),
    ];
  }

  test('gets what it lacks, and keeps its columns, types and rows', async () => {
    await db.query(lean);
    const [columns, contents] = [await declared(), await rows()];
    const planned = await migrateUrl(db.url, { dryRun: true });
    expect(await migrateUrl(db.url)).toEqual(planned);
    expect(whatOf(planned)).toEqual(
      expect.arrayContaining([
        ...['add column public.pending_deletions.attempts', 'add column public.pending_deletions.unique_id'],
        ...['set default of column public.pending_deletions.created_at', 'number column public.broadcasts.id'],
        ...['create unique index public.telesweep_broadcasts_key', 'create table public.broadcast_messages'],
        // Two rows of one day and user: they can be counted and deleted, so the table serves without its key.
        'create index public.telesweep_token_generator_count_key',
      ]),
    );
    expect(await declared()).toEqual(expect.arrayContaining(columns));
    expect(await rows()).toEqual(contents);
    expect(await migrateUrl(db.url)).toEqual([]);
  });

  test("takes the bot's own inserts as before, and those of the contract", async () => {
    await db.query(lean);
    await migrateUrl(db.url);
    await db.query(`
      insert into users values (8);
      insert into tokens (token) values ('t2');
      insert into tokens values ('t3', 'whatever it liked', now());
      insert into token_generator_count values (1, '2026-01-31');
      insert into pending_deletions (chat_id, message_ids, delete_at) values (7, '{}', now());
      insert into broadcasts (text, delete_at) values ('c', now());
      insert into guides values ('second', 2, 'Second');`);
    const [row] = await db.query(`
      select (select max(id) from broadcasts) as broadcast, (select count(*)::int from guides) as guides,
        (select created_at is not null from pending_deletions where chat_id = 7) as dated,
        (select expires_at > now() + interval '47 hours' from tokens where token = 't2') as lives,
        (select bool_and(attempts = 0 and failed_at is null) from pending_deletions) as fresh`);
    expect(row).toEqual({ broadcast: '42', guides: 2, dated: true, lives: true, fresh: true });
  });

  test('gets back its former shape on the way down, but for what the contract added', async () => {
    await db.query(lean);
    await migrateUrl(db.url);
    await migrateUrl(db.url, { down: true });
    const down = await shapeOf(db);
    expect(down.join('\n')).not.toMatch(/telesweep|attempts|failed_at|notice_started_at/);
    await migrateUrl(db.url);
    await migrateUrl(db.url, { down: true });
    expect(await shapeOf(db)).toEqual(down);
  });

  test("with a bot's column of the name of one of telesweep's is refused, and served once telesweep's mark is on it", async () => {
    const problems = await problemsOf(`create table pending_deletions (id bigint primary key, chat_id bigint,
      message_ids bigint[], delete_at timestamptz, attempts integer, failed_at timestamptz);
      insert into pending_deletions (id, failed_at) values (1, now())`);
    expect(problems).toEqual([
      expect.stringMatching(/public\.pending_deletions\.attempts \(integer\) .* column \(integer\): rename the column/),
      expect.stringMatching(/public\.pending_deletions\.failed_at \(timestamp with time zone\) .*: rename the column/),
    ]);
    await db.query(`alter table pending_deletions rename attempts to tries;
      comment on column public.pending_deletions.failed_at is 'telesweep: mine'`);
    await migrateUrl(db.url);
    await migrateUrl(db.url, { down: true });
    expect(await db.query('select id, tries from pending_deletions')).toEqual([{ id: '1', tries: null }]);
    expect(await db.query(`select from pg_attribute where attname = 'failed_at'`)).toEqual([]);
  });

  test('that is parted serves without a key that cannot be', async () => {
    await db.query(`create table broadcast_messages (broadcast_id bigint, chat_id bigint, message_id bigint,
      sent_at timestamptz not null default now()) partition by range (sent_at);
      create table ledger_2026 partition of broadcast_messages default;`);
    expect(whatOf(await migrateUrl(db.url))).toContain('create index public.telesweep_broadcast_messages_key');
    await db.query('insert into broadcast_messages (broadcast_id, chat_id, message_id) values (1, 1, 1)');
    expect(await migrateUrl(db.url)).toEqual([]);
  });
});

describe('a standing table that cannot serve', () => {
  test('every column at fault is named with both types, of all tables at once', async () => {
    const problems = await problemsOf(`
      create table tokens (token text primary key, expires_at timestamp, status json);
      create table pending_deletions (id uuid primary key, message_ids json, chat_id varchar(30), delete_at numeric, attempts text);
      create table guides (id text primary key, position int, title text, enabled integer)`);
    const expected = [
      ['public.tokens.expires_at', 'is timestamp without time zone', 'expected timestamptz'],
      ['public.tokens.status', 'is json', 'expected text'],
      ['public.pending_deletions.id', 'is uuid', 'expected bigint'],
      ['public.pending_deletions.message_ids', 'is json', 'expected bigint[]'],
      ['public.pending_deletions.chat_id', 'is character varying(30)', 'expected bigint'],
      ['public.pending_deletions.delete_at', 'is numeric', 'expected timestamptz'],
      ['public.pending_deletions.attempts', '(text)', '(integer)'],
      ['public.guides.enabled', 'is integer', 'expected boolean'],
    ];
    for (const parts of expected) {
      expect(problems.filter((problem) => parts.every((part) => problem.includes(part)))).toHaveLength(1);
    }
    expect(problems).toHaveLength(expected.length);
  });

  test('a view is no table', async () => {
    const problems = await problemsOf("create view tokens as select 'x'::text as token");
    expect(problems).toEqual([expect.stringContaining('public.tokens is a view; expected a table')]);
  });

  test('rows that share an id', async () => {
    const problems = await problemsOf(`
      create table pending_deletions (id bigint, chat_id bigint, message_ids bigint[], delete_at timestamptz);
      insert into pending_deletions (id) values (5), (5);
      create table broadcasts (id bigint); insert into broadcasts values (null)`);
    expect(problems).toEqual([
      expect.stringContaining('public.pending_deletions has rows that share or lack id'),
      expect.stringContaining('public.broadcasts has rows that share or lack id'),
    ]);
  });

  test.each([
    '',
    'insert into pending_deletions values (1); insert into tokens values (1)',
  ])('a column that is missing and that the bot would have to fill, rows or not: %s', async (rows) => {
    const problems = await problemsOf(`
        create table pending_deletions (chat_id bigint); create table tokens (secret int, user_id int); ${rows}`);
    expect(problems).toEqual([
      expect.stringMatching(/public\.tokens\.token is missing; expected text:/),
      expect.stringMatching(/public\.pending_deletions\.message_ids is missing; expected bigint\[\]:/),
      expect.stringMatching(/public\.pending_deletions\.delete_at is missing; expected timestamptz/),
    ]);
  });

  test("a table of another owner: PostgreSQL's own refusal, and nothing is changed", async () => {
    await db.query(`create table tokens (token text primary key);
      create role "${db.name}" login password 'x'; grant create on database ${db.name} to "${db.name}";
      grant create on schema public to "${db.name}"`);
    const url = new URL(db.url);
    url.username = db.name;
    url.password = 'x';
    const before = await shapeOf(db);
    try {
      await expect(migrateUrl(url.href)).rejects.toThrow('must be owner of table tokens');
      expect(await shapeOf(db)).toEqual(before);
    } finally {
      await db.query(`drop owned by "${db.name}"; drop role "${db.name}"`);
    }
  });
});

test('a table that is in use is asked for by the moment, and in the end not at all, so that bots are not held up', async () => {
  await migrateUrl(db.url);
  await db.query('alter table tokens drop column created_by');
  const other = new pg.Client(db.url);
  await other.connect();
  try {
    await other.query('begin; insert into tokens (token) values (1)');
    const before = await shapeOf(db);
    const told: string[] = [];
    const patience = { tries: 3, pauseMs: 1 };
    await expect(migrateUrl(db.url, { patience, tell: (line) => told.push(line) })).rejects.toThrow(
      /^the tables: process \d+ \(.+\) of the database has held tokens for .+; 3 tries of 100 ms were in vain/,
    );
    expect(told).toEqual([expect.stringContaining('trying again')]);
    expect(await shapeOf(db)).toEqual(before);
    const stopping = new AbortController();
    const stopped = await migrated(db.url, { signal: stopping.signal, tell: () => stopping.abort() });
    expect([stopped.steps, stopped.interrupted]).toEqual([[], true]);
    // As soon as it is let go.
    const again = migrateUrl(db.url, {
      patience: { tries: 1_000, pauseMs: 1 },
      tell: () => void other.query('commit'),
    });
    expect(whatOf(await again)).toContain('add column public.tokens.created_by');
  } finally {
    await other.end();
  }
});
