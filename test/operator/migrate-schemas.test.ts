/** Which schema `migrate` works on: by what the names resolve to, as a bot's own statements do. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SettingsError } from '../../src/process/errors.ts';
import { migrated, migrateUrl } from '../support/migrate-url.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { pendingDeletion } from '../support/rows.ts';
import { runHere } from '../support/run-here.ts';
import { shapeOf } from '../support/table-shape.ts';

let db: TestDatabase;
beforeEach(async () => {
  db = await createDatabase({ migrated: false });
});
afterEach(() => db.drop());

/** The schemas in which a table of the name stands. */
async function standsIn(name: string): Promise<unknown[]> {
  const rows = await db.query(
    `select relnamespace::regnamespace::text as schema from pg_class where relname = $1 and relkind in ('r', 'p') order by 1`,
    [name],
  );
  return rows.map(({ schema }) => schema);
}

async function problemsOf(): Promise<readonly string[]> {
  const before = await shapeOf(db);
  const error = await migrateUrl(db.url).catch((thrown: unknown) => thrown);
  expect(await shapeOf(db)).toEqual(before);
  return error instanceof SettingsError ? error.problems : [];
}

/** A role's own schema comes first, the bot's tables are in public. */
async function shadow(): Promise<void> {
  await db.query(`create schema postgres; alter database ${db.name} set search_path = "$user", public`);
}

describe('a schema of the role comes first', () => {
  const pending = `create table public.pending_deletions (id bigint generated always as identity primary key,
    user_id bigint, chat_id bigint not null, message_ids bigint[] not null, unique_id text,
    created_at timestamptz not null default now(), delete_at timestamptz not null)`;

  test('the tables that stand behind it are used, and all others are made beside them', async () => {
    await shadow();
    await db.query(pending);
    const { place, notes } = await migrated(db.url);
    expect(place).toEqual({
      schema: 'public',
      why: "the bots' tables stand there, behind postgres on the search path",
    });
    expect(notes).toEqual([]);
    expect([await standsIn('pending_deletions'), await standsIn('tokens')]).toEqual([['public'], ['public']]);
    await pendingDeletion(db);
    expect(await migrateUrl(db.url)).toEqual([]);
    await migrateUrl(db.url, { down: true });
    expect((await shapeOf(db)).join('\n')).not.toContain('telesweep');
    await migrateUrl(db.url);
    expect([await standsIn('pending_deletions'), await standsIn('broadcasts')]).toEqual([['public'], ['public']]);
    const { code, stdout } = await runHere(['doctor'], { env: { DATABASE_URL: db.url } });
    expect(stdout, String(code)).toMatch(/tables: every table, column and index stands/);
  });

  test('without any table they are made in it, and it is said why', async () => {
    await shadow();
    const { stdout } = await runHere(['migrate', '--dry-run'], { env: { DATABASE_URL: db.url } });
    expect(stdout).toContain('create table postgres.pending_deletions');
    expect(stdout).toContain(
      "Schema postgres: the first on the search path (postgres, public); none of the bots' tables stands on it yet.",
    );
    const json = JSON.parse((await runHere(['migrate', '--json'], { env: { DATABASE_URL: db.url } })).stdout) as Record<
      string,
      unknown
    >;
    expect(json).toMatchObject({ schema: 'postgres', notes: [], interrupted: false });
    expect(await standsIn('tokens')).toEqual(['postgres']);
  });

  test("a second set behind the one that is used is told of: it is the bot's, perhaps", async () => {
    await db.query(pending);
    await migrateUrl(db.url);
    await shadow();
    for (const table of ['tokens', 'token_generator_count', 'pending_deletions', 'broadcasts', 'broadcast_messages'])
      await db.query(`create table postgres.${table} (like public.${table} including all)`);
    await db.query('create table postgres.guides (like public.guides including all)');
    const { place, notes } = await migrated(db.url);
    expect(place?.schema).toBe('postgres');
    expect(notes).toEqual([
      expect.stringMatching(/^behind postgres on the search path, and seen by no job: .*public\.pending_deletions/),
    ]);
  });

  test('names that lead to several schemas are refused, each by its name', async () => {
    await shadow();
    await db.query(`${pending}; create table postgres.tokens (token text, secret text); create table public.tokens ()`);
    expect(await problemsOf()).toEqual([
      "search_path: the bots' tables stand in several schemas of it (postgres, public): " +
        "postgres.tokens, public.pending_deletions; expected all in one: move or rename those that are another program's, or name one schema",
    ]);
  });
});

