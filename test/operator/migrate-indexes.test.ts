/** Indexes are known by what they are, and built on tables that have rows while bots read and write them. */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrated, migrateUrl } from '../support/migrate-url.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { start } from '../support/run.ts';
import { runHere } from '../support/run-here.ts';
import { shapeOf } from '../support/table-shape.ts';
import { onTerminal } from '../support/terminal.ts';

let db: TestDatabase;
beforeEach(async () => {
  db = await createDatabase({ migrated: false });
});
afterEach(() => db.drop());

const due = 'telesweep_pending_deletions_due';
const record = "insert into pending_deletions (chat_id, message_ids, delete_at) values (1, '{1}', now())";

async function whatIsDone(): Promise<string[]> {
  return (await migrateUrl(db.url)).map(({ what }) => what);
}

/** The definition of an index of this name, and whether it is valid. */
async function indexOf(name: string): Promise<Record<string, unknown> | undefined> {
  const [row] = await db.query(
    `select pg_get_indexdef(indexrelid) as definition, indisvalid as valid from pg_index
     join pg_class on pg_class.oid = indexrelid where relname = $1`,
    [name],
  );
  return row;
}

const wanted = {
  definition: `CREATE INDEX ${due} ON public.pending_deletions USING btree (delete_at) WHERE (failed_at IS NULL)`,
  valid: true,
};

describe('an index of the right name', () => {
  beforeEach(() => migrateUrl(db.url));

  test.each([
    [
      'on another column',
      `drop index ${due}; create index ${due} on pending_deletions (created_at) where failed_at is null`,
    ],
    ['without its condition', `drop index ${due}; create index ${due} on pending_deletions (delete_at)`],
    [
      'under another condition',
      `drop index ${due}; create index ${due} on pending_deletions (delete_at) where failed_at is not null`,
    ],
    [
      'of another kind',
      `drop index ${due}; create index ${due} on pending_deletions using brin (delete_at) where failed_at is null`,
    ],
    [
      'downwards',
      `drop index ${due}; create index ${due} on pending_deletions (delete_at desc) where failed_at is null`,
    ],
    ['that is not valid', `update pg_index set indisvalid = false where indexrelid = '${due}'::regclass`],
  ])('%s is built anew, rows or not', async (_, statement) => {
    for (const rows of ['', record]) {
      await db.query(`${rows}; ${statement}`);
      expect(await whatIsDone()).toEqual([
        expect.stringMatching(
          new RegExp(`^drop index public.${due}, (which stands on \\(|whose building was broken off)`),
        ),
        `create index public.${due}`,
      ]);
      expect(await indexOf(due)).toEqual(wanted);
      expect(await whatIsDone()).toEqual([]);
    }
  });

  test('on a table that was renamed is moved out of the way of the table that took its place', async () => {
    await db.query(`${record}; alter table pending_deletions rename to pending_deletions_old;
      create table pending_deletions (like pending_deletions_old including defaults including comments including identity);
      ${record}`);
    const done = await whatIsDone();
    expect(done).toContainEqual(
      expect.stringMatching(
        new RegExp(`rename index public.${due}, which stands on public.pending_deletions_old, to ${due}_\\d+`),
      ),
    );
    expect(await indexOf(due)).toEqual(wanted);
    expect(await whatIsDone()).toEqual([]);
    await db.query('drop table pending_deletions_old');
    expect(await whatIsDone()).toEqual([]);
  });
});

test("an index of the bot's that is the same serves, whatever its name, and outlives the way down", async () => {
  await migrateUrl(db.url);
  await db.query(`alter index ${due} rename to mine; alter index telesweep_tokens_expired rename to also_mine`);
  expect(await whatIsDone()).toEqual([]);
  await migrateUrl(db.url, { down: true });
  // That one goes with telesweep's column, which it is about.
  expect([await indexOf('also_mine'), await indexOf('mine')]).toEqual([
    expect.objectContaining({ valid: true }),
    undefined,
  ]);
});

