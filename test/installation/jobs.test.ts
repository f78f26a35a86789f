/** A job over a directory of bots: what one meets costs the others nothing. */
import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createInstallation, type Installation, type TestBot } from '../support/installation.ts';
import { pendingDeletion } from '../support/rows.ts';
import { runHere } from '../support/run-here.ts';
import { type SilentServer, startSilentServer } from '../support/silent-server.ts';

let installation: Installation;
let silent: SilentServer;
let good: TestBot[];

beforeAll(async () => {
  installation = await createInstallation(['alpha', 'beta', 'gamma', 'wrong-token']);
  silent = await startSilentServer();
  good = ['alpha', 'beta', 'gamma'].map((name) => installation.bot(name));
  installation.api.revoke(installation.bot('wrong-token').token);
});
afterAll(async () => {
  await installation.close();
});

let chat = 5_000;

/** One due record a bot. */
async function layOut(): Promise<void> {
  for (const { db } of installation.bots) {
    await db.query('truncate pending_deletions, telesweep.runs, telesweep.leases, telesweep.budgets');
    chat++;
    installation.api.addMessages(chat, [1, 2]);
    await pendingDeletion(db, { chatId: chat, messageIds: [1, 2], uniqueId: `file_${chat}` });
  }
}
beforeEach(layOut);

const dueOf = async ({ db }: TestBot): Promise<number> =>
  Number((await db.query<{ n: string }>('select count(*) as n from pending_deletions'))[0]?.n);

interface Entry {
  bot: string;
  exit_code: number;
  summary: { stop_reason: string; counts: Record<string, number>; error?: string } | null;
  error?: string;
  unreached?: true;
}

/** One JSON object on stdout, and no more. */
function entriesIn(stdout: string): Entry[] {
  const told: { bots: Entry[] } = JSON.parse(stdout);
  expect(stdout).toBe(`${JSON.stringify(told)}\n`);
  return told.bots;
}

const lines = (stderr: string): Record<string, unknown>[] =>
  stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));

