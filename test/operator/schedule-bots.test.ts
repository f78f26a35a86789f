/** Schedules for bots that have names, and for a directory of bots. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cron } from 'croner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { jobs } from '../../src/jobs/index.ts';
import { cronForAll, type Times } from '../../src/operator/schedule/times.ts';
import { exitCodes } from '../../src/process/exit-code.ts';
import { runHere } from '../support/run-here.ts';

const folder = mkdtempSync(join(tmpdir(), 'telesweep-bots-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a directory of env files. */
function directory(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

/** A group that is not root's, which whoever runs the tests may give a folder to. */
const otherGroup = process.getgid?.() || 4;

const same = 'TIMEZONE=Europe/Berlin\n';

let alike: string;
beforeAll(() => {
  alike = directory('alike', { 'shop.env': '', 'news.env': 'TELEGRAM_BOT_TOKEN=12:AAH\n', 'common.env': same });
});

interface Printed {
  stdout: string;
  stderr: string;
  files: { name: string; text: string }[];
}

async function schedule(args: readonly string[], env: Record<string, string> = {}): Promise<Printed> {
  const image = args[0] === 'kubernetes' ? ['--image', 'telesweep:1'] : [];
  const { code, stdout, stderr } = await runHere(['schedule', ...args, ...image, '--json'], { env });
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  const { files } = JSON.parse(stdout) as Printed;
  return { stdout, stderr, files };
}

const textOf = async (...given: Parameters<typeof schedule>): Promise<string> =>
  (await schedule(...given)).files.map(({ text }) => text).join('\n');

const linesOf = (text: string): string[] => text.split('\n').filter((line) => /^[*\d]/.test(line));

describe('a bot with a name', () => {
  test('has units, timers, manifests and a crontab of its own names', async () => {
    const env = { NAME: 'Shop_1.a' };
    const units = await schedule(['systemd', '--job', 'delete-due'], env);
    expect(units.files.map(({ name }) => name)).toEqual([
      'telesweep-Shop_1.a-delete-due.service',
      'telesweep-Shop_1.a-delete-due.timer',
    ]);
    const [service, timer] = units.files.map(({ text }) => text);
    expect(service).toContain('enable --now telesweep-Shop_1.a-delete-due.timer\n');
    expect(service).toContain('systemctl edit telesweep-Shop_1.a-delete-due.service,');
    for (const text of [service, timer]) expect(text).toContain('\nDescription=telesweep (Shop_1.a): ');

    const manifests = await schedule(['kubernetes', '--job', 'delete-due'], env);
    expect(manifests.files.map(({ name }) => name)).toEqual([
      'namespace-shop-1-a.yaml',
      'telesweep-shop-1-a-migrate.yaml',
      'telesweep-shop-1-a-delete-due.yaml',
    ]);
    const [, settings, migrate, cronJob] = manifests.files.flatMap(({ text }) =>
      parseAllDocuments(text, { strict: true }).map((document) => document.toJS()),
    );
    expect(settings).toMatchObject({ metadata: { name: 'telesweep-shop-1-a' }, data: { NAME: 'Shop_1.a' } });
    expect(migrate.metadata.name).toMatch(/^telesweep-shop-1-a-migrate-[0-9a-f]{8}$/);
    expect(cronJob.metadata).toMatchObject({
      name: 'telesweep-shop-1-a-delete-due',
      labels: { 'app.kubernetes.io/instance': 'Shop_1.a', 'app.kubernetes.io/component': 'delete-due' },
    });
    const pod = cronJob.spec.jobTemplate.spec.template.spec;
    expect(pod.volumes[0].secret.secretName).toBe('telesweep-shop-1-a');
    expect(pod.containers[0].envFrom).toEqual([{ configMapRef: { name: 'telesweep-shop-1-a' } }]);
    expect(manifests.stdout).toContain('create secret generic telesweep-shop-1-a --from-file=');

    const cron = await schedule(['crontab'], env);
    expect(cron.files.map(({ name }) => name)).toEqual(['crontab-Shop_1.a.example']);
    expect(cron.files[0]?.text.match(/^# Shop_1\.a: .*; needs /gm)).toHaveLength(jobs.length + 1);
  });

  test('is called by NAME in its file, else by its file in a directory, else by its schema', async () => {
    const bots = directory('names', { 'shop.env': '', 'other.env': 'NAME=news\n', 'common.env': 'SCHEMA=main\n' });
    const file = join(folder, 'one.env');
    const unit = async (text: string, ...args: string[]): Promise<string | undefined> => {
      writeFileSync(file, text);
      const { files } = await schedule(['systemd', '--job', 'delete-due', ...args], { PATH: '/bin' });
      return files[0]?.name;
    };
    expect(await unit('NAME=a\nSCHEMA=b\n', '--env-file', file)).toBe('telesweep-a-delete-due.service');
    expect(await unit('SCHEMA=b\n', '--env-file', file)).toBe('telesweep-b-delete-due.service');
    expect(await unit('', '--env-file', file)).toBe('telesweep-delete-due.service');
    expect(await unit('', '--env-file', bots, '--bot', 'shop')).toBe('telesweep-shop-delete-due.service');
    expect(await unit('', '--env-file', bots, '--bot', 'news')).toBe('telesweep-news-delete-due.service');
    const news = ['systemd', '--job', 'delete-due', '--env-file', bots, '--bot', 'news'];
    expect(await textOf(news)).toContain(`\nLoadCredential=other.env:${bots}/other.env\n`);
    // No name for a unit or a file.
    expect(await unit('SCHEMA=my shop\n', '--env-file', file)).toBe('telesweep-delete-due.service');
  });

  test('that is one of a directory finds its own file there and what is common', async () => {
    const of = ['--env-file', alike, '--bot', 'shop'];
    const crontab = await textOf(['crontab', ...of]);
    expect(crontab).toContain('\nCRON_TZ=Europe/Berlin\n');
    for (const line of linesOf(crontab)) expect(line).toMatch(new RegExp(` --env-file ${alike} --bot shop$`));
    const unit = await textOf(['systemd', '--job', 'delete-due', ...of]);
    expect(unit).toContain(
      `\nLoadCredential=shop.env:${alike}/shop.env\nLoadCredential=common.env:${alike}/common.env\n`,
    );
    // An empty one is none to systemd.
    expect(unit).toMatch(/\nSetCredential=common\.env:.+\n/);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: systemd's
    expect(unit).toContain(' delete-due --env-file ${CREDENTIALS_DIRECTORY} --bot shop --max-runtime 10m\n');
    const [, settings] = parseAllDocuments(await textOf(['kubernetes', '--job', 'delete-due', ...of]));
    expect(settings?.toJS().data).toEqual({ NAME: 'shop', TIMEZONE: 'Europe/Berlin' });
  });

  test('leaves the files of another bot, and those of strangers, as they stand', async () => {
    const to = join(folder, 'out');
    mkdirSync(to);
    const write = (format: string, env: Record<string, string>, ...more: string[]) => {
      const image = format === 'kubernetes' ? ['--image', 'x'] : [];
      return runHere(['schedule', format, '--job', 'delete-due', ...image, ...more, '--output', to], { env });
    };
    const files = () => Object.fromEntries(readdirSync(to).map((name) => [name, readFileSync(join(to, name), 'utf8')]));
    for (const format of ['systemd', 'crontab', 'kubernetes']) {
      expect((await write(format, { NAME: 'shop' }, '--env-file', '/etc/shop.env')).code).toBe(0);
      const before = files();
      // Of another name: beside it.
      expect((await write(format, { NAME: 'news' }, '--env-file', '/etc/news.env')).code).toBe(0);
      expect(files()).toMatchObject(before);
    }
    const before = files();
    expect(Object.keys(before)).toHaveLength(4 + 2 + 6);
    const other = await write('systemd', { NAME: 'shop' }, '--env-file', '/etc/second.env', '--job', 'post-guide');
    expect([other.code, other.stderr]).toEqual([
      64,
      expect.stringMatching(
        /telesweep-shop-delete-due\.service stands for \/etc\/shop\.env, not for \/etc\/second\.env;/,
      ),
    ]);
    const alikeName = await write('kubernetes', { NAME: 'SHOP' }, '--env-file', '/etc/shop.env');
    expect([alikeName.code, alikeName.stderr]).toEqual([
      64,
      expect.stringMatching(/stands for namespace "telesweep" and "shop", not for namespace "telesweep" and "SHOP";/),
    ]);
    expect(files()).toEqual(before);
    expect((await write('kubernetes', {})).code).toBe(0);
    const many = await write('kubernetes', {}, '--bots', alike);
    expect([many.code, many.stderr]).toEqual([
      64,
      expect.stringMatching(/stands for namespace "telesweep", not for namespace "telesweep" and all bots;/),
    ]);
    for (const added of Object.keys(files()).filter((known) => before[known] === undefined)) rmSync(join(to, added));

    for (const [format, name] of [
      ['systemd', 'telesweep-delete-due.timer'],
      ['systemd', 'telesweep-delete-due.service'],
      ['crontab', 'crontab.example'],
      ['kubernetes', 'telesweep-delete-due.yaml'],
      ['prometheus', 'telesweep-alerts.yml'],
    ] as const) {
      for (const put of [
        () => writeFileSync(join(to, name), '[Timer]\nOnCalendar=daily\n'),
        () => mkdirSync(join(to, name)),
        // As systemctl mask leaves it: what is written there is lost.
        () => symlinkSync('/dev/null', join(to, name)),
      ]) {
        put();
        const refused = await write(format, {});
        expect([refused.code, refused.stderr]).toEqual([
          64,
          expect.stringContaining(
            `${name} stands and is not of telesweep schedule; expected another folder, or remove`,
          ),
        ]);
        rmSync(join(to, name), { recursive: true });
        expect(files()).toEqual(before);
      }
      expect((await write(format, {})).code).toBe(0);
      expect((await write(format, {})).code).toBe(0);
      for (const added of Object.keys(files()).filter((known) => before[known] === undefined)) rmSync(join(to, added));
    }
  });

  test.each([
    [
      ['--job', 'delete-broadcasts'],
      { NAME: 'a'.repeat(25) },
      /is too long for a CronJob \(52 characters\); .*up to 24/,
    ],
    [[], { NAME: 'shop-' }, /"shop-" makes no name in Kubernetes; expected one that ends with a letter or digit/],
  ])('that no name in Kubernetes can be made of is refused: %j %j', async (args, env, words) => {
    const { code, stdout, stderr } = await runHere(['schedule', 'kubernetes', '--image', 'x', ...args], { env });
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(words);
  });

  test('may have the longest name that a CronJob takes', async () => {
    const { files } = await schedule(['kubernetes'], { NAME: 'a'.repeat(24) });
    const names = files.flatMap(({ text }) => /^kind: CronJob\nmetadata:\n {2}name: (\S+)$/m.exec(text)?.[1] ?? []);
    expect(Math.max(...names.map((name) => name.length))).toBe(52);
  });
});

describe('a directory of bots', () => {
  test('has one line, one unit a job', async () => {
    const crontab = await textOf(['crontab', '--env-file', alike, '--parallel', '8']);
    const lines = linesOf(crontab);
    expect(lines).toHaveLength(jobs.length + 1);
    for (const { name, maxRuntime } of jobs) {
      const flags = `--max-runtime ${maxRuntime} --quiet --parallel 8 --env-file ${alike}`;
      expect(lines.filter((line) => line.endsWith(` ${name} ${flags}`))).toHaveLength(1);
    }
    expect(lines.at(-1)).toMatch(new RegExp(` doctor --alert --env-file ${alike}$`));
    expect(crontab).toContain('\nCRON_TZ=Europe/Berlin\n');
    expect(crontab).not.toContain('The bots differ');
    expect(crontab).not.toContain('--stay');
    // Nobody has said how many at a time.
    expect(await textOf(['crontab', '--env-file', `${alike}/`])).toBe(crontab.replaceAll(' --parallel 8', ''));

    const { files } = await schedule(['systemd', '--env-file', alike, '--parallel', '8']);
    expect(files).toHaveLength(2 * (jobs.length + 1));
    const { text = '' } = files.find(({ name }) => name === 'telesweep-delete-due.service') ?? {};
    expect(text).toMatch(
      new RegExp(`^ExecStart=telesweep delete-due --env-file ${alike} --max-runtime 55s --parallel 8$`, 'm'),
    );
    // systemd would put its own name before those of the files.
    expect(text).not.toMatch(/^LoadCredential/m);
    expect(text).toMatch(/^SupplementaryGroups=\w+$/m);
    expect(text).toContain('\nTimeoutStartSec=115\n');
  });

  test('a unit whose pass would keep the next one waiting ends before it, for the sake of the other bots', async () => {
    const { files } = await schedule(['systemd', '--env-file', alike]);
    for (const job of jobs) {
      const text = files.find(({ name }) => name === `telesweep-${job.name}.service`)?.text;
      const limit = /^ExecStart=.* --max-runtime (\S+)/m.exec(text ?? '')?.[1];
      expect(limit).toBe(job.name === 'delete-due' ? '55s' : job.maxRuntime);
    }
    // It looks at all bots in turn, and has no limit of its own.
    const { text = '' } = files.find(({ name }) => name === 'telesweep-alert.service') ?? {};
    expect(text).toContain('\nTimeoutStartSec=1860\n');
    expect(text).not.toContain('--max-runtime');
  });

  test('is tried again where one bot’s lasting fault may hide that another’s database was away', async () => {
    const unit = await textOf(['systemd', '--job', 'reset-counts', '--env-file', alike]);
    expect(unit).toContain(`\nRestartPreventExitStatus=${exitCodes.failed} ${exitCodes.usage}\n`);
    const manifest = await textOf(['kubernetes', '--job', 'reset-counts', '--bots', alike]);
    expect(manifest).toMatch(/action: FailJob\n.*\n.*\n.*\n +values: \[1, 64\]$/m);
  });

  test('is told by its slash where it is on another machine, and its times come from the environment', async () => {
    const args = ['schedule', 'crontab', '--env-file', '/etc/elsewhere/bots/'];
    const { code, stdout, stderr } = await runHere(args, { env: { TIMEZONE: 'Asia/Tokyo' } });
    expect(code).toBe(0);
    expect(stderr).toMatch(/"\/etc\/elsewhere\/bots" cannot be read: no such file, so the times are in Asia\/Tokyo:/);
    expect(stdout).toContain('\nCRON_TZ=Asia/Tokyo\n');
    expect(linesOf(stdout)[0]).toMatch(/ --env-file \/etc\/elsewhere\/bots$/);
    expect(stdout).toContain('in a file NAME.env for each bot, and for all bots in common.env.');
  });

  test('names the bots whose settings it could not go by, and goes by the others', async () => {
    const odd = directory('odd', {
      'good.env': same,
      'zone.env': 'TIMEZONE=Europe/Berlinn\n',
      'torn.env': 'A line\n',
      '-x.env': '',
    });
    const { files, stderr } = await schedule(['crontab', '--env-file', odd]);
    expect(files[0]?.text).toContain('\nCRON_TZ=Europe/Berlin\n');
    for (const name of ['zone', 'torn', '-x'])
      expect(stderr).toMatch(new RegExp(`${name}\\.env.*the other bots$`, 'm'));
    const refused = await runHere(['schedule', 'kubernetes', '--image', 'x', '--bots', odd]);
    expect([refused.code, refused.stderr]).toEqual([78, expect.stringMatching(/-x\.env" does not name a bot/)]);
  });

  test('is read by the units through its group, where that may read it and nobody else need', async () => {
    const bots = directory('grouped', { 'a.env': '' });
    const groups = async (): Promise<string[] | null> =>
      (await textOf(['systemd', '--job', 'delete-due', '--env-file', bots])).match(/^SupplementaryGroups=.*$/gm);
    // It is to be made, as the line above it says.
    chmodSync(bots, 0o700);
    expect(await groups()).toEqual(['SupplementaryGroups=telesweep']);
    chmodSync(bots, 0o750);
    chownSync(bots, process.getuid?.() ?? 0, otherGroup);
    expect(await groups()).toEqual([`SupplementaryGroups=${otherGroup}`]);
    const hidden = await schedule(['systemd', '--env-file', '/root/bots/']);
    expect(hidden.stderr).toContain(
      '/root/bots lies where no unit can look (ProtectHome=, PrivateTmp=): expected it in',
    );
  });

  test('lets the metrics into the folder of each bot', async () => {
    const bots = directory('metrics', {
      'a.env': 'METRICS_TEXTFILE_DIR=/srv/a\n',
      'b.env': 'METRICS_TEXTFILE_DIR=/srv/b\n',
      'c.env': 'METRICS_TEXTFILE_DIR=/srv/a\n',
    });
    const unit = await textOf(['systemd', '--job', 'delete-due', '--env-file', bots]);
    expect(unit.match(/^ReadWritePaths=.*$/gm)).toEqual(['ReadWritePaths=-/srv/a', 'ReadWritePaths=-/srv/b']);
    expect(linesOf(await textOf(['crontab', '--env-file', bots])).at(-1)).toContain(' metrics --output --env-file ');
  });
});

describe('where bots differ in their times, each finds its own among those of the line', () => {
  const hours = (count: number): number => count * 3_600_000;
  const cases: Times[][] = [
    [
      { timeZone: 'UTC', guideIntervalMs: hours(4) },
      { timeZone: 'UTC', guideIntervalMs: hours(6) },
    ],
    [
      { timeZone: 'Europe/Berlin', guideIntervalMs: hours(4) },
      { timeZone: 'America/New_York', guideIntervalMs: hours(4) },
    ],
    [
      { timeZone: 'Asia/Kathmandu', guideIntervalMs: hours(5) },
      { timeZone: 'Australia/Lord_Howe', guideIntervalMs: hours(1.5) },
      { timeZone: 'UTC', guideIntervalMs: hours(24) },
    ],
  ];

  test.each(cases)('%j, %j', (...bots) => {
    const [{ timeZone } = { timeZone: 'UTC' }] = bots;
    for (const job of jobs) {
      const line = new Cron(cronForAll(job, bots), { timezone: timeZone });
      for (const bot of bots) {
        const own = new Cron(job.cron(bot), { timezone: bot.timeZone });
        // Over both changes of the clock in the year, at New York's and at Berlin's.
        for (const day of ['2026-03-07', '2026-03-28', '2026-06-30', '2026-10-24', '2026-10-31']) {
          const missed = own.nextRuns(8, day).filter((time) => !line.match(time));
          expect([job.name, bot, missed]).toEqual([job.name, bot, []]);
        }
      }
    }
  });

  test('no oftener than it takes', () => {
    const of = (name: string, bots: readonly Times[] = []): string => {
      const job = jobs.find((known) => known.name === name);
      return job === undefined ? '' : cronForAll(job, bots);
    };
    const [intervals, zones, odd] = cases;
    expect(of('post-guide', intervals)).toBe('0 */2 * * *');
    expect(of('reset-counts', intervals)).toBe('0 0 * * *');
    expect([of('post-guide', zones), of('reset-counts', zones)]).toEqual(['0 */1 * * *', '0 */1 * * *']);
    expect(of('reset-counts', odd)).toBe('*/15 * * * *');
    expect(of('delete-due', odd)).toBe('* * * * *');
  });

  test('and the line says so', async () => {
    const bots = directory('differ', { 'a.env': same, 'b.env': '', 'common.env': 'TIMEZONE=Asia/Kolkata\n' });
    const crontab = await textOf(['crontab', '--env-file', bots]);
    expect(crontab).toContain('\n# The bots differ in TIMEZONE or GUIDE_INTERVAL: ');
    expect(crontab).toContain('\nCRON_TZ=Asia/Kolkata\n');
    const units = await textOf(['systemd', '--job', 'reset-counts', '--env-file', bots]);
    expect(units).toMatch(/# The bots differ .*\nOnCalendar=\*-\*-\* \*:00\/30:00 Asia\/Kolkata$/m);
    const manifest = await textOf(['kubernetes', '--job', 'reset-counts', '--bots', bots]);
    expect(manifest).toMatch(
      /schedule: "\*\/30 \* \* \* \*"\n {2}# The bots differ .*\n {2}timeZone: "Asia\/Kolkata"$/m,
    );
    // The environment's come before those of all files.
    const told = await schedule(['crontab', '--env-file', bots], { TIMEZONE: 'UTC' });
    expect(told.files[0]?.text).toContain('\nCRON_TZ=UTC\n');
    expect(told.stderr).toContain(`TIMEZONE: printed by the environment, but ${bots} says otherwise`);
    // No manifest carries what the environment says of many.
    expect((await schedule(['kubernetes', '--bots', bots], { TIMEZONE: 'UTC' })).stderr).toBe(told.stderr);
  });

  test('in the zone of one of them, whatever the others would go by', async () => {
    const bots = directory('zones', {
      'a.env': same,
      'b.env': 'TIMEZONE=UTC\n',
      'common.env': 'TIMEZONE=Asia/Kolkata\nGUIDE_INTERVAL=2h\n',
    });
    const crontab = await textOf(['crontab', '--job', 'reset-counts', '--env-file', bots]);
    expect(crontab).toMatch(/\nCRON_TZ=Europe\/Berlin\n[\s\S]*\n0 \*\/1 \* \* \* {2}telesweep reset-counts /);
  });

  test('and the report finds the morning of each bot by itself', async () => {
    const reported = `${same}STATS_CHAT_ID=-1001\n`;
    const zones = directory('reports', { 'a.env': reported, 'b.env': 'TIMEZONE=UTC\nSTATS_CHAT_ID=-1002\n' });
    expect(await textOf(['crontab', '--env-file', zones])).toMatch(
      /\n0 \*\/1 \* \* \* {2}telesweep stats --send --quiet --at 09:00 --env-file /,
    );
    expect(await textOf(['systemd', '--env-file', zones])).toContain(' stats --send --quiet --at 09:00 --env-file ');
    const { files } = await schedule(['kubernetes', '--bots', zones]);
    expect(files.map(({ text }) => text).join('')).toContain(
      'args: [stats, --send, --quiet, --at, 09:00, --env-file, ',
    );
    const alike = directory('alike-reports', { 'a.env': reported, 'b.env': reported });
    expect(await textOf(['crontab', '--env-file', alike])).toMatch(
      /\n0 9,10,11 \* \* 1 {2}telesweep stats --send --quiet --env/,
    );
  });

  test('and the rules of Prometheus wait for the one whose guides come seldom', async () => {
    const bots = directory('seldom', { 'a.env': 'GUIDE_INTERVAL=12h\n', 'b.env': 'GUIDE_INTERVAL=1h\n' });
    const rules = ['prometheus', '--job', 'post-guide'];
    // Whose absence is told of is another matter.
    const times = (text: string): string => text.replace(/^ +(?:absent\(.*|or)\n/gm, '');
    const one = await textOf(rules, { GUIDE_INTERVAL: '12h' });
    expect(times(await textOf([...rules, '--env-file', bots]))).toBe(times(one));
    expect(one).not.toBe(await textOf(rules, { GUIDE_INTERVAL: '1h' }));
  });
});

describe('a directory of bots in Kubernetes', () => {
  const read = (text: string) =>
    parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
      for (const problem of [...document.errors, ...document.warnings]) throw problem;
      return document.toJS();
    });
  const manifests = async (...args: string[]) => {
    const { files } = await schedule(['kubernetes', '--bots', alike, ...args]);
    return { text: files.map(({ text }) => text).join('---\n'), objects: files.flatMap(({ text }) => read(text)) };
  };

  test('is shared by the pods of an Indexed Job, and no share ends another', async () => {
    const { objects } = await manifests('--shards', '3', '--parallel', '8');
    const cronJobs = objects.filter(({ kind }) => kind === 'CronJob');
    expect(cronJobs).toHaveLength(jobs.length + 1);
    for (const job of jobs) {
      const { spec } = cronJobs.find(({ metadata }) => metadata.name === `telesweep-${job.name}`);
      expect(spec).toMatchObject({ concurrencyPolicy: 'Forbid', timeZone: 'Europe/Berlin' });
      const ofJob = spec.jobTemplate.spec;
      const everyMinute = job.name === 'delete-due';
      expect(ofJob).toMatchObject({
        completionMode: 'Indexed',
        completions: 3,
        parallelism: 3,
        backoffLimitPerIndex: everyMinute ? 0 : 3,
        podFailurePolicy: {
          rules: [{ action: 'Ignore' }, { action: 'FailIndex', onExitCodes: { values: [1, 64] } }],
        },
      });
      expect(ofJob.backoffLimit).toBeUndefined();
      const [container] = ofJob.template.spec.containers;
      const limit = everyMinute ? '55s' : job.maxRuntime;
      const flags = ['--max-runtime', limit, '--env-file', '/etc/telesweep/bots', '--parallel', '8'];
      expect(container.args).toEqual([job.name, ...flags]);
      // The pod's index comes from Kubernetes.
      expect(container.env).toEqual([{ name: 'JOB_COMPLETIONS', value: '3' }]);
      expect(container.envFrom).toBeUndefined();
    }
    const alert = cronJobs.find(({ metadata }) => metadata.name === 'telesweep-alert').spec.jobTemplate.spec;
    expect([alert.completionMode, alert.backoffLimit]).toEqual([undefined, 3]);
    expect(alert.template.spec.containers[0]).toMatchObject({
      command: ['tini', '-e', '75', '-e', '1', '--', 'telesweep'],
      args: ['doctor', '--alert', '--env-file', '/etc/telesweep/bots'],
    });
  });

  test('makes the Secret of a bot with a name of its own out of the file that stands there', async () => {
    const named = directory('named', { 'a.env': 'NAME=shop\n' });
    const { stdout } = await schedule(['kubernetes', '--bots', named]);
    expect(stdout).toContain(`create secret generic telesweep-shop --from-file=shop.env=${named}/a.env\\n`);
  });

  test('has a Secret for each bot, told how to make and never printed, and all of them in one folder', async () => {
    const { text, objects } = await manifests();
    expect(text).not.toContain('AAH');
    const made = [
      ...text.matchAll(/^# {3}kubectl --namespace telesweep create secret generic (\S+) --from-file=(\S+)$/gm),
    ];
    expect(made.map(([, secret, file]) => [secret, file])).toEqual([
      ['telesweep-common', `common.env=${alike}/common.env`],
      ['telesweep-news', `news.env=${alike}/news.env`],
      ['telesweep-shop', `shop.env=${alike}/shop.env`],
    ]);
    expect(objects.map(({ kind }) => kind)).not.toContain('ConfigMap');
    const pods = objects.flatMap(({ kind, spec }) =>
      kind === 'CronJob' ? [spec.jobTemplate.spec.template.spec] : kind === 'Job' ? [spec.template.spec] : [],
    );
    expect(pods).toHaveLength(jobs.length + 2);
    for (const pod of pods) {
      expect(pod.containers[0].volumeMounts).toEqual([
        { name: 'bots', mountPath: '/etc/telesweep/bots', readOnly: true },
      ]);
      const sources = [
        { secret: { name: 'telesweep-common' } },
        { secret: { name: 'telesweep-news', optional: true } },
        { secret: { name: 'telesweep-shop', optional: true } },
      ];
      expect(pod.volumes).toEqual([{ name: 'bots', projected: { defaultMode: 0o444, sources } }]);
      expect(pod.containers[0].args.join(' ')).toContain('--env-file /etc/telesweep/bots');
    }
    // One pod is an ordinary Job.
    expect(text).not.toMatch(/completionMode|JOB_COMPLETIONS|PerIndex/);
    expect(await textOf(['kubernetes', '--bots', alike, '--shards', '1'])).toBe(
      await textOf(['kubernetes', '--bots', alike]),
    );
    const memory = objects.flatMap(({ kind, spec }) =>
      kind === 'CronJob' ? spec.jobTemplate.spec.template.spec.containers[0].resources.limits.memory : [],
    );
    expect(new Set(memory)).toEqual(new Set(['448Mi']));
  });

  test('what is common may come later', async () => {
    const bots = directory('uncommon', { 'a.env': '' });
    const text = await textOf(['kubernetes', '--job', 'delete-due', '--bots', bots]);
    expect(text).toMatch(/name: telesweep-common\n +optional: true\n/);
    expect(text).not.toContain('--from-file=common.env');
  });

  test.each([
    [
      { 'shop.a.env': '', 'shop-a.env': '' },
      /shop-a\.env and shop\.a\.env of .* would both be the Secret telesweep-shop-a;/,
    ],
    [{ 'Shop.env': '', 'shop.env': '' }, /Shop\.env and shop\.env of /],
    [{ 'Common.env': '' }, /common\.env and Common\.env of .* the Secret telesweep-common;/],
    [{ 'shop_.env': '' }, /"shop_" makes no name in Kubernetes/],
  ])('bots whose Secrets would be one are refused: %j', async (files: Readonly<Record<string, string>>, words) => {
    const bots = directory(`refused ${Object.keys(files).join()}`.replaceAll(/\W/g, '-'), files);
    const { code, stdout, stderr } = await runHere(['schedule', 'kubernetes', '--image', 'x', '--bots', bots]);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(words);
  });
});

test.each([
  [['crontab', '--bots', '/etc/bots'], /--bots: only for telesweep schedule kubernetes/],
  [['systemd', '--shards', '2'], /--shards: only for telesweep schedule kubernetes/],
  [['systemd', '--parallel', '2'], /--parallel: only for a directory of bots; expected --env-file DIRECTORY/],
  [['kubernetes', '--image', 'x', '--shards', '2'], /--shards: expected --bots DIRECTORY beside it/],
  [['kubernetes', '--image', 'x', '--parallel', '2'], /--parallel: only for a directory of bots; expected --bots DIR/],
  [
    ['kubernetes', '--image', 'x', '--env-file', '/etc/bots/'],
    /--env-file: \/etc\/bots is a directory; expected --bots/,
  ],
  [['kubernetes', '--image', 'x', '--bots', 'bots'], /--bots: "bots" will not do; expected an absolute path/],
  [['kubernetes', '--image', 'x', '--bots', '/a', '--env-file', '/b'], /--bots: .* without --env-file/],
  [['crontab', '--bot', 'shop'], /--bot: expected --env-file DIRECTORY beside it/],
  [['crontab', '--env-file', '/etc/bots/', '--bot', '../x'], /--bot: "..\/x" will not do; expected the name of a file/],
  [['crontab', '--env-file', '/etc/bots/', '--bot', 'a', '--parallel', '2'], /--parallel: expected it without --bot/],
  [['kubernetes', '--image', 'x', '--bots', '/etc', '--shards', '0'], /expected a whole number from 1 on/],
])('%j is wrong usage', async (args, words) => {
  const { code, stdout, stderr } = await runHere(['schedule', ...args]);
  expect([code, stdout]).toEqual([64, '']);
  expect(stderr).toMatch(words);
});

test('a bot that the directory has not is named with those that it has; a directory that is not here is no bots for Kubernetes', async () => {
  const absent = await runHere(['schedule', 'crontab', '--env-file', alike, '--bot', 'shap']);
  expect([absent.code, absent.stderr]).toEqual([
    64,
    expect.stringMatching(/--bot: "shap" is no bot of .*; did you mean shop/),
  ]);
  const nowhere = await runHere(['schedule', 'kubernetes', '--image', 'x', '--bots', '/etc/no/bots']);
  expect([nowhere.code, nowhere.stderr]).toEqual([
    78,
    expect.stringContaining('"/etc/no/bots" cannot be read: no such file'),
  ]);
});