test.each([
  'varchar(20)',
  'citext',
  'status_of_token',
])('a status that is %s: its index is known again', async (type) => {
  await db.query(`create extension citext; create domain status_of_token as text check (value <> '');
    create table tokens (token text primary key, status ${type} not null default 'not_used', expires_at timestamptz)`);
  expect(await whatIsDone()).toContain('create index public.telesweep_tokens_expired');
  expect(await whatIsDone()).toEqual([]);
  // However the session has PostgreSQL write it.
  await db.query(`create schema elsewhere; alter extension citext set schema elsewhere;
    alter database ${db.name} set quote_all_identifiers = on`);
  expect(await whatIsDone()).toEqual([]);
});

describe('a table that bots use meanwhile', () => {
  let other: pg.Client;
  beforeEach(async () => {
    await db.query(`create table pending_deletions (id bigint generated always as identity primary key, user_id bigint,
      chat_id bigint not null, message_ids bigint[] not null, unique_id text,
      created_at timestamptz not null default now(), delete_at timestamptz not null); ${record}`);
    await migrateUrl(db.url);
    await db.query(`drop index ${due}`);
    other = new pg.Client(db.url);
    await other.connect();
    other.on('error', () => undefined);
    // A build waits for whoever has written to the table.
    await other.query(`begin; ${record}`);
  });
  afterEach(() => other.end());

  /** Resolves when an index is being built and waits for the other session; or when none is. */
  async function building(wanted = true): Promise<void> {
    for (;;) {
      const rows = await db.query(`select from pg_stat_progress_create_index where phase like 'waiting for writers%'
        and datname = current_database()`);
      if (rows.length > 0 === wanted) return;
    }
  }

  test('reads and writes are not held up while an index is built', async () => {
    const run = start(['migrate'], { env: { DATABASE_URL: db.url } });
    await building();
    await db.query(`set lock_timeout = '1s'; ${record}; select * from pending_deletions; update pending_deletions set user_id = 2 where id = 1;
      delete from pending_deletions where id = 1; reset lock_timeout`);
    await other.query('commit');
    expect(await run.done).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining(`create index public.${due}`),
    });
    expect(await indexOf(due)).toEqual(wanted);
  });

  test('how far it is is told meanwhile, and whom it waits for', async () => {
    const [{ pid } = { pid: 0 }] = (await other.query<{ pid: number }>('select pg_backend_pid() as pid')).rows;
    const told: string[] = [];
    let released = false;
    const tell = (line: string): void => {
      told.push(line);
      if (!line.includes('waiting for writers') || released) return;
      released = true;
      void other.query('commit');
    };
    await migrateUrl(db.url, { tell, tellEveryMs: 5 });
    expect(told).toContain(`${due}: waiting for writers before build, process ${pid} of the database`);
    expect(told.at(-1)).toMatch(new RegExp(`^create index public.${due}: \\d+\\.\\d s$`));
  });

  test('somebody at a terminal sees each index and its time', async () => {
    await other.query('commit');
    const { screen, code } = await onTerminal(['migrate'], { DATABASE_URL: db.url }, []);
    expect([code, screen]).toEqual([0, expect.stringContaining(`telesweep migrate: create index public.${due} …\n`)]);
    expect(screen).toMatch(new RegExp(`telesweep migrate: create index public.${due}: \\d+\\.\\d s\n`));
  });

  test('of several processes one builds, and the others wait for it', async () => {
    const runs = Array.from({ length: 5 }, () => start(['migrate', '--json'], { env: { DATABASE_URL: db.url } }));
    await building();
    await other.query('commit');
    const all = await Promise.all(runs.map(({ done }) => done));
    expect(all.map(({ code, stderr }) => [code, stderr])).toEqual(all.map(() => [0, '']));
    expect(all.filter(({ stdout }) => JSON.parse(stdout).steps.length > 0)).toHaveLength(1);
    expect(await indexOf(due)).toEqual(wanted);
  });

  test('a signal breaks the build off and leaves nothing half done', async () => {
    const run = start(['migrate'], { env: { DATABASE_URL: db.url } });
    await building();
    run.child.kill('SIGTERM');
    await building(false);
    await other.query('commit');
    expect(await run.done).toMatchObject({ code: 75, stdout: expect.stringContaining('Stopped by a signal') });
    expect(await indexOf(due)).toBeUndefined();
    expect(await whatIsDone()).toEqual([`create index public.${due}`]);
  });

  test('what a killed process has begun is let finish, and is not built twice', async () => {
    const run = start(['migrate'], { env: { DATABASE_URL: db.url } });
    await building();
    run.child.kill('SIGKILL');
    await run.done;
    const told: string[] = [];
    const again = migrated(db.url, {
      tell: (line) => {
        told.push(line);
        if (line.includes('still being built')) void other.query('commit');
      },
    });
    expect((await again).steps).toEqual([]);
    expect(told).toEqual([expect.stringContaining('still being built')]);
    expect(await indexOf(due)).toEqual(wanted);
  });

  test('what a lost server process has left is dropped and built again', async () => {
    const run = start(['migrate'], { env: { DATABASE_URL: db.url } });
    await building();
    await db.query(
      `select pg_terminate_backend(pid) from pg_stat_progress_create_index where datname = current_database()`,
    );
    expect(await run.done).toMatchObject({ code: 69 });
    await other.query('commit');
    expect(await indexOf(due)).toMatchObject({ valid: false });
    expect(await whatIsDone()).toEqual([
      `drop index public.${due}, whose building was broken off`,
      `create index public.${due}`,
    ]);
    expect(await indexOf(due)).toEqual(wanted);
  });

  test('limits of the role do not end a build, and do not stay lifted', async () => {
    await db.query(`alter database ${db.name} set statement_timeout = '300ms'; alter database ${db.name} set lock_timeout = '100ms';
      alter database ${db.name} set idle_in_transaction_session_timeout = '400ms'`);
    const run = start(['migrate'], { env: { DATABASE_URL: db.url } });
    await building();
    await db.query('select pg_sleep(0.6)');
    await other.query('commit');
    expect(await run.done).toMatchObject({ code: 0, stderr: '' });
    expect(await indexOf(due)).toEqual(wanted);
  });
});

