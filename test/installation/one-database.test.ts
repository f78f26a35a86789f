/** Two bots in one database, a schema each: neither knows of the other. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jobs } from '../../src/jobs/index.ts';
import type { Status } from '../../src/operator/status/status.ts';
import { botToken } from '../support/bot-api.ts';
import { migrateUrl } from '../support/migrate-url.ts';
import { broadcast, counter, guide, pendingDeletion, token } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

const kioskToken = '987654321:AAK-simulated-token_for-tests-0123456';

interface Bot {
  schema: string;
  env: Record<string, string>;
  /** Its chats: a reader, one of a broadcast, a channel. */
  reader: number;
  listener: number;
  channel: number;
}

const shop: Bot = { schema: 'shop', env: { SCHEMA: 'shop' }, reader: 11, listener: 21, channel: -101 };
const kiosk: Bot = {
  schema: 'kiosk',
  env: { SCHEMA: 'kiosk', TELEGRAM_BOT_TOKEN: kioskToken },
  reader: 12,
  listener: 22,
  channel: -102,
};
const bots = [shop, kiosk];

let scene: Scene;
beforeEach(async () => {
  scene = await createScene({ bots: [{ token: botToken }, { token: kioskToken }] }, {}, { migrated: false });
  for (const bot of bots) {
    await scene.db.query(`create schema ${bot.schema}`);
    expect(await scene.run(['migrate'], bot.env)).toMatchObject({ code: 0 });
    bot.env = { ...bot.env, GUIDE_CHAT_IDS: String(bot.channel) };
  }
});
afterEach(() => scene.close());

/** Sessions of the test that find the bot's tables. */
const rowsOf = ({ schema }: Bot) => ({
  query: async <Row>(text: string, params?: unknown[]) => {
    const named = text.replace(/\b(into|from|update) (?=[a-z])/g, `$1 ${schema}.`);
    return scene.db.query<Row>(named.replace(`${schema}.unnest`, 'unnest'), params);
  },
});

/** Ids are the same in both: each numbers its own. */
async function layOut(bot: Bot): Promise<void> {
  const db = rowsOf(bot);
  scene.api.addMessages(bot.reader, [1, 2]);
  scene.api.addMessages(bot.listener, [5]);
  scene.api.addChat({ id: bot.channel, type: 'channel' });
  await pendingDeletion(db, { chatId: bot.reader, messageIds: [1, 2] });
  await broadcast(db, { messages: [{ chatId: bot.listener, messageId: 5 }] });
  await token(db, { token: 'used' });
  await counter(db);
}

const passOf = (job: string, bot: Bot) => scene.pass([job], bot.env);

test('all jobs of both at once: each does all its work, with its own lease, slots and records', async () => {
  for (const bot of bots) await layOut(bot);
  await guide(rowsOf(kiosk), { id: 'only-here', position: 0 });
  const ends = await Promise.all(
    bots.flatMap((bot) => jobs.map(async ({ name }) => ({ bot, name, ...(await passOf(name, bot)) }))),
  );
  for (const { bot, name, code, summary, stderr } of ends) {
    expect({ code, outcome: summary.outcome, left: summary.left.due }, `${name} of ${bot.schema}: ${stderr}`).toEqual({
      code: 0,
      outcome: 'ok',
      left: 0,
    });
  }
  for (const bot of bots) {
    expect(scene.api.sent(bot.reader)).toHaveLength(1);
    expect([scene.api.messageIds(bot.reader).includes(1), scene.api.messageIds(bot.listener)]).toEqual([false, []]);
    expect(scene.api.sent(bot.channel)).toHaveLength(1);
    for (const table of ['pending_deletions', 'broadcasts', 'tokens', 'token_generator_count'])
      expect(await scene.db.query(`select from ${bot.schema}.${table}`), table).toEqual([]);
  }
  // The rotation of one says nothing of the other's.
  expect(
    await scene.db.query('select schema_name, guide_id, state from telesweep.guide_posts order by schema_name'),
  ).toMatchObject([
    { schema_name: 'kiosk', guide_id: 'only-here', state: 'posted' },
    { schema_name: 'shop', guide_id: expect.not.stringContaining('only'), state: 'posted' },
  ]);
  const runs = await scene.db.query(
    'select schema_name, count(*)::int as runs from telesweep.runs group by 1 order by 1',
  );
  expect(runs).toEqual(bots.map(({ schema }) => ({ schema_name: schema, runs: jobs.length })).reverse());
  expect(await scene.db.query('select bot_id::text from telesweep.budgets order by 1')).toEqual([
    { bot_id: '123456789' },
    { bot_id: '987654321' },
  ]);
});

