import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobs } from '../../src/jobs/index.ts';
import { botToken } from '../support/bot-api.ts';
import { newChannels, postTo } from '../support/guides.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { broadcast, counter, pendingDeletion, token } from '../support/rows.ts';
import { runHere } from '../support/run-here.ts';
import { createScene, type Scene } from '../support/scene.ts';

const grants = readFileSync(join(import.meta.dirname, '../../deploy/grants.sql'), 'utf8');
const password = 'of-the-least-rights';

/** The database's address for one of the roles. */
function as(role: string, db: TestDatabase): string {
  const url = new URL(db.url);
  url.username = role;
  url.password = password;
  return url.href;
}

async function grant(db: TestDatabase): Promise<void> {
  await db.query(grants);
  await db.query(`alter role telesweep password '${password}'; alter role telesweep_migrate password '${password}'`);
}

/** What the role may not do is refused by the database with this code. */
async function tryAs(db: TestDatabase, role: string, statement: string): Promise<string> {
  return db
    .query(`begin; set local role ${role}; ${statement}; rollback`)
    .then(() => 'done')
    .catch(async (error: unknown) => {
      await db.query('rollback').catch(() => {});
      return error instanceof Error && 'code' in error ? String(error.code) : String(error);
    });
}

/** SQLSTATE of a lacking right. */
const denied = '42501';

afterAll(async () => {
  // Roles belong to the whole server; what they were granted went with the databases.
  const db = await createDatabase({ migrated: false });
  await db.query('drop role if exists telesweep, telesweep_migrate, bot_owner');
  await db.drop();
});