test('tables in a schema that the path does not name are told of before a set is made without them', async () => {
  await db.query('create schema shop; create table shop.pending_deletions (id int)');
  expect((await migrated(db.url, { dryRun: true })).notes).toEqual([
    'pending_deletions stands in shop as well, which the search path does not name',
  ]);
  await migrateUrl(db.url);
  expect((await migrated(db.url, { dryRun: true })).notes).toEqual([]);
});

test('a schema of the path that the role may not use is named: no set is made beside the one in it', async () => {
  const role = db.name;
  await db.query(`create schema shop; create table shop.pending_deletions (id int);
    alter database ${db.name} set search_path = shop, public; set search_path = shop, public;
    create role "${role}" login password 'x'; grant create on database ${db.name} to "${role}"; grant create on schema public to "${role}"`);
  const url = new URL(db.url);
  url.username = role;
  url.password = 'x';
  const before = await shapeOf(db);
  try {
    await expect(migrateUrl(url.href)).rejects.toThrow(
      'search_path: the role may not use schema shop of it, where pending_deletions stands; grant usage',
    );
    expect(await shapeOf(db)).toEqual(before);
  } finally {
    await db.query(`drop owned by "${role}"; drop role "${role}"`);
  }
});

describe('users, which no job reads', () => {
  test.each([
    ['of another shape, empty', 'create table users (uid uuid primary key, mail text not null)'],
    [
      'of another shape, with rows',
      'create table users (user_id text primary key, n int); insert into users values (1, 2)',
    ],
    ['a view', 'create view users as select 1 as one'],
    ["in another schema of the path, another program's", 'create schema web; create table web.users (id int)'],
  ])('%s: left alone', async (_, statement) => {
    await db.query(`${statement}; alter database ${db.name} set search_path = public, web`);
    const shape = (await shapeOf(db)).filter((line) => line.includes('users'));
    const steps = await migrateUrl(db.url);
    expect(steps.filter(({ what }) => what.includes('users'))).toEqual([]);
    expect((await shapeOf(db)).filter((line) => line.includes('users'))).toEqual(shape);
    expect(await migrateUrl(db.url)).toEqual([]);
    await migrateUrl(db.url, { down: true });
    expect((await shapeOf(db)).filter((line) => line.includes('users'))).toEqual(shape);
  });

  test('are made where none stand, and never altered afterwards', async () => {
    await migrateUrl(db.url);
    await db.query('alter table users drop column first_name');
    expect(await migrateUrl(db.url)).toEqual([]);
  });
});

describe('versions', () => {
  test('a database that a later version has migrated is left alone, up and down', async () => {
    await migrateUrl(db.url);
    await db.query(`insert into telesweep.migrations (name) values ('9999-of-tomorrow')`);
    expect(await problemsOf()).toEqual([
      'the database was migrated by a later telesweep (9999-of-tomorrow); expected that version or one after it',
    ]);
    await expect(migrateUrl(db.url, { down: true })).rejects.toThrow('9999-of-tomorrow');
    const { code, stdout } = await runHere(['doctor'], { env: { DATABASE_URL: db.url } });
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('migrated by a later telesweep') });
  });

  test('keys that a version of before has made anew go again: two bots would share them', async () => {
    await migrateUrl(db.url);
    await db.query('create unique index telesweep_leases_key on telesweep.leases (job)');
    expect((await migrateUrl(db.url)).map(({ what }) => what)).toEqual([
      'drop the key of telesweep.leases that two bots would share',
    ]);
    expect(await migrateUrl(db.url)).toEqual([]);
  });

  test('a program that knows other keys says that the tables are not its own', async () => {
    await migrateUrl(db.url);
    await db.query('alter table telesweep.leases drop constraint leases_pkey');
    const env = { DATABASE_URL: db.url };
    expect(await runHere(['cleanup-tokens'], { env })).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/the tables are not those of this telesweep .*; run telesweep migrate/),
    });
    await migrateUrl(db.url);
    expect(await runHere(['cleanup-tokens'], { env })).toMatchObject({ code: 0 });
  });
});
