/** A connection that is cut at any statement, and how long a bot's table is held. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrateUrl } from '../support/migrate-url.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { type StatementProxy, startStatementProxy } from '../support/statement-proxy.ts';
import { shapeOf } from '../support/table-shape.ts';

let db: TestDatabase;
let proxy: StatementProxy;
beforeEach(async () => {
  db = await createDatabase({ migrated: false });
  proxy = await startStatementProxy(db.url);
});
afterEach(async () => {
  await proxy.close();
  await db.drop();
});

/** A bot's tables with rows: columns come in the transaction, indexes after it. */
const tables = `
  create table tokens (token text primary key, status text, expires_at timestamptz);
  create table pending_deletions (id bigserial primary key, chat_id bigint, message_ids bigint[], delete_at timestamptz);
  create table broadcast_messages (broadcast_id bigint, chat_id bigint, message_id bigint, sent_at timestamptz)
    partition by hash (chat_id);
  create table ledger_0 partition of broadcast_messages for values with (modulus 2, remainder 0);
  create table ledger_1 partition of broadcast_messages for values with (modulus 2, remainder 1);
  insert into tokens values ('a');
  insert into pending_deletions (chat_id) values (1);
  insert into broadcast_messages select 1, n, n from generate_series(1, 9) n`;

/** Names of parts' indexes hold a number of the database. */
async function shape(): Promise<string[]> {
  return (await shapeOf(db)).map((line) => line.replace(/(telesweep_\w+?)_\d+/g, '$1_N')).sort();
}

async function emptied(): Promise<void> {
  await db.query('drop schema public cascade; drop schema if exists telesweep cascade; create schema public');
  await db.query(tables);
}

test.each(['onStatement', 'onAnswered'] as const)('cut at a change (%s), the next time ends where an uncut one does', {
  timeout: 60_000,
}, async (hook) => {
  await emptied();
  const changes: string[] = [];
  const isChange = (text: string): boolean => /^(create index|create unique|alter index|commit)/i.test(text);
  proxy[hook] = (_, { text }) => void (isChange(text) && changes.push(text));
  await migrateUrl(proxy.url);
  const whole = await shape();
  expect(changes.filter((text) => text.includes('concurrently'))).toHaveLength(11);
  for (let at = 1; at <= changes.length; at += 3) {
    await emptied();
    let seen = 0;
    proxy[hook] = (_, { text }) => (isChange(text) && ++seen === at ? 'cut' : undefined);
    await migrateUrl(proxy.url).catch(() => {});
    expect(seen, changes[at - 1]).toBeGreaterThanOrEqual(at);
    proxy[hook] = undefined;
    await migrateUrl(db.url);
    expect(await shape(), changes[at - 1]).toEqual(whole);
  }
});

test("a bot's table is held for one round trip to the database, and the commit", async () => {
  await emptied();
  const held: string[] = [];
  proxy.onStatement = async (_, { text }) => {
    const rows = await db.query(`select from pg_locks join pg_class on pg_class.oid = relation
      where mode = 'AccessExclusiveLock' and granted and relname in ('tokens', 'pending_deletions', 'broadcast_messages')`);
    if (rows.length > 0) held.push(text);
  };
  await migrateUrl(proxy.url);
  expect(held).toEqual([expect.stringMatching(/^commit/i)]);
});