test('a lease of one keeps nobody else away', async () => {
  await scene.db.query(`insert into telesweep.leases (schema_name, job, run_id, holder, expires_at)
    values ('shop', 'cleanup-tokens', 'by hand', 'an operator', now() + interval '1 hour')`);
  expect((await passOf('cleanup-tokens', shop)).summary.outcome).toBe('skipped');
  expect((await passOf('cleanup-tokens', kiosk)).summary.outcome).toBe('ok');
});

test('what failed, and how a job stands, is told of the bot that is asked for', async () => {
  for (const bot of bots) await layOut(bot);
  scene.api.setState(shop.reader, 'not_enough_rights');
  await scene.db.query(`update shop.pending_deletions set created_at = now() - interval '49 hours'`);
  for (const bot of bots) await scene.run(['delete-due'], bot.env);
  const failed = async (bot: Bot) => JSON.parse((await scene.run(['failed', 'list', '--json'], bot.env)).stdout).items;
  expect(await failed(shop)).toMatchObject([{ item: 'record 1', reason: 'too_old' }]);
  expect(await failed(kiosk)).toEqual([]);
  await scene.run(['failed', 'drop', '--all', '--yes'], kiosk.env);
  expect(await failed(shop)).toHaveLength(1);

  await scene.db.query(`insert into telesweep.runs (schema_name, run_id, job, started_at, finished_at, outcome, summary)
    values ('shop', 'bad', 'cleanup-tokens', now(), now(), 'failed', '{"stop_reason": "error", "error": "no space left"}')`);
  const verdicts = async (bot: Bot) => {
    const { stdout } = await scene.run(['status', '--json', '--job', 'cleanup-tokens'], bot.env);
    return (JSON.parse(stdout) as Status).jobs.map(({ health }) => health.verdict);
  };
  expect(await verdicts(shop)).toEqual(['failing']);
  expect(await verdicts(kiosk)).toEqual(['idle']);
  const doctor = await scene.run(['doctor'], kiosk.env);
  expect(doctor.stdout).not.toMatch(/shop|no space left/);
});

test('migrate --down of one leaves the other all that it has', async () => {
  for (const bot of bots) await layOut(bot);
  for (const bot of bots) await passOf('post-guide', bot);
  const { code, stdout } = await scene.run(['migrate', '--down'], kiosk.env);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringContaining('schema telesweep, for the bots of shop'),
  });
  expect(await scene.db.query('select distinct schema_name from telesweep.runs')).toEqual([{ schema_name: 'shop' }]);
  expect((await passOf('post-guide', shop)).summary.counts).toMatchObject({ posted: 0, already_posted: 1 });
  expect((await passOf('delete-due', shop)).summary.counts).toMatchObject({ records: 1, notices_sent: 1 });
  // And the last one takes everything.
  await scene.run(['migrate', '--down'], shop.env);
  expect(await scene.db.query(`select from pg_namespace where nspname = 'telesweep'`)).toEqual([]);
});

test('SCHEMA that does not stand is refused, with those that do', async () => {
  const { code, stderr } = await scene.run(['migrate'], { SCHEMA: 'shpo' });
  expect({ code, stderr }).toEqual({
    code: 78,
    stderr: expect.stringContaining(
      'SCHEMA: "shpo" does not stand in this database; expected one of kiosk, public, shop, or create it first',
    ),
  });
  const pass = await scene.run(['delete-due'], { SCHEMA: 'shpo' });
  expect({ code: pass.code, stderr: pass.stderr }).toEqual({
    code: 78,
    stderr: expect.stringMatching(/shpo.*telesweep migrate/),
  });
});

