/** Columns as strangers bring them, and what the way down must leave. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SettingsError } from '../../src/process/errors.ts';
import { migrated, migrateUrl } from '../support/migrate-url.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { broadcast, pendingDeletion } from '../support/rows.ts';
import { shapeOf } from '../support/table-shape.ts';

let db: TestDatabase;
beforeEach(async () => {
  db = await createDatabase({ migrated: false });
});
afterEach(() => db.drop());

async function problemsOf(options: { down?: boolean } = {}): Promise<readonly string[]> {
  const before = await shapeOf(db);
  const error = await migrateUrl(db.url, options).catch((thrown: unknown) => thrown);
  expect(await shapeOf(db)).toEqual(before);
  if (!(error instanceof SettingsError)) throw error;
  return error.problems;
}

describe('columns that serve', () => {
  test.each([
    [
      'a domain over a domain',
      'create domain id_of_chat as bigint; create domain chat as id_of_chat not null',
      'chat',
      'bigint[]',
    ],
    ['a domain over an array', 'create domain ids as bigint[] check (cardinality(value) > 0)', 'bigint', 'ids'],
    ['small numbers', '', 'integer', 'integer[]'],
  ])('%s', async (_, types, chat, ids) => {
    await db.query(`${types}; create table pending_deletions (id serial primary key, user_id ${chat.replace('chat', 'bigint')},
      chat_id ${chat}, message_ids ${ids} not null, unique_id varchar(40),
      created_at timestamptz not null default now(),
      delete_at timestamptz generated always as (timestamptz '2026-01-01 00:00:00+00') stored)`);
    await db.query(`insert into pending_deletions (chat_id, message_ids) values (5, '{1,2}')`);
    await migrateUrl(db.url);
    expect(await migrateUrl(db.url)).toEqual([]);
    const rows = await db.query('select chat_id::text, message_ids::text, attempts, refusals from pending_deletions');
    expect(rows).toEqual([{ chat_id: '5', message_ids: '{1,2}', attempts: 0, refusals: 0 }]);
  });

  test('a type of an extension whose schema is not on the path', async () => {
    await db.query(`create schema ext; create extension citext schema ext;
      create table tokens (token ext.citext primary key, status ext.citext default 'not_used', expires_at timestamptz)`);
    await migrateUrl(db.url);
    expect(await migrateUrl(db.url)).toEqual([]);
  });

  test("tables without a key, where rows alike are nobody's mistake: none is made for them", async () => {
    await db.query(`create table token_generator_count (user_id bigint, date date);
      create table tokens (token text, status text, expires_at timestamptz);
      create table broadcast_messages (broadcast_id bigint, chat_id bigint, message_id bigint, sent_at timestamptz)`);
    await migrateUrl(db.url);
    await db.query(`insert into token_generator_count values (1, '2026-01-31'), (1, '2026-01-31');
      insert into tokens values ('a', 'x', now()), ('a', 'y', null);
      insert into broadcast_messages values (1, 1, 1), (1, 1, 1)`);
    expect(await migrateUrl(db.url)).toEqual([]);
  });

  test('ids that nothing numbers are numbered from where they are, and a bot may go on to give them', async () => {
    await db.query(
      'create table broadcasts (id integer, text text, delete_at timestamptz); insert into broadcasts values (41)',
    );
    expect((await migrateUrl(db.url)).map(({ what }) => what)).toContain('number column public.broadcasts.id');
    await db.query('insert into broadcasts (id) values (100)');
    expect(Number(await broadcast(db))).toBe(42);
    expect(await migrateUrl(db.url)).toEqual([]);
  });
});

describe('columns that do not serve', () => {
  test.each([
    ['id numeric', 'public.broadcasts.id is numeric; expected bigint: change the column, or rename the table'],
    [
      'id bigint, delete_at timestamp(3)',
      'public.broadcasts.delete_at is timestamp(3) without time zone; expected timestamptz (timestamp with time zone): change the column, or rename the table',
    ],
    [
      'id bigint, text char(10)',
      'public.broadcasts.text is character(10); expected text: change the column, or rename the table',
    ],
  ])('%s', async (columns, problem) => {
    await db.query(`create table broadcasts (${columns})`);
    expect(await problemsOf()).toEqual([problem]);
  });

  test('its own, from a dump that left the comments out, until the statements that it names have run', async () => {
    await migrateUrl(db.url);
    const shape = await shapeOf(db);
    await db.query(`do $$ declare own record; begin
      for own in select attrelid::regclass as place, attname as name from pg_attribute where col_description(attrelid, attnum) like 'telesweep: %' loop
        execute format('comment on column %s.%I is null', own.place, own.name);
      end loop; end $$`);
    const statements = (await problemsOf()).map((problem) => /comment on column .*$/.exec(problem)?.[0]);
    await db.query(statements.join(';\n'));
    expect(await migrateUrl(db.url)).toEqual([]);
    expect(await shapeOf(db)).toEqual(shape);
  });

  test('an event trigger that lets no table be altered: the step and its words, and nothing is left half done', async () => {
    await db.query(`create table broadcasts (id bigint, delete_at timestamptz);
      create function freeze_all() returns event_trigger language plpgsql as $$ begin raise exception 'frozen until monday'; end $$;
      create event trigger frozen on ddl_command_start when tag in ('ALTER TABLE') execute function freeze_all()`);
    expect(await problemsOf()).toEqual([
      expect.stringMatching(/^number column public\.broadcasts\.id: the database refuses it: frozen until monday/),
    ]);
    await db.query('drop event trigger frozen');
    await migrateUrl(db.url);
    expect(await migrateUrl(db.url)).toEqual([]);
  });

  test('an array of a domain, which no driver reads as numbers', async () => {
    await db.query(`create domain message as bigint;
      create table pending_deletions (id bigint, chat_id bigint, message_ids message[], delete_at timestamptz)`);
    expect(await problemsOf()).toEqual([expect.stringContaining('message_ids is message[]; expected bigint[]')]);
  });

  test('a column that is computed whenever it is read, and so has no index', async () => {
    const [{ version } = { version: 0 }] = await db.query<{ version: number }>(
      `select current_setting('server_version_num')::int as version`,
    );
    // Older servers have none of these.
    if (version < 180_000) return;
    await db.query(`create table broadcasts (id bigint, made timestamptz,
      delete_at timestamptz generated always as (made) virtual)`);
    expect(await problemsOf()).toEqual([
      'public.broadcasts.delete_at is a virtual generated column; expected a stored one',
    ]);
  });

  test('ids that are missing from a table so large that its bot would wait while they are made', async () => {
    await db.query(`create table pending_deletions (chat_id bigint, message_ids bigint[], delete_at timestamptz);
      insert into pending_deletions (chat_id) select n from generate_series(1, 100001) n`);
    expect(await problemsOf()).toEqual([
      expect.stringMatching(
        /public\.pending_deletions\.id is missing; expected bigint, numbered: .* in a quiet hour, alter table/,
      ),
    ]);
    await db.query('delete from pending_deletions where chat_id > 5');
    await migrateUrl(db.url);
    expect(await db.query('select id, chat_id from pending_deletions order by id')).toHaveLength(5);
  });
});

describe('the way down', () => {
  beforeEach(() => migrateUrl(db.url));

  test('names what it leaves', async () => {
    const { notes } = await migrated(db.url, { down: true, dryRun: true });
    expect(notes).toEqual([
      'with every row of theirs: public.users, public.tokens, public.token_generator_count, public.pending_deletions, public.broadcasts, public.broadcast_messages, public.guides',
      'what the contract gives these tables, where migrate added it: columns, defaults, numbers',
    ]);
    await migrateUrl(db.url, { down: true });
    const again = await migrated(db.url, { down: true });
    expect([again.steps, again.notes]).toEqual([[], notes]);
  });

  test("leaves the schema where it holds what is not telesweep's", async () => {
    await db.query(
      'create view telesweep.of_mine as select 1 as one; create function telesweep.mine() returns int language sql return 1',
    );
    const { notes, steps } = await migrated(db.url, { down: true });
    expect(notes).toContain("schema telesweep, for what is not telesweep's own: mine(), of_mine");
    expect(steps.map(({ what }) => what)).not.toContain('drop schema telesweep');
    expect(await db.query('select * from telesweep.of_mine')).toEqual([{ one: 1 }]);
    await migrateUrl(db.url);
    await pendingDeletion(db);
  });

  test('changes nothing where something of the operator leans on a column, and names both', async () => {
    await db.query('create view given_up as select id, failed_at from pending_deletions');
    expect(await problemsOf({ down: true })).toEqual([
      expect.stringMatching(
        /^drop column public\.pending_deletions\.failed_at: .*\(view given_up depends on column failed_at/,
      ),
    ]);
  });
});
