/** Commands over a directory of bots. */
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createInstallation, type Installation } from '../support/installation.ts';
import { asOrdinaryUser } from '../support/ordinary-user.ts';
import { pendingDeletion } from '../support/rows.ts';
import { runHere } from '../support/run-here.ts';

let installation: Installation;

beforeAll(async () => {
  installation = await createInstallation(['shop', 'news']);
  const { db } = installation.bot('shop');
  await pendingDeletion(db, { dueFor: '2h', age: '3h' });
  await installation.run(['reset-counts']);
  installation.write('away', { DATABASE_URL: 'postgres://u:pass-word-1@127.0.0.1:1/db' });
});
afterAll(() => installation.close());

test('status: one table, worst first, and a bot whose database is away costs the others nothing', async () => {
  const { code, stdout, stderr } = await installation.run(['status']);
  expect([code, stderr]).toEqual([69, '']);
  const [verdict = '', , header = '', , ...rows] = stdout.split('\n');
  expect(verdict).toBe('2 of 3 bots not well: away (unknown), shop (delete-due late); 1 due, 0 failed.');
  expect(header).toMatch(/^bot +job +health +last run +outcome +next run +due +oldest +failed$/);
  expect(rows.slice(0, 2).map((row) => row.split(/ +/).slice(0, 3))).toEqual([
    ['away', 'unknown'],
    ['shop', 'delete-due', 'late'],
  ]);
  expect(rows.slice(0, 11).filter((row) => /^(shop|news) /.test(row))).toHaveLength(10);
  expect(stdout).toMatch(/^away:\n {2}the database cannot be reached/m);
  expect(stdout).toMatch(/^shop, delete-due:\n {2}late/m);
});

test('--json: one object of all, each as for one bot, in order of their names', async () => {
  const { code, stdout } = await installation.run(['status', '--json']);
  expect(code).toBe(69);
  const { bots } = JSON.parse(stdout);
  const alone = JSON.parse((await installation.run(['status', '--json', '--bot', 'news'])).stdout);
  expect(bots).toEqual([
    { bot: 'away', exit_code: 69, ok: false, error: expect.stringMatching(/^the database cannot be reached/) },
    { bot: 'news', exit_code: 0, ...alone, now: expect.any(String), jobs: expect.any(Array) },
    expect.objectContaining({ bot: 'shop', exit_code: 1, ok: false }),
  ]);
  const migrated = await installation.run(['migrate', '--json', '--dry-run']);
  expect(JSON.parse(migrated.stdout).bots).toEqual([
    { bot: 'away', exit_code: 69, dry_run: true, steps: [], error: expect.any(String) },
    expect.objectContaining({ bot: 'news', exit_code: 0, dry_run: true, steps: [] }),
    expect.objectContaining({ bot: 'shop', exit_code: 0, dry_run: true, steps: [] }),
  ]);
});

test('doctor: findings by bot, the worst first', async () => {
  const { code, stdout } = await installation.run(['doctor', '--job', 'reset-counts']);
  expect(code).toBe(1);
  const heads = stdout.split('\n').filter((line) => /^\w+:/.test(line));
  expect(heads[0]).toBe('away:');
  expect(heads.map((head) => head.split(':')[0]).toSorted()).toEqual(['away', 'news', 'shop']);
  expect(stdout).not.toMatch(/^fine/m);
  expect(stdout).toMatch(/\n3 bots: 1 fault, (no|\d+) warnings?\n$/);
  const { bots } = JSON.parse((await installation.run(['doctor', '--json', '--job', 'reset-counts'])).stdout);
  expect(bots.map(({ bot, exit_code, faults }: Record<string, unknown>) => [bot, exit_code, faults])).toEqual([
    ['away', 1, 1],
    ['news', 0, 0],
    ['shop', 0, 0],
  ]);
  expect((await installation.run(['doctor', '--accept-bot'])).code).toBe(64);
});

test('doctor --alert: each bot by its own settings', async () => {
  const { db } = installation.bot('shop');
  installation.write('shop', {
    ...installation.settingsOf(installation.bot('shop')),
    ALERT_CHAT_ID: '800',
    ALERT_AFTER: '1',
  });
  installation.api.addChat(800);
  const { code, stdout, stderr } = await installation.run(['doctor', '--alert']);
  // The others have nobody to tell.
  expect(code).toBe(78);
  expect(stderr).toMatch(/^telesweep doctor: news: ALERT_CHAT_ID: is missing/m);
  expect(stdout).toMatch(/^shop\n {2}ALERT_CHAT_ID was told, a new message: /m);
  expect(installation.api.sent(800)).toHaveLength(1);
  expect(await db.query('select 1 from telesweep.alerts')).not.toEqual([]);
  installation.write('shop', installation.settingsOf(installation.bot('shop')));
});

test('migrate: the steps under the name of each bot, and SQL that stays SQL', async () => {
  const { code, stdout, stderr } = await installation.run(['migrate']);
  expect(code).toBe(69);
  expect(stdout).toMatch(
    /^news\n {2}The database is up to date.*\n(?: {2}.*\n)*\nshop\n {2}The database is up to date/,
  );
  expect(stderr).toMatch(/^telesweep migrate: away: the database cannot be reached/);
  const sql = await installation.run(['migrate', '--sql']);
  expect(sql.stdout.split('\n').filter((line) => !/^(--.*)?$/.test(line))).toEqual([]);
  expect(sql.stdout).toMatch(/^-- Bot news\n(?:.*\n)*-- Bot shop\n/m);
});