describe('the role telesweep', () => {
  let scene: Scene;
  let env: Record<string, string>;
  let channels: string[];

  beforeAll(async () => {
    // With monitors, a pass reads what only metrics read.
    scene = await createScene({}, {}, { monitors: true });
    // Twice, as after a second migration.
    await grant(scene.db);
    await grant(scene.db);
    channels = newChannels(scene, 2);
    env = {
      DATABASE_URL: as('telesweep', scene.db),
      RUN_HISTORY_DAYS: '1',
      FAILED_DAYS: '1',
      ...postTo(channels),
    };
  });
  afterAll(() => scene.close());

  /** A pass without an error of the database or any other. */
  async function pass(args: readonly string[], code = 0) {
    const result = await scene.pass([...args, '--json'], env);
    expect([result.code, result.summary.error]).toEqual([code, undefined]);
    return result.summary;
  }

  test('is enough for delete-due: deleted, told, put off, given up, pruned', async () => {
    const { api, db } = scene;
    api.addMessages(11, [1, 2]);
    api.addMessages(13, [1]);
    api.setState(12, 'blocked');
    await pendingDeletion(db, { chatId: 11, messageIds: [1, 2] });
    await pendingDeletion(db, { chatId: 12, messageIds: [1] });
    await pendingDeletion(db, { chatId: 13, messageIds: [1] });
    await pendingDeletion(db, { chatId: 14, messageIds: [1], age: '49h' });
    const serverIsDown = {
      kind: '5xx_before',
      method: 'deleteMessage',
      when: (call: { chatId: string | null }) => call.chatId === '13',
    } as const;
    api.fault({ ...serverIsDown, times: Number.POSITIVE_INFINITY });
    const { counts } = await pass(['delete-due'], 1);
    expect(counts).toMatchObject({
      messages_deleted: 2,
      messages_failed: 1,
      chats_unreachable: 1,
      notices_sent: 1,
      deferred: 1,
    });
    expect(api.sent(11)).toHaveLength(1);
    api.clearFaults();
    await db.query('update pending_deletions set next_attempt_at = null');
    expect((await pass(['delete-due'])).counts).toMatchObject({ messages_deleted: 1, notices_sent: 1 });
  });

  test('is enough for delete-broadcasts: deleted, put off, given up, removed', async () => {
    const { api, db } = scene;
    for (const chat of [21, 22, 23]) api.addMessages(chat, [1, 2]);
    await broadcast(db, {
      messages: [
        { chatId: 21, messageId: 1 },
        { chatId: 22, messageId: 1 },
      ],
    });
    await broadcast(db, { age: '49h', messages: [{ chatId: 22, messageId: 2 }] });
    await broadcast(db, { messages: [{ chatId: 23, messageId: 1 }] });
    await broadcast(db, {});
    api.fault({ kind: '5xx_before', when: (call) => call.chatId === '23', times: Number.POSITIVE_INFINITY });
    const { counts } = await pass(['delete-broadcasts'], 1);
    expect(counts).toMatchObject({ broadcasts: 1, messages_deleted: 2, messages_failed: 1, deferred: 1 });
    api.clearFaults();
    await db.query('update broadcast_messages set next_attempt_at = null');
    expect((await pass(['delete-broadcasts'])).counts).toMatchObject({ broadcasts: 1, messages_deleted: 1 });
  });

  test('is enough for cleanup-tokens and reset-counts, also where somebody holds a row', async () => {
    const { db } = scene;
    for (let n = 0; n < 3; n++) await token(db, { token: `used-${n}` });
    await token(db, { token: 'live', status: 'not_used', expiredFor: '-1d' });
    await counter(db, { userId: 1 });
    await counter(db, { userId: 2 });
    const other = new pg.Client(db.url);
    await other.connect();
    try {
      await other.query(
        `begin; select from tokens where token = 'used-0' for update; select from token_generator_count where user_id = 1 for update`,
      );
      expect((await pass(['cleanup-tokens'])).counts).toEqual({ deleted: 2, kept: 0 });
      expect((await pass(['reset-counts'])).counts).toEqual({ deleted: 1, kept: 0 });
    } finally {
      await other.end();
    }
    expect((await pass(['cleanup-tokens', '--limit', '1'])).counts).toEqual({ deleted: 1, kept: 0 });
    expect((await pass(['reset-counts', '--limit', '1'])).counts).toEqual({ deleted: 1, kept: 0 });
  });

  test('is enough for post-guide: posted, failed, tried again, forced', async () => {
    const { api } = scene;
    api.fault({
      kind: 'error',
      code: 400,
      description: 'Bad Request: not enough rights',
      method: 'sendMessage',
      times: 1,
    });
    expect((await pass(['post-guide'], 1)).counts).toMatchObject({ posted: 1, failed: 1 });
    expect((await pass(['post-guide'])).counts).toMatchObject({ posted: 1 });
    expect((await pass(['post-guide', '--force'])).counts).toMatchObject({ posted: 2 });
    expect((await pass(['post-guide'])).counts).toMatchObject({ posted: 0 });
  });

  test('is enough for dry runs and for what operators ask', async () => {
    for (const { name } of jobs) await pass([name, '--dry-run']);
    const commands = [
      ['status'],
      ['metrics'],
      ['budget', 'show'],
      ['budget', 'clear', '--yes'],
      ['failed', 'list'],
      ['guides', 'list'],
      ['guides', 'preview'],
      ['stats'],
    ];
    for (const args of commands) {
      const { code, stderr } = await scene.run(args, env);
      expect([args, stderr.match(/lacks a right.*/)?.[0], code === 0 || code === 1]).toEqual([args, undefined, true]);
    }
    const { stdout } = await scene.run(['doctor'], env);
    expect(stdout).toContain('rights: role telesweep has what the jobs need\n');
    scene.api.addChat('32');
    const alerts = { ...env, ALERT_CHAT_ID: '32', ALERT_AFTER: '1', NOTICE: 'maybe' };
    expect(await scene.run(['doctor', '--alert'], alerts)).toMatchObject({ code: 1, stderr: '' });
    expect(scene.api.sent('32')).toMatchObject([{ text: expect.not.stringContaining('rights') }]);
    await scene.db.query(
      'revoke insert, update (told) on telesweep.alerts from telesweep; revoke update on telesweep.alerts from telesweep',
    );
    const lacking = await scene.run(['doctor'], alerts);
    expect(lacking.stdout).toMatch(
      /rights: role telesweep lacks insert, update \(.*\) on telesweep\.alerts, for\s+doctor --alert/,
    );
    await grant(scene.db);
    await scene.db.query(`insert into telesweep.daily values ('public', current_date - 40, 'calls', 1)`);
    const reports = { ...env, STATS_CHAT_ID: '32' };
    expect(await scene.run(['stats', '--send'], reports)).toMatchObject({ code: 0, stderr: '' });
    await scene.db.query('revoke update on telesweep.reports from telesweep');
    expect((await scene.run(['doctor'], reports)).stdout).toMatch(
      /rights: role telesweep lacks update \(.*\) on\s+telesweep\.reports,\s+for\s+stats --send/,
    );
    await grant(scene.db);
    await pendingDeletion(scene.db, { chatId: 31, age: '49h' });
    await broadcast(scene.db, { age: '49h', messages: [{ chatId: 31, messageId: 1 }] });
    await pass(['delete-due'], 1);
    await pass(['delete-broadcasts'], 1);
    for (const args of [
      ['failed', 'retry', '--yes'],
      ['failed', 'drop', '--yes'],
    ]) {
      const { code, stderr } = await scene.run(args, env);
      expect([args, stderr, code]).toEqual([args, '', 0]);
    }
    const left = await scene.db.query(`select from pending_deletions where failed_at is not null`);
    expect(left).toEqual([]);
  });

  test('is enough for the figures of a day', async () => {
    await scene.db.query('insert into users (user_id) values (1); delete from telesweep.daily');
    await pass(['cleanup-tokens']);
    const figures = await scene.db.query<{ metric: string }>('select metric from telesweep.daily order by metric');
    expect(figures.map(({ metric }) => metric)).toEqual(
      expect.arrayContaining(['bytes:users', 'database_bytes', 'users_banned', 'users_new', 'users_total']),
    );
  });

  test.each([
    'select * from users',
    'select username from users',
    'delete from users',
    `insert into pending_deletions (chat_id, message_ids, delete_at) values (1, '{1}', now())`,
    `update pending_deletions set message_ids = '{1}'`,
    'update pending_deletions set delete_at = now()',
    'update pending_deletions set chat_id = 1',
    'truncate pending_deletions',
    `insert into broadcasts (text) values ('x')`,
    `update broadcasts set text = 'x'`,
    'update broadcasts set delete_at = now()',
    'insert into broadcast_messages (broadcast_id, chat_id, message_id) values (1, 1, 1)',
    'update broadcast_messages set message_id = 1',
    `insert into tokens (token) values ('mine')`,
    `update tokens set status = 'verified'`,
    `update tokens set expires_at = now()`,
    `insert into token_generator_count (user_id, date) values (1, now())`,
    `insert into guides (id, position, title) values ('mine', 1, 'x')`,
    `update guides set url = 'https://evil.example'`,
    'delete from guides',
    `insert into telesweep.migrations (name) values ('x')`,
    'delete from telesweep.budgets',
    'delete from telesweep.totals',
    'delete from telesweep.reports',
    'drop table tokens',
    'alter table tokens add column mine int',
    'create index mine on tokens (created_by)',
    'create table telesweep.mine (id int)',
    'create schema mine',
    'create role mine',
  ])('may not: %s', async (statement) => {
    expect(await tryAs(scene.db, 'telesweep', statement)).toBe(denied);
    expect(await tryAs(scene.db, 'postgres', statement), 'the statement itself is right').toBe('done');
  });

  test('is told what it lacks when it is to migrate', async () => {
    await scene.db.query('drop index telesweep_tokens_expired');
    const { code, stderr } = await runHere(['migrate'], { env });
    expect(code).toBe(78);
    expect(stderr).toMatch(/^telesweep migrate: the database role lacks a right: must be owner of table tokens/);
  });
});

