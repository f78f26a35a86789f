/** Two bots with names, each with a database of its own, that share a folder of metrics, a Pushgateway and a monitor. */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readExposition } from './output/exposition.ts';
import { pendingDeletion, token } from './support/rows.ts';
import { createScene, type Env, type Scene } from './support/scene.ts';
import { closedPort } from './telegram/tiny-servers.ts';

const newsToken = '987654321:AAF-news-token_for-tests-0123456789';

let shop: Scene;
let news: Scene;
let dir: string;
beforeAll(async () => {
  shop = await createScene({}, { NAME: 'shop' }, { monitors: true });
  news = await createScene(
    { bots: [{ token: newsToken }] },
    { ...shop.monitors?.env, NAME: 'news', TELEGRAM_BOT_TOKEN: newsToken },
  );
  dir = shop.env.METRICS_TEXTFILE_DIR ?? '';
});
afterAll(async () => {
  await news.close();
  await shop.close();
});
beforeEach(async () => {
  for (const file of readdirSync(dir)) rmSync(join(dir, file));
  for (const { db, api } of [shop, news]) {
    api.clearFaults();
    await db.query('truncate pending_deletions, telesweep.runs, telesweep.totals');
  }
});

const samples = (file: string): Map<string, number> => readExposition(readFileSync(join(dir, file), 'utf8'));
const keysOf = (files: readonly string[]): string[] => files.flatMap((file) => [...samples(file).keys()]);
const last = <T>(list: readonly T[] | undefined): T | undefined => list?.at(-1);

/** A pass that is not written down. */
async function unrecorded({ db, run }: Scene, job: string, env: Env = {}): Promise<void> {
  await db.query('alter table telesweep.runs rename to elsewhere');
  await run([job], env);
  await db.query('alter table telesweep.elsewhere rename to runs');
}

describe('the name of a bot stands', () => {
  test('in each line of the log, in --json and in the ping, and not in the run record', async () => {
    const { stdout, stderr, summary } = await shop.pass(['delete-due', '--json', '--log-level', 'debug']);
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).bot)).toEqual(lines.map(() => 'shop'));
    expect(stdout).toBe(`${JSON.stringify({ bot: 'shop', ...summary })}\n`);
    expect(JSON.parse(last(shop.monitors?.pings)?.body ?? '')).toEqual(summary);
    const [{ keys } = { keys: '' }] = await shop.db.query<{ keys: string }>(
      `select string_agg(key, ' ') as keys from telesweep.runs, jsonb_object_keys(summary) as key`,
    );
    expect(keys).toMatch(/\brun_id\b/);
    expect(keys).not.toMatch(/\bbot\b/);
  });

  test('before the words of readable lines, and first in a mail', async () => {
    await pendingDeletion(shop.db, { chatId: 1, messageIds: [1] });
    const good = await shop.run(['delete-due', '--log-format', 'pretty']);
    const words = good.stderr.trimEnd().split('\n');
    expect(words.length).toBeGreaterThan(1);
    for (const line of words) expect(line).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: shop: /);
    shop.api.fault({ kind: 'error', code: 401, description: 'Unauthorized', times: 99 });
    await pendingDeletion(shop.db, { chatId: 2, messageIds: [1] });
    const { stderr } = await shop.run(['delete-due', '--quiet']);
    expect(stderr).toMatch(/^shop: delete-due has failed since \d\d:\d\d: .*; telesweep doctor\n\{/);
  });

  test('in the address of a ping', async () => {
    const { PING_URL: url = '' } = shop.env;
    await news.pass(['cleanup-tokens'], { PING_URL: url.replace('{job}', '{job}-{name}') });
    expect(last(shop.monitors?.pings)?.path).toMatch(/^\/ping\/cleanup-tokens-news\/0\?rid=/);
  });

  test('in what a command says that fails, be it that its settings are wrong', async () => {
    const away = { DATABASE_URL: `postgres://u@127.0.0.1:${await closedPort()}/db` };
    for (const args of [['status'], ['doctor', '--alert']]) {
      const { stderr } = await shop.run(args, { ...away, ALERT_WEBHOOK_URL: 'http://127.0.0.1:9/hook-key-abcdefghij' });
      expect(stderr).toMatch(new RegExp(`^telesweep ${args[0]}: shop: the database cannot be reached`));
    }
    const wrong = { TELEGRAM_RATE: 'fast', NOTICE: 'maybe' };
    const { stderr } = await shop.run(['status'], wrong);
    expect(stderr).toMatch(/^telesweep status: shop: TELEGRAM_RATE: .*\ntelesweep status: shop: NOTICE: .*\n$/);
    const pass = await shop.pass(['delete-due', '--json'], wrong);
    expect(pass.stderr).toMatch(/^telesweep delete-due: shop: TELEGRAM_RATE: /);
    expect(pass.summary).toMatchObject({ bot: 'shop', job: 'delete-due', outcome: 'failed' });
    // One that cannot be read is not told.
    const odd = await shop.run(['status'], { NAME: 'a b' });
    expect(odd.stderr).toMatch(/^telesweep status: NAME: "a b" is not a name for a bot; /);
  });

  test('on every metric: in the files, on the Pushgateway and as printed', async () => {
    await token(shop.db);
    await shop.pass(['cleanup-tokens']);
    const push = last(shop.monitors?.pushes);
    expect(push?.path).toBe('/metrics/job/telesweep/sweep_job/cleanup-tokens/name/shop');
    await unrecorded(shop, 'cleanup-tokens');
    await shop.run(['metrics', '--output']);
    const { stdout } = await shop.run(['metrics']);
    const keys = [
      ...keysOf(readdirSync(dir)),
      ...readExposition(push?.body ?? '').keys(),
      ...readExposition(stdout).keys(),
    ];
    expect(keys.length).toBeGreaterThan(200);
    expect(keys.filter((key) => !/[{,]name="shop"[,}]/.test(key))).toEqual([]);
    const files = readdirSync(dir);
    expect(files).toEqual(
      expect.arrayContaining([
        'telesweep_shop_cleanup-tokens.prom',
        'telesweep_shop_cleanup-tokens_unrecorded.prom',
        'telesweep_shop_health.prom',
      ]),
    );
    expect(files.filter((file) => !file.startsWith('telesweep_shop_'))).toEqual([]);
  });
});