test('metrics: one exposition, each family once, with what can be read', async () => {
  const { code, stdout, stderr } = await installation.run(['metrics']);
  expect([code, stderr]).toEqual([69, expect.stringMatching(/^telesweep metrics: away: /)]);
  const families = [...stdout.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(families.length).toBeGreaterThan(5);
  expect(new Set(families).size).toBe(families.length);
  expect(stdout.match(/^# HELP/gm)).toHaveLength(families.length);
  const alone = (await installation.run(['metrics', '--bot', 'news'])).stdout;
  const samples = (text: string): number => text.split('\n').filter((line) => /^\w/.test(line)).length;
  const shop = (await installation.run(['metrics', '--bot', 'shop'])).stdout;
  expect(samples(stdout)).toBe(samples(alone) + samples(shop));
  const file = join(installation.directory, 'all.prom');
  expect((await installation.run(['metrics', '--output', file])).stdout).toBe('');
  const written = readFileSync(file, 'utf8');
  expect(samples(written)).toBe(samples(stdout));
  rmSync(file);
});

test('commands for one bot alone name the way out', async () => {
  for (const args of [
    ['failed', 'list'],
    ['failed', 'retry', '--yes'],
    ['failed', 'drop', '--yes'],
    ['guides', 'list'],
    ['guides', 'import', 'guides.json'],
    ['guides', 'preview'],
    ['budget', 'show'],
    ['budget', 'clear', '--yes'],
  ]) {
    const command = args.slice(0, 2).join(' ');
    const refused = await installation.run(args);
    expect([refused.code, refused.stderr]).toEqual([
      64,
      expect.stringContaining(
        `${command} works on one bot, and "${installation.directory}" is a directory of them: name it with --bot`,
      ),
    ]);
    if (command === 'guides import') continue;
    expect((await installation.run([...args, '--bot', 'shop'])).code, command).toBe(0);
  }
  // A bot of a directory may have digits for a name.
  const digits = await installation.run(['budget', 'clear', '--bot', '77', '--yes']);
  expect([digits.code, digits.stderr]).toEqual([64, expect.stringContaining('--bot: "77" is no bot of')]);
  const both = await installation.run(['budget', 'clear', '--bot', 'shop', '--bot', '5', '--yes']);
  expect([both.code, both.stderr]).toEqual([64, expect.stringContaining('--bot: 5 has no budget here')]);
});

test('stats: the figures of each bot, and a report only of those that have a chat for it', async () => {
  const { code, stdout } = await installation.run(['stats', '--json']);
  expect(code).toBe(69);
  const { bots } = JSON.parse(stdout);
  expect(bots.map(({ bot, exit_code }: { bot: string; exit_code: number }) => [bot, exit_code])).toEqual([
    ['away', 69],
    ['news', 0],
    ['shop', 0],
  ]);
  installation.remove('away');
  const sent = await installation.run(['stats', '--send', '--dry-run']);
  expect(sent).toMatchObject({ code: 0, stdout: '' });
  const { name } = installation.bot('news');
  installation.write(name, { ...installation.settingsOf(installation.bot('news')), STATS_CHAT_ID: '-1001' });
  const reported = await installation.run(['stats', '--send']);
  expect([reported.code, reported.stdout]).toEqual([
    0,
    expect.stringMatching(/^news\n {2}the report of .* is not sent/),
  ]);
  expect((await installation.run(['stats', '--csv'])).code).toBe(64);
  expect((await installation.run(['stats', '--csv', '--bot', 'shop'])).code).toBe(0);
});

test('two files of one bot are told of by doctor: their leases and alerts are one', async () => {
  const shop = installation.settingsOf(installation.bot('shop'));
  installation.write('copy', shop);
  const { stdout } = await installation.run(['doctor', '--json', '--job', 'reset-counts']);
  const { bots }: { bots: { bot: string; findings: { level: string; text: string }[] }[] } = JSON.parse(stdout);
  const told = bots.map(({ bot, findings }) => [
    bot,
    findings.some(({ text }) => /the same database and schema as/.test(text)),
  ]);
  installation.remove('copy');
  expect(told).toEqual([
    ['copy', true],
    ['news', false],
    ['shop', true],
  ]);
});

test('a directory that nobody may enter, or a folder above it: said so, and no defect', async () => {
  const { directory } = installation;
  const inside = join(directory, 'shop.env');
  chmodSync(directory, 0);
  try {
    for (const [envFile, job] of [
      [directory, ['delete-due']],
      [directory, ['status']],
      [inside, ['delete-due']],
      [inside, ['status']],
      [inside, ['doctor']],
    ] as const) {
      const { code, stdout, stderr } = await asOrdinaryUser(() =>
        runHere([...job, '--env-file', envFile], { env: {} }),
      );
      expect(`${stdout}${stderr}`, `${job} ${envFile}`).toContain(
        `--env-file: "${envFile}" cannot be read: permission denied`,
      );
      expect(code).toBe(job[0] === 'doctor' ? 1 : 78);
    }
  } finally {
    chmodSync(directory, 0o700);
  }
});