describe('the role telesweep_migrate', () => {
  test('makes the tables in an empty database, and after the second grants the jobs run', async () => {
    const db = await createDatabase({ migrated: false });
    try {
      await grant(db);
      const env = { DATABASE_URL: as('telesweep_migrate', db), TELEGRAM_BOT_TOKEN: botToken };
      expect(await runHere(['migrate'], { env })).toMatchObject({ code: 0, stderr: '' });
      const jobEnv = { ...env, DATABASE_URL: as('telesweep', db) };
      const before = await runHere(['cleanup-tokens', '--json'], { env: jobEnv });
      expect([before.code, before.summary?.error]).toEqual([78, expect.stringMatching(/lacks a right/)]);
      await grant(db);
      const after = await runHere(['cleanup-tokens', '--json'], { env: jobEnv });
      expect([after.code, after.summary?.outcome]).toEqual([0, 'ok']);
      expect(await runHere(['migrate'], { env })).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/up to date/),
      });
      expect(await runHere(['migrate', '--down'], { env })).toMatchObject({ code: 0, stderr: '' });
    } finally {
      await db.drop();
    }
  });

  test('alters tables that stand and belong to a bot, and may not read what is in other schemas', async () => {
    const db = await createDatabase({ migrated: false });
    try {
      await db.query(`
        create role bot_owner; grant create on schema public to bot_owner; set role bot_owner;
        create table pending_deletions (id bigint generated always as identity primary key, user_id bigint,
          chat_id bigint not null, message_ids bigint[] not null, unique_id text,
          created_at timestamptz not null default now(), delete_at timestamptz not null);
        reset role; create schema private; create table private.secret (id int)`);
      await grant(db);
      const env = { DATABASE_URL: as('telesweep_migrate', db) };
      expect(await runHere(['migrate'], { env })).toMatchObject({ code: 0, stderr: '' });
      const columns = await db.query(`select from information_schema.columns
        where table_name = 'pending_deletions' and column_name = 'notice_started_at'`);
      expect(columns).toHaveLength(1);
      expect(await tryAs(db, 'telesweep_migrate', 'select * from private.secret')).toBe(denied);
      expect(await tryAs(db, 'telesweep_migrate', 'create role mine')).toBe(denied);
    } finally {
      await db.drop();
    }
  });
});