test('each command says under --json of which bot it tells, and a bot without a name is told of as before', async () => {
  const commands = [
    'status',
    'doctor',
    'failed list',
    'failed retry --yes',
    'guides list',
    'budget show',
    'stats',
    'migrate',
  ];
  for (const command of commands) {
    const named = JSON.parse((await shop.run([...command.split(' '), '--json'])).stdout);
    expect(Object.entries(named)[0], command).toEqual(['bot', 'shop']);
    const unnamed = JSON.parse((await shop.run([...command.split(' '), '--json'], { NAME: undefined })).stdout);
    // Figures without a name have their schema's.
    if (command !== 'stats') expect(unnamed, command).not.toHaveProperty('bot');
  }
  const failed = await shop.run(['status', '--json'], {
    DATABASE_URL: `postgres://u@127.0.0.1:${await closedPort()}/db`,
  });
  expect(JSON.parse(failed.stdout)).toMatchObject({ bot: 'shop', ok: false });
});

describe('a failure of one bot', () => {
  test('stays visible beside the success of the other', async () => {
    await pendingDeletion(shop.db, { chatId: 1, messageIds: [1] });
    shop.api.fault({ kind: 'error', code: 401, description: 'Unauthorized', times: 99 });
    expect((await shop.pass(['delete-due'])).code).toBe(77);
    expect((await news.pass(['delete-due'])).code).toBe(0);
    const codes = (file: string) =>
      [...samples(file)].filter(([key]) => key.startsWith('telesweep_last_exit_code')).map(([, value]) => value);
    expect(codes('telesweep_shop_delete-due.prom')).toEqual([77]);
    expect(codes('telesweep_news_delete-due.prom')).toEqual([0]);
    const groups = shop.monitors?.pushes
      .slice(-2)
      .map(({ path, body }) => [path, /last_exit_code\{.*\} (\d+)/.exec(body)?.[1]]);
    expect(groups).toEqual([
      ['/metrics/job/telesweep/sweep_job/delete-due/name/shop', '77'],
      ['/metrics/job/telesweep/sweep_job/delete-due/name/news', '0'],
    ]);
  });

  test('and no two files tell the same', async () => {
    for (const bot of [shop, news]) {
      await bot.pass(['delete-due']);
      await unrecorded(bot, 'delete-due');
      await bot.run(['metrics', '--output']);
    }
    const keys = keysOf(readdirSync(dir));
    expect(keys.length).toBeGreaterThan(200);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

test('doctor names the files of the time before the bot had its name, and no others', async () => {
  const nameless = { NAME: undefined };
  const told = async (bot = shop) => {
    const { stdout } = await bot.run(['doctor', '--json']);
    const { findings }: { findings: { text: string; level: string; way_out: string }[] } = JSON.parse(stdout);
    return findings.filter(({ text }) => text.startsWith('METRICS_TEXTFILE_DIR'));
  };
  await shop.pass(['delete-due'], nameless);
  await unrecorded(shop, 'delete-due', nameless);
  await shop.run(['metrics', '--output'], nameless);
  // Nothing says yet that they are of this bot.
  expect(await told()).toEqual([]);
  await news.pass(['delete-due']);
  expect(await told()).toEqual([]);
  await shop.pass(['delete-due']);
  const old = ['telesweep_delete-due.prom', 'telesweep_delete-due_unrecorded.prom'];
  expect(await told()).toEqual([
    {
      check: 'settings',
      level: 'warning',
      text: `METRICS_TEXTFILE_DIR: ${old.join(', ')} tell of this bot from before it was called shop, and Prometheus believes that for ever`,
      way_out: `rm ${old.map((file) => join(dir, file)).join(' ')}; if another bot still writes there, give that one a NAME`,
    },
  ]);
  await news.run(['metrics', '--output']);
  expect(await told(news)).toEqual([]);
  // Of another bot, of another schema.
  const path = join(dir, 'telesweep_delete-due.prom');
  const text = readFileSync(path, 'utf8');
  rmSync(join(dir, old[1] ?? ''));
  for (const other of [
    text.replaceAll('bot="123456789"', 'bot="5"'),
    text.replaceAll('schema="public"', 'schema="a"'),
  ]) {
    writeFileSync(path, other);
    expect(await told()).toEqual([]);
  }
  renameSync(path, join(dir, 'telesweep_other_delete-due.prom'));
  await shop.run(['metrics', '--output']);
  const [health] = await told();
  expect(health?.text).toMatch(/telesweep_health\.prom/);
  for (const file of readdirSync(dir)) if (!/_(shop|news|other)_/.test(file)) rmSync(join(dir, file));
  expect(await told()).toEqual([]);
});