test('two rows that come to share an id while its index is built: said so, and nothing half done is left', async () => {
  await db.query(`create table broadcasts (id bigint, text text, delete_at timestamptz); insert into broadcasts values (1), (2);
    create policy hide on broadcasts using (id < 5); alter table broadcasts enable row level security, force row level security`);
  const role = db.name;
  await db.query(`create role "${role}" login password 'x'; grant create on database ${db.name} to "${role}";
    grant create, usage on schema public to "${role}"; alter table broadcasts owner to "${role}"; insert into broadcasts values (7), (7)`);
  const url = new URL(db.url);
  url.username = role;
  url.password = 'x';
  try {
    await expect(migrateUrl(url.href)).rejects.toThrow(
      'create unique index public.telesweep_broadcasts_key: the database refuses it: could not create unique index',
    );
    expect((await shapeOf(db)).join('\n')).not.toContain('telesweep_broadcasts_key');
  } finally {
    await db.query(`drop owned by "${role}"; drop role "${role}"`);
  }
});

test('--sql: what is built beside the bots stands outside the transaction, and all of it runs as printed', async () => {
  await db.query(
    `create table tokens (token text primary key, status text, expires_at timestamptz); insert into tokens values ('a')`,
  );
  const { stdout } = await runHere(['migrate', '--sql'], { env: { DATABASE_URL: db.url } });
  const [within = '', after = ''] = stdout.split('\ncommit;\n');
  expect(within).toContain('lock table "public"."tokens" in access exclusive mode;');
  expect(within).not.toContain('concurrently');
  expect(after).toContain('create index concurrently "telesweep_tokens_expired" on "public"."tokens"');
  await db.query(`${within.replace(/^\\set .*$/m, '')}\ncommit`);
  for (const statement of after.split(';\n').filter((text) => text.trim() !== '')) await db.query(statement);
  expect(await migrateUrl(db.url)).toEqual([]);
});
