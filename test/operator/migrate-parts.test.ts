/** Tables in parts: partitioned by range, by hash, in two levels; and inherited. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrateUrl } from '../support/migrate-url.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { shapeOf } from '../support/table-shape.ts';

let db: TestDatabase;
beforeEach(async () => {
  db = await createDatabase({ migrated: false });
});
afterEach(() => db.drop());

const columns = `broadcast_id bigint not null, chat_id bigint not null, message_id bigint not null,
  sent_at timestamptz not null default now()`;

const layouts: readonly (readonly [name: string, statement: string])[] = [
  [
    'by range',
    `create table broadcast_messages (${columns}) partition by range (sent_at);
     create table ledger_2025 partition of broadcast_messages for values from (minvalue) to ('2026-01-01');
     create table ledger_now partition of broadcast_messages default`,
  ],
  [
    'by hash',
    `create table broadcast_messages (${columns}, primary key (broadcast_id, chat_id, message_id)) partition by hash (chat_id);
     create table ledger_0 partition of broadcast_messages for values with (modulus 2, remainder 0);
     create table ledger_1 partition of broadcast_messages for values with (modulus 2, remainder 1)`,
  ],
  [
    'in two levels, in another schema',
    `create schema parts; create table broadcast_messages (${columns}) partition by range (sent_at);
     create table parts.old partition of broadcast_messages for values from (minvalue) to ('2026-01-01') partition by hash (chat_id);
     create table parts.old_0 partition of parts.old for values with (modulus 2, remainder 0);
     create table parts.old_1 partition of parts.old for values with (modulus 2, remainder 1);
     create table parts.now partition of broadcast_messages default`,
  ],
  [
    'in two levels, the lower with a key of its own',
    `create table broadcast_messages (${columns}) partition by range (sent_at);
     create table old partition of broadcast_messages for values from (minvalue) to ('2026-01-01') partition by hash (chat_id);
     alter table old add primary key (broadcast_id, chat_id, message_id);
     create table old_0 partition of old for values with (modulus 1, remainder 0);
     create table now partition of broadcast_messages default`,
  ],
  [
    'inherited',
    `create table broadcast_messages (${columns}); create table archive () inherits (broadcast_messages);
     insert into archive select 9, n, n from generate_series(1, 50) n`,
  ],
];

const rows = `insert into broadcast_messages select 1, n, n, timestamptz '2025-12-01' + n * interval '1 day' from generate_series(1, 100) n`;

describe.each(layouts)('%s', (_, statement) => {
  test.each([
    ['with rows', rows],
    ['empty', 'select'],
  ])('%s: every part has its indexes, once', async (_name, filling) => {
    await db.query(`${statement}; ${filling}`);
    const counted = await db.query('select count(*) from broadcast_messages');
    const planned = await migrateUrl(db.url, { dryRun: true });
    expect(await migrateUrl(db.url)).toEqual(planned);
    expect(await migrateUrl(db.url)).toEqual([]);
    expect(await db.query('select count(*) from broadcast_messages')).toEqual(counted);

    const invalid = await db.query('select indexrelid::regclass from pg_index where not indisvalid');
    expect(invalid).toEqual([]);
    const [plan] = await db.query<{ plan: string }>(`select string_agg(pg_get_indexdef(indexrelid), '; ') as plan
      from pg_index join pg_class on pg_class.oid = indrelid
      where relkind = 'r' and relname <> 'broadcasts' and pg_get_indexdef(indexrelid) like '%broadcast_id, sent_at%'`);
    const parts = await db.query(
      `select from pg_class where relkind = 'r' and relname ~ '^(broadcast_messages$|ledger|old|now|archive)'`,
    );
    expect(plan?.plan.split('; ')).toHaveLength(parts.length);

    await db.query(`insert into broadcast_messages values (2, 1, 1, '2025-12-03'), (2, 2, 2, '2026-02-01')`);
    await migrateUrl(db.url, { down: true });
    expect((await shapeOf(db)).join('\n')).not.toContain('telesweep');
    await migrateUrl(db.url);
    expect(await migrateUrl(db.url)).toEqual([]);
  });
});

test('a build over partitions that was broken off goes on with what is left, and uses what a partition has', async () => {
  const [, [, byRange] = ['', '']] = [layouts[1], layouts[0]];
  await db.query(`${byRange}; ${rows}`);
  await migrateUrl(db.url);
  const due = 'telesweep_broadcast_messages_due';
  await db.query(`drop index ${due};
    create index ${due} on only broadcast_messages (broadcast_id, sent_at, chat_id, message_id) where failed_at is null;
    create index of_the_bot on ledger_2025 (broadcast_id, sent_at, chat_id, message_id) where failed_at is null`);
  const what = (await migrateUrl(db.url)).map((step) => step.what);
  expect(what).toEqual([
    'attach the index of partition public.ledger_2025',
    expect.stringMatching(/^create index public\.telesweep_broadcast_messages_due_\d+$/),
    'attach the index of partition public.ledger_now',
  ]);
  expect(await db.query('select from pg_index where not indisvalid')).toEqual([]);
});

test('a table that became a partition of the one that took its place keeps its indexes', async () => {
  await migrateUrl(db.url);
  await db.query(`insert into broadcast_messages values (1, 1, 1, '2025-12-03');
    alter table broadcast_messages rename to ledger_old;
    create table broadcast_messages (like ledger_old including defaults including comments) partition by range (sent_at);
    alter table broadcast_messages attach partition ledger_old for values from (minvalue) to ('2026-01-01');
    create table ledger_now partition of broadcast_messages default`);
  const what = (await migrateUrl(db.url)).map((step) => step.what);
  expect(what).toContainEqual(
    expect.stringMatching(/^rename index .*telesweep_broadcast_messages_due, which stands on public\.ledger_old/),
  );
  expect(what.filter((step) => step === 'attach the index of partition public.ledger_old')).toHaveLength(3);
  expect(await migrateUrl(db.url)).toEqual([]);
});