describe('bots that fail', () => {
  const settingsOfAlpha = () => installation.settingsOf(installation.bot('alpha'));

  test('leave the good ones all their work, and the exit code is the worst', async () => {
    installation.write('hangs', { ...settingsOfAlpha(), DATABASE_URL: `postgres://u:pass-word-1@${silent.host}/db` });
    installation.write('away', { ...settingsOfAlpha(), DATABASE_URL: 'postgres://u:pass-word-2@127.0.0.1:1/db' });
    installation.write('malformed', { ...settingsOfAlpha(), TELEGRAM_RATE: 'fast' });
    installation.write('unreadable', { 'no setting': 'at all' });
    writeFileSync(join(installation.directory, 'bad name.env'), '');
    // Reading one that nobody writes to never ends, and hears no signal.
    execFileSync('mkfifo', [join(installation.directory, 'pipe.env')]);

    const pass = installation.run(['delete-due', '--json', '--parallel', '2']);
    // Their work is done while the one hangs that would hang for ever.
    const isOpen = async (): Promise<boolean> => {
      const left = (await Promise.all(good.map(dueOf))).some((n) => n > 0);
      const [refused] = await installation.bot('wrong-token').db.query('select 1 from telesweep.runs');
      return left || refused === undefined || silent.connections === 0;
    };
    while (await isOpen());
    silent.close();
    const { code, stdout, stderr } = await pass;
    const entries = entriesIn(stdout);
    expect(entries.map(({ bot, exit_code }) => [bot, exit_code])).toEqual([
      ['alpha', 0],
      ['away', 69],
      ['bad name', 78],
      ['beta', 0],
      ['gamma', 0],
      ['hangs', 69],
      ['malformed', 78],
      ['pipe', 78],
      ['unreadable', 78],
      ['wrong-token', 77],
    ]);
    expect(code).toBe(78);
    for (const bot of good) expect(await dueOf(bot)).toBe(0);
    for (const { bot, summary, error } of entries) {
      const isGood = good.some(({ name }) => name === bot);
      if (isGood) expect(summary).toMatchObject({ outcome: 'ok', counts: { records: 1, notices_sent: 1 } });
      // No pass without settings; and what went wrong is told, one way or the other.
      else expect(summary?.error ?? error, bot).toMatch(/\w/);
    }
    expect(entries.find(({ bot }) => bot === 'malformed')).toMatchObject({
      summary: null,
      error: expect.stringMatching(/^TELEGRAM_RATE: "fast" is not a number/),
    });
    expect(stderr).toContain('telesweep delete-due: malformed: TELEGRAM_RATE: "fast"');
    expect(stderr).toContain('telesweep delete-due: bad name: --env-file: ');
    // Each line of a bot's log tells whose it is.
    const ofPasses = lines(stderr).filter(({ run_id }) => run_id !== undefined);
    for (const { bot } of ofPasses) expect(entries.map((entry) => entry.bot)).toContain(bot);
    const told = ofPasses.map(({ bot }) => bot);
    expect(told).toEqual(expect.arrayContaining(['alpha', 'beta', 'gamma', 'wrong-token']));
  });

  test('go one after another, read anew at each pass, in the order that the help states', async () => {
    installation.remove('hangs');
    const worst = async (): Promise<number | null> => (await installation.run(['delete-due', '--quiet'])).code;
    for (const name of ['malformed', 'unreadable', 'bad name', 'pipe']) installation.remove(name);
    expect(await worst()).toBe(77);
    installation.write('wrong-token', installation.settingsOf(installation.bot('alpha')));
    expect(await worst()).toBe(69);
    installation.remove('away');
    const { db } = installation.bot('beta');
    installation.api.addMessages(9_999, [1], { ageMs: 50 * 3_600_000 });
    await pendingDeletion(db, { chatId: 9_999, age: '50h' });
    const mail = await installation.run(['delete-due', '--quiet']);
    expect([mail.code, mail.stdout]).toEqual([1, '']);
    expect(mail.stderr).toMatch(/^beta: delete-due gave something up: /);
    expect(await installation.run(['delete-due', '--quiet'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const { stdout } = await installation.run(['delete-due', '--help']);
    expect(stdout).toContain('Of several bots the worst counts: 70, 78, 77, 69, 1, 75, 0, in this order.');
    installation.remove('wrong-token');
  });
});

test('two files of one name are both refused, and each is named', async () => {
  const twin = installation.settingsOf(installation.bot('beta'));
  installation.write('twin', { ...twin, NAME: 'alpha' });
  const { code, stdout } = await installation.run(['delete-due', '--json']);
  expect(code).toBe(78);
  const [first, second, ...rest] = entriesIn(stdout);
  for (const entry of [first, second]) {
    expect(entry).toMatchObject({ bot: 'alpha', exit_code: 78, summary: null });
    expect(entry?.error).toMatch(/^NAME: "alpha" is that of \S*\/alpha\.env and \S*\/twin\.env; expected one each$/m);
  }
  expect(rest.map(({ exit_code }) => exit_code)).toEqual([0, 0]);
  installation.remove('twin');
});

test('what says which bot it is does not silently come from the environment for all', async () => {
  const beta = installation.bot('beta');
  const { code, stdout } = await installation.run(['delete-due', '--json'], { TELEGRAM_BOT_TOKEN: beta.token });
  expect(code).toBe(78);
  const refused = expect.stringMatching(
    /^TELEGRAM_BOT_TOKEN: stands in the environment, for every bot, and as TELEGRAM_BOT_TOKEN in \S+\/(alpha|gamma)\.env; /,
  );
  // Where both say the same there is nothing to choose.
  expect(entriesIn(stdout)).toEqual([
    { bot: 'alpha', exit_code: 78, summary: null, error: refused },
    expect.objectContaining({ bot: 'beta', exit_code: 0 }),
    { bot: 'gamma', exit_code: 78, summary: null, error: refused },
  ]);
  // All other settings come from the environment first, as for one bot; NAME there is nobody's.
  const fine = await installation.run(['delete-due', '--json'], { NOTICE: 'none', NAME: 'host-of-wsl' });
  expect(
    entriesIn(fine.stdout).map(({ bot, exit_code, summary }) => [bot, exit_code, summary?.counts.notices_sent]),
  ).toEqual(['alpha', 'beta', 'gamma'].map((name) => [name, 0, 0]));
});

test('a database that the environment names for all is not silently that of a bot which names its own', async () => {
  const { DATABASE_URL: _, ...own } = installation.settingsOf(installation.bot('beta'));
  installation.write('apart', { ...own, PGHOST: '127.0.0.1', PGDATABASE: 'apart' });
  const { stdout } = await installation.run(['delete-due', '--json', '--bot', 'apart'], { PGDATABASE: 'another' });
  expect(JSON.parse(stdout).error).toMatch(
    /^PGDATABASE: stands in the environment, for every bot, and as PGDATABASE in \S+\/apart\.env; /,
  );
  installation.remove('apart');
});

test('an address that two bots ping is warned of', async () => {
  const pings = 'http://127.0.0.1:1/ping/telesweep-{job}';
  for (const name of ['alpha', 'beta', 'gamma']) {
    const own = installation.settingsOf(installation.bot(name));
    installation.write(name, { ...own, PING_URL: name === 'gamma' ? `${pings}-{name}` : pings });
  }
  const { stderr } = await installation.run(['reset-counts']);
  expect(lines(stderr).filter(({ msg }) => /PING_URL: the same/.test(String(msg)))).toEqual([
    expect.objectContaining({ level: 'warn', bots: ['alpha', 'beta'] }),
  ]);
  const doctor = await installation.run(['doctor', '--job', 'reset-counts', '--json']);
  const told: { bots: { bot: string; findings: { level: string; text: string }[] }[] } = JSON.parse(doctor.stdout);
  expect(
    told.bots.map(
      ({ findings }) => findings.filter(({ text }) => text.startsWith('PING_URL: the same for alpha, beta')).length,
    ),
  ).toEqual([1, 1, 0]);
  for (const bot of good) installation.write(bot.name, installation.settingsOf(bot));
});

describe('shards', () => {
  test('each bot falls to one, and one that is taken twice does no harm', async () => {
    const names: string[] = [];
    for (const index of [0, 1, 2]) {
      const args = ['delete-due', '--json', '--shard', `${index}/3`];
      const [one, other] = await Promise.all([installation.run(args), installation.run(args)]);
      expect([one.code, other.code]).toEqual([0, 0]);
      expect(entriesIn(one.stdout).map(({ bot }) => bot)).toEqual(entriesIn(other.stdout).map(({ bot }) => bot));
      names.push(...entriesIn(one.stdout).map(({ bot }) => bot));
    }
    expect(names.toSorted()).toEqual(['alpha', 'beta', 'gamma']);
    for (const bot of good) expect(await dueOf(bot)).toBe(0);
    const notices = installation.api.sent().map(({ chatId }) => chatId);
    expect(new Set(notices).size).toBe(notices.length);
  });

  test('an Indexed Job names its own, as the flag does', async () => {
    const bots = async (args: string[], env: Record<string, string> = {}): Promise<string[]> =>
      entriesIn((await installation.run(['reset-counts', '--json', ...args], env)).stdout).map(({ bot }) => bot);
    const indexed = { JOB_COMPLETION_INDEX: '1', JOB_COMPLETIONS: '2' };
    expect(await bots([], indexed)).toEqual(await bots(['--shard', '1/2']));
    expect(await bots(['--shard', '0/1'], indexed)).toEqual(['alpha', 'beta', 'gamma']);
    for (const env of [{ JOB_COMPLETION_INDEX: '0' }, { JOB_COMPLETIONS: '2' }, { ...indexed, JOB_COMPLETIONS: '1' }]) {
      const { code, stderr } = await installation.run(['reset-counts'], env);
      expect(code).toBe(78);
      expect(stderr).toMatch(/^telesweep reset-counts: JOB_COMPLETION_INDEX: .* name no share; /);
    }
  });
});

describe('flags', () => {
  test('of many bots are refused where there is one', async () => {
    const env = installation.settingsOf(installation.bot('alpha'));
    for (const flags of [
      ['--parallel', '2'],
      ['--shard', '0/2'],
      ['--bot', 'alpha'],
    ]) {
      const file = join(installation.directory, 'alpha.env');
      for (const envFile of [[], ['--env-file', file]]) {
        const { code, stderr } = await runHere(['delete-due', ...flags, ...envFile], { env });
        expect([code, stderr]).toEqual([64, expect.stringContaining(`${flags[0]} is for a directory of bots`)]);
      }
    }
    for (const wrong of [
      ['--shard', '2/2'],
      ['--shard', '1'],
      ['--parallel', '0'],
      ['--bot', 'alpha', '--shard', '0/1'],
    ]) {
      expect((await installation.run(['delete-due', ...wrong])).code, wrong.join(' ')).toBe(64);
    }
    const stays = await installation.run(['delete-due', '--stay', '1s', '--parallel', '2', '--json']);
    expect([stays.code, JSON.parse(stays.stdout)]).toEqual([
      64,
      { bots: [], error: expect.stringContaining('expected --parallel 3 or more') },
    ]);
    expect(await Promise.all(good.map(dueOf))).toEqual([1, 1, 1]);
    expect((await installation.run(['delete-due', '--stay', '1s', '--parallel', '3'])).code).toBe(0);
    expect(await Promise.all(good.map(dueOf))).toEqual([0, 0, 0]);
  });

  test('--bot picks one, with what is common to all', async () => {
    const { code, summary } = await installation.run(['delete-due', '--json', '--bot', 'beta']);
    expect([code, summary?.counts.records]).toEqual([0, 1]);
    expect(await Promise.all(good.map(dueOf))).toEqual([1, 0, 1]);
    const unknown = await installation.run(['delete-due', '--bot', 'bets']);
    expect([unknown.code, unknown.stderr]).toEqual([
      64,
      expect.stringMatching(/--bot: "bets" is no bot of .*; did you mean beta\?/),
    ]);
  });

  test('a dry run shows the plan of each under its name, in their order', async () => {
    const { code, stdout } = await installation.run(['delete-due', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => /^\S/.test(line))).toEqual(['alpha', 'beta', 'gamma']);
    expect(stdout.match(/^ {4}records +1$/gm)).toHaveLength(3);
    expect(await Promise.all(good.map(dueOf))).toEqual([1, 1, 1]);
  });
});

test('a directory that holds no bot, or that cannot be read, is told of', async () => {
  const empty = await runHere(['delete-due', '--json', '--env-file', import.meta.dirname]);
  expect([empty.code, JSON.parse(empty.stdout)]).toEqual([
    78,
    { bots: [], error: expect.stringContaining('holds no bot') },
  ]);
  // What nobody can look at, as beyond a directory that is closed to them.
  const loop = join(installation.directory, 'loop');
  symlinkSync(loop, loop);
  const closed = await runHere(['delete-due', '--json', '--env-file', loop]);
  expect([closed.code, closed.stdout]).toEqual([78, expect.stringContaining('cannot be read: ELOOP')]);
});