test('an installation of two schemas from before: leases, slots and late ledgers go on for both', async () => {
  // As migration 0004 left it: one set of rows, whosever they were.
  await scene.db.query(`
    alter table telesweep.leases drop column schema_name; alter table telesweep.leases add primary key (job);
    alter table telesweep.guide_posts drop column schema_name; alter table telesweep.guide_posts add primary key (slot, chat_id);
    alter table telesweep.guide_totals drop column schema_name; alter table telesweep.guide_totals add primary key (status);
    alter table telesweep.senders drop column schema_name; alter table telesweep.senders add primary key (job);
    alter table telesweep.finished_broadcasts drop column schema_name; alter table telesweep.finished_broadcasts add primary key (broadcast_id);
    alter table telesweep.runs drop column schema_name; create index telesweep_runs_job on telesweep.runs (job, started_at desc);
    insert into telesweep.leases values ('reset-counts', 'run 1', 'web-1 pid 7', now(), now() + interval '40 s');
    insert into telesweep.guide_posts (slot, guide_id, chat_id, state) values (date_trunc('day', now(), 'UTC'), 'g', '-102', 'posted');
    insert into telesweep.guide_totals values ('posted', 7);
    insert into telesweep.senders values ('delete-due', 123456789);
    insert into telesweep.finished_broadcasts values (77);
    insert into telesweep.runs (run_id, job, finished_at, outcome, summary) values ('run 0', 'delete-due', now(), 'ok', '{}')`);
  for (const bot of bots) await layOut(bot);
  await scene.db.query(`insert into kiosk.broadcast_messages values (77, ${kiosk.listener}, 6)`);
  scene.api.addMessages(kiosk.listener, [6]);
  const env = { GUIDE_INTERVAL: '24h' };
  const unmigrated = await scene.run(['delete-due'], shop.env);
  expect(unmigrated).toMatchObject({ code: 78, stderr: expect.stringContaining('telesweep migrate') });
  expect(await migrateUrl(scene.db.url, { schema: 'shop' })).not.toEqual([]);
  expect(await migrateUrl(scene.db.url, { schema: 'kiosk' })).toEqual([]);

  for (const bot of bots) expect((await passOf('reset-counts', bot)).summary.outcome).toBe('skipped');
  expect((await scene.pass(['post-guide'], { ...kiosk.env, ...env })).summary.counts).toMatchObject({
    posted: 0,
    already_posted: 1,
  });
  expect((await passOf('delete-broadcasts', kiosk)).summary.counts).toMatchObject({ messages_deleted: 2 });
  // The history and the bot are those of the first schema that telesweep has marked.
  expect(await scene.db.query(`select schema_name from telesweep.runs where run_id = 'run 0'`)).toHaveLength(1);
  expect((await passOf('delete-due', shop)).code).toBe(0);
});

test('a schema that was renamed, or dropped with its bot: doctor names it, and how its slots and leases are kept', async () => {
  await layOut(shop);
  await passOf('post-guide', shop);
  await scene.db.query('alter schema shop rename to store');
  const doctor = await scene.run(['doctor'], { SCHEMA: 'store' });
  expect(doctor.stdout).toMatch(
    /worked for schema shop, which does not stand any more[\s\S]*if it was renamed, set schema_name/,
  );
  const [, named = ''] =
    /set schema_name to the new name in telesweep's ([\w, ]+):/.exec(doctor.stdout.replace(/\s+/g, ' ')) ?? [];
  const tables = named.split(', ');
  const ofSchemas = await scene.db.query<{ name: string }>(
    `select table_name as name from information_schema.columns where table_schema = 'telesweep' and column_name = 'schema_name'`,
  );
  expect(tables.toSorted()).toEqual(ofSchemas.map(({ name }) => name).sort());
  for (const table of tables)
    await scene.db.query(`update telesweep.${table} set schema_name = 'store' where schema_name = 'shop'`);
  const env = { ...shop.env, SCHEMA: 'store' };
  expect((await scene.pass(['post-guide'], env)).summary.counts).toMatchObject({ posted: 0, already_posted: 1 });
  expect((await scene.run(['doctor'], env)).stdout).not.toContain('does not stand any more');
});

test('status --all of a database that no job has run in says so, and is no good news', async () => {
  await scene.db.query('truncate telesweep.totals, telesweep.runs');
  expect(await scene.run(['status', '--all'], kiosk.env)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'telesweep status: no job has run in this database\n',
  });
});

test('status --all tells of every schema that a job has run in, worst first', async () => {
  for (const bot of bots) {
    await layOut(bot);
    await passOf('delete-due', bot);
  }
  await scene.db.query(`insert into telesweep.runs (schema_name, run_id, job, started_at, finished_at, outcome, summary)
    values ('shop', 'bad', 'delete-due', now(), now(), 'failed', '{"stop_reason": "error", "error": "no space left"}')`);
  // Whichever one is asked, and where the search path finds none.
  for (const env of [{ SCHEMA: 'kiosk' }, {}]) {
    const { code, stdout } = await scene.run(['status', '--all', '--job', 'delete-due'], env);
    expect(code).toBe(1);
    const lines = stdout.split('\n').filter((line) => /^(shop|kiosk) /.test(line));
    expect(lines.map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
      ['shop', 'delete-due', 'failing'],
      ['kiosk', 'delete-due', 'well'],
    ]);
  }
  const { stdout } = await scene.run(['status', '--all', '--json'], kiosk.env);
  expect(JSON.parse(stdout).bots).toMatchObject([
    { bot: 'kiosk', exit_code: 0, ok: true },
    { bot: 'shop', exit_code: 1, ok: false },
  ]);
});
