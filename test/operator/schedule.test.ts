import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
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
import { promisify } from 'node:util';
import { Cron } from 'croner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { jobs } from '../../src/jobs/index.ts';
import { cronEvery } from '../../src/jobs/post-guide/cron-every.ts';
import { intervalSeconds, onCalendar } from '../../src/operator/schedule/calendar.ts';
import { exitCodes } from '../../src/process/exit-code.ts';
import type { JobName } from '../../src/process/summary.ts';
import { version } from '../../src/process/version.ts';
import type { World } from '../../src/process/world.ts';
import { parseDuration } from '../../src/settings/duration.ts';
import { newChannels, postTo } from '../support/guides.ts';
import { counter, pendingDeletion, token } from '../support/rows.ts';
import { bundle } from '../support/run.ts';
import { runHere } from '../support/run-here.ts';
import { createScene, type Scene } from '../support/scene.ts';
import { usualTimes } from '../support/usual-times.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'telesweep-schedule-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A group that is not root's, which whoever runs the tests may give a folder to. */
const otherGroup = process.getgid?.() || 4;

const names = jobs.map(({ name }) => name);

interface Printed {
  format: string;
  time_zone: string;
  files: { name: string; text: string }[];
}

async function schedule(args: readonly string[], env: Record<string, string> = {}): Promise<Printed> {
  const { code, stdout } = await runHere(['schedule', ...args, ...imageOf(args), '--json'], { env });
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

const shippedImage = `registry.example/telesweep:${version}`;

/** The flag that kubernetes wants. */
const imageOf = ([format, ...rest]: readonly string[]): string[] =>
  format === 'kubernetes' && !rest.includes('--image') ? ['--image', shippedImage] : [];

const textOf = async (...given: Parameters<typeof schedule>): Promise<string> =>
  (await schedule(...given)).files.map(({ text }) => text).join('\n');

describe('what the project ships is what the command prints', () => {
  test('crontab.example: telesweep schedule crontab >crontab.example', async () => {
    const { stdout } = await runHere(['schedule', 'crontab']);
    expect(readFileSync(join(root, 'crontab.example'), 'utf8')).toBe(stdout);
  });

  test('deploy/prometheus/telesweep-alerts.yml: telesweep schedule prometheus', async () => {
    const { stdout } = await runHere(['schedule', 'prometheus']);
    expect(readFileSync(join(root, 'deploy/prometheus/telesweep-alerts.yml'), 'utf8')).toBe(stdout);
  });

  test.each([
    ['systemd', 2 * (names.length + 1)],
    ['kubernetes', names.length + 3],
  ])('deploy/%s: telesweep schedule … --output deploy/…', async (format, count) => {
    const to = join(folder, format);
    mkdirSync(to);
    // Whatever stands in an env file of this machine.
    const env = format === 'systemd' ? { TIMEZONE: 'UTC', GUIDE_INTERVAL: '4h' } : {};
    const { code, stdout } = await runHere(['schedule', format, ...imageOf([format]), '--output', to], { env });
    expect(code).toBe(0);
    const written = readdirSync(to).sort();
    expect(stdout.trimEnd().split('\n').sort()).toEqual(written.map((name) => join(to, name)));
    expect(written).toHaveLength(count);
    const shipped = join(root, 'deploy', format);
    expect(readdirSync(shipped).sort()).toEqual(written);
    for (const name of written) {
      expect(readFileSync(join(shipped, name), 'utf8'), name).toBe(readFileSync(join(to, name), 'utf8'));
    }
  });
});

describe('the crontab', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await createScene();
  });
  afterAll(() => scene.close());

  test('has each job once, at the times of the table', async () => {
    const lines = (await textOf(['crontab'])).split('\n').filter((line) => /^[*\d]/.test(line));
    expect(lines.pop()).toBe('*/5 * * * *  telesweep doctor --alert --env-file "$HOME/telesweep.env"');
    const read = lines.map((line) =>
      /^((?:\S+ ){4}\S+) {2}telesweep (\S+) --max-runtime (\S+) /.exec(line)?.slice(1, 4),
    );
    expect(read).toEqual(jobs.map((job) => [job.cron(usualTimes), job.name, job.maxRuntime]));
  });

  test('runs every job as cron does: sh, a bare environment, settings in the home folder', async () => {
    const home = join(folder, 'home of cron');
    mkdirSync(join(home, 'bin'), { recursive: true });
    symlinkSync(bundle, join(home, 'bin/telesweep'));
    const [channel = ''] = newChannels(scene, 1);
    const settings = { ...scene.env, ...postTo([channel]), ALERT_CHAT_ID: channel };
    writeFileSync(
      join(home, 'telesweep.env'),
      Object.entries(settings)
        .map(([name, value]) => `${name}='${value}'\n`)
        .join(''),
    );
    scene.api.addMessages(1001, [1, 2]);
    await pendingDeletion(scene.db, { chatId: 1001, messageIds: [1, 2] });
    await token(scene.db);
    await counter(scene.db);

    const lines = (await textOf(['crontab'])).split('\n').filter((line) => /^[*\d]/.test(line));
    for (const line of lines) {
      const command = line.split(/\s+/).slice(5).join(' ');
      const env = { HOME: home, PATH: `${home}/bin:${join(process.execPath, '..')}:/usr/bin:/bin` };
      const { stdout, stderr } = await promisify(execFile)('/bin/sh', ['-c', command], { env });
      expect([command, stdout, stderr]).toEqual([command, '', '']);
    }
    const runs = await scene.db.query<{ job: JobName }>(`select job from telesweep.runs where outcome = 'ok'`);
    expect(runs.map(({ job }) => job).sort()).toEqual([...names].sort());
    expect(scene.api.messageIds(1001)).toHaveLength(1);
    expect(scene.api.sent(channel)).toHaveLength(1);
  });
});

describe('the units of systemd', () => {
  const crons = [
    ...jobs.map((job) => job.cron(usualTimes)),
    ...[1, 20, 45, 90, 120, 1440].map((minutes) => cronEvery(minutes * 60_000)),
  ];

  /** What a clock time of `OnCalendar=` stands for. Source: systemd.time(7). */
  function minutesOf(calendar: string): number[] {
    const [, hour = '', minute = ''] = /^\*-\*-\* ([\d*/,]+):([\d*/,]+):00 UTC$/.exec(calendar) ?? [];
    const values = (field: string, size: number): number[] =>
      Array.from({ length: size }, (_, n) => n).filter((n) => {
        if (field === '*') return true;
        const [start, step] = field.split('/').map(Number);
        return step === undefined ? field.split(',').map(Number).includes(n) : n >= (start ?? 0) && n % step === 0;
      });
    return values(hour, 24).flatMap((h) => values(minute, 60).map((m) => h * 60 + m));
  }

  test.each([...new Set(crons)])('come at the times of cron: %s', (cron) => {
    const day = Date.UTC(2026, 4, 6);
    const times = new Cron(cron, { timezone: 'UTC' })
      .nextRuns(1500, new Date(day - 1000))
      .map((time) => (time.getTime() - day) / 60_000);
    const ofDay = times.filter((minute) => minute < 24 * 60);
    expect(minutesOf(onCalendar(cron, 'UTC'))).toEqual(ofDay);
    const gaps = ofDay.map((minute, index) => (times[index + 1] ?? Number.NaN) - minute);
    expect(intervalSeconds(cron)).toBe(Math.min(...gaps) * 60);
  });

  test('take one day of the week, and refuse a schedule that goes by other days', () => {
    expect(onCalendar('0 9 * * 1', 'UTC')).toBe('Mon *-*-* 09:00:00 UTC');
    for (const cron of ['0 0 1 * *', '0 0 * * 1,2', '0 0 * * 7', '0 0 * 1 *', '0 0 * *'])
      expect(() => onCalendar(cron, 'UTC')).toThrow(cron);
  });

  test('give a pass its time and a stopped one the seconds that it needs', async () => {
    const { files } = await schedule(['systemd']);
    for (const job of jobs) {
      const { name, maxRuntime } = job;
      const text = files.find((file) => file.name === `telesweep-${name}.service`)?.text ?? '';
      const longest = Number(/^TimeoutStartSec=(\d+)$/m.exec(text)?.[1]);
      expect(longest * 1000).toBeGreaterThan(parseDuration(maxRuntime) ?? Number.NaN);
      expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1])).toBeGreaterThan(10);
      expect(text).toMatch(new RegExp(`^ExecStart=telesweep ${name} .*--max-runtime ${maxRuntime}$`, 'm'));
      expect(text).toContain(`SuccessExitStatus=${exitCodes.interrupted}\n`);
    }
  });

  test('try again what may go better, with an end before the next pass but one', async () => {
    const { ok, unavailable, interrupted, ...final } = exitCodes;
    const codes = Object.values(final).toSorted((a, b) => a - b);
    for (const interval of ['4h', '1h', '30m', '6m']) {
      const units = await textOf(['systemd', '--job', 'post-guide'], { GUIDE_INTERVAL: interval });
      const field = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(units)?.[1] ?? '';
      expect(field('Restart')).toBe('on-failure');
      expect(field('RestartPreventExitStatus')).toBe(codes.join(' '));
      const window = Number(field('StartLimitIntervalSec'));
      const burst = Number(field('StartLimitBurst'));
      expect(window * 1000).toBeLessThan(parseDuration(interval) ?? 0);
      // A try may wait 30 s for the database; slower than this, the limit would never be reached and nothing ever be failed.
      expect(burst * (Number(field('RestartSec')) + 30)).toBeLessThanOrEqual(window);
      // The first start counts.
      expect(burst).toBeGreaterThan(1);
    }
    // The next pass is as near as another try.
    expect(await textOf(['systemd', '--job', 'delete-due'])).not.toMatch(/^(Restart|StartLimit)/m);
    const often = await textOf(['systemd', '--job', 'post-guide'], { GUIDE_INTERVAL: '2m' });
    expect(often).not.toMatch(/^(Restart|StartLimit)/m);
  });

  test('let the metrics into their folder, by its group where one may write', async () => {
    const metrics = join(folder, 'textfile');
    mkdirSync(metrics);
    const units = () => textOf(['systemd', '--job', 'delete-due'], { METRICS_TEXTFILE_DIR: metrics });
    expect(await units()).toMatch(new RegExp(`^ReadWritePaths=-${metrics}\n.*\n#SupplementaryGroups=$`, 'm'));
    chownSync(metrics, process.getuid?.() ?? 0, otherGroup);
    chmodSync(metrics, 0o775);
    expect(await units()).toMatch(new RegExp(`^SupplementaryGroups=${otherGroup}$`, 'm'));
    expect(await textOf(['systemd', '--job', 'delete-due'])).toMatch(/^#SupplementaryGroups=\n#ReadWritePaths=$/m);
  });
});

test('where a text file is wanted, what writes the health into it runs beside the jobs', async () => {
  const wanted = { METRICS_TEXTFILE_DIR: '/srv/textfile' };
  expect(await textOf(['crontab'], wanted)).toMatch(
    /^\*\/5 \* \* \* \* {2}\S*telesweep\S* metrics --output --env-file /m,
  );
  const units = await textOf(['systemd'], wanted);
  expect(units).toMatch(/^ExecStart=.* metrics --output --env-file \S+$/m);
  expect(units.match(/^SuccessExitStatus=75 1$/gm)).toHaveLength(1);
  for (const args of [['crontab'], ['systemd']]) expect(await textOf(args)).not.toContain(' metrics --output');
  expect(await textOf(['crontab', '--job', 'delete-due'], wanted)).not.toContain(' metrics --output');
});

describe('where telesweep and Node lie', () => {
  const places = { node: '/opt/node-20/bin/node', script: '/opt/node-20/bin/telesweep' };
  const printed = async (format: string, program: World['program']) => {
    const { code, stdout, stderr } = await runHere(['schedule', format, '--job', 'delete-due'], { program });
    expect(code).toBe(0);
    return { stdout, stderr };
  };

  test('is what PATH and ExecStart say', async () => {
    const crontab = await printed('crontab', places);
    expect(crontab.stdout).toContain('\nPATH=/opt/node-20/bin:/usr/local/bin:/usr/bin:/bin\n');
    expect(crontab.stdout).toMatch(/^\* \* \* \* \* {2}telesweep delete-due /m);
    const units = await printed('systemd', places);
    expect(units.stdout).toContain(
      '\nExecStart=/opt/node-20/bin/node -- /opt/node-20/bin/telesweep delete-due --env-file ',
    );
    expect(units.stderr).not.toContain('no unit can look');
  });

  test('is left to the usual folders where it is one of them', async () => {
    const program = { node: '/usr/bin/node', script: '/usr/local/bin/telesweep' };
    expect(await printed('crontab', program)).toEqual(await printed('crontab', undefined));
    expect(await printed('systemd', program)).toEqual(await printed('systemd', undefined));
  });

  test('a program of another name is called by its path', async () => {
    const program = { node: '/usr/bin/node', script: '/srv/telesweep/dist/telesweep.cjs' };
    const { stdout } = await printed('crontab', program);
    expect(stdout).toContain('\nPATH=/usr/local/bin:/usr/bin:/bin\n');
    expect(stdout).toMatch(/^\* \* \* \* \* {2}\/srv\/telesweep\/dist\/telesweep\.cjs delete-due /m);
    expect((await printed('systemd', program)).stdout).toContain(
      '\nExecStart=/usr/bin/node -- /srv/telesweep/dist/telesweep.cjs delete-due ',
    );
  });

  test('a place that units hide is named', async () => {
    const program = { node: '/root/.nvm/versions/node/v20/bin/node', script: '/usr/local/bin/telesweep' };
    expect((await printed('systemd', program)).stderr).toContain(
      `telesweep schedule: ${program.node} lies where no unit can look (ProtectHome=, PrivateTmp=): install Node.js`,
    );
    expect((await printed('crontab', program)).stderr).not.toContain('no unit can look');
  });

  test('a place that would need quotes is left to the usual folders, and named', async () => {
    const program = { node: '/usr/bin/node', script: '/srv/my bots/telesweep' };
    for (const format of ['crontab', 'systemd']) {
      const { stdout, stderr } = await printed(format, program);
      expect(stdout).toBe((await printed(format, undefined)).stdout);
      expect(stderr).toContain(
        '"/srv/my bots/telesweep" would need quotes, so telesweep is looked for in /usr/local/bin:',
      );
    }
  });

  test('the program itself says where it lies', async () => {
    // By a plain path: the project may lie in a folder whose name would need quotes.
    const link = join(folder, 'telesweep.cjs');
    symlinkSync(bundle, link);
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--',
      link,
      'schedule',
      'systemd',
      '--job',
      'delete-due',
    ]);
    expect(stdout).toContain(`\nExecStart=${process.execPath} -- ${link} delete-due `);
  });
});

test('the unit of the alerts ends well where something is not well, and comes every five minutes', async () => {
  const { files } = await schedule(['systemd']);
  const [service = '', timer = ''] = ['service', 'timer'].map(
    (kind) => files.find(({ name }) => name === `telesweep-alert.${kind}`)?.text,
  );
  expect(service).toMatch(/^ExecStart=telesweep doctor --alert --env-file \S+$/m);
  expect(service).toContain('\nSuccessExitStatus=75 1\n');
  expect(minutesOfHour(timer)).toBe('00/5');
});

const minutesOfHour = (timer: string): string | undefined => /^OnCalendar=\*-\*-\* \*:(\S+):00 \S+$/m.exec(timer)?.[1];

describe('the manifests of Kubernetes', () => {
  test('end a job after its pass, and try again only what may go better', async () => {
    const { files } = await schedule(['kubernetes']);
    for (const job of jobs) {
      const { name, maxRuntime } = job;
      const text = files.find((file) => file.name === `telesweep-${name}.yaml`)?.text ?? '';
      const field = (key: string): string => new RegExp(`^ *${key}: (.*)$`, 'm').exec(text)?.[1] ?? '';
      expect(JSON.parse(field('schedule'))).toBe(job.cron(usualTimes));
      expect(field('args')).toBe(`[${name}, --max-runtime, ${maxRuntime}]`);
      expect(Number(field('activeDeadlineSeconds')) * 1000).toBeGreaterThan(parseDuration(maxRuntime) ?? Number.NaN);
      // Below ten seconds the controller may never start a job.
      expect(Number(field('startingDeadlineSeconds'))).toBeGreaterThanOrEqual(10);
      expect(field('concurrencyPolicy')).toBe('Forbid');
      expect(field('restartPolicy')).toBe('Never');
      const { ok, unavailable, interrupted, ...final } = exitCodes;
      expect([ok, unavailable, interrupted]).toEqual([0, 69, 75]);
      expect(field('command')).toBe(`[tini, -e, "${interrupted}", --, telesweep]`);
      expect(JSON.parse(field('values'))).toEqual(Object.values(final).sort((a, b) => a - b));
      const mounts = [...text.matchAll(/^ +- key: (\S+)$/gm)].map(([, key]) => key);
      expect(mounts.includes('telegram-bot-token')).toBe(!['cleanup-tokens', 'reset-counts'].includes(name));
    }
  });

  test('and alerts: what is not well was told, and is no failed Job', async () => {
    const { files } = await schedule(['kubernetes']);
    const { text = '' } = files.find(({ name }) => name === 'telesweep-alert.yaml') ?? {};
    expect(text).toMatch(/^ +command: \[tini, -e, "75", -e, "1", --, telesweep\]\n +args: \[doctor, --alert\]$/m);
    expect(text).toContain('schedule: "*/5 * * * *"');
  });

  test('carry image and namespace', async () => {
    const text = await textOf(['kubernetes', '--image', 'registry.example:5000/a/b@sha256:0f', '--namespace', 'bots']);
    expect(text.match(/image: "registry.example:5000\/a\/b@sha256:0f"/g)).toHaveLength(names.length + 2);
    expect(text.match(/namespace: "bots"/g)).toHaveLength(names.length + 3);
    expect(text).toContain('kubectl --namespace bots create secret generic telesweep --from-file=database-url=');
  });

  test('carry what the env file has: settings in the ConfigMap, secrets by their keys alone', async () => {
    const file = join(folder, 'cluster.env');
    writeFileSync(
      file,
      `TIMEZONE=Europe/Berlin\nGUIDE_CHAT_IDS='["@a", -1001]'\nNOTICE=\nTELEGRAM_BOT_TOKEN=12:AAH\nGUIDE_BOT_TOKEN=13:AAH\nPING_URL=https://hc.example/secret\nALERT_WEBHOOK_URL=https://hooks.example/secret\nMETRICS_TEXTFILE_DIR=/srv\n`,
    );
    const { files } = await schedule(['kubernetes', '--env-file', file], { GUIDE_INTERVAL: '2h' });
    const text = files.map((found) => found.text).join('---\n');
    const [, configMap] = parseAllDocuments(files.find(({ name }) => name === 'namespace.yaml')?.text ?? '');
    expect(configMap?.toJS().data).toEqual({
      TIMEZONE: 'Europe/Berlin',
      GUIDE_INTERVAL: '2h',
      GUIDE_CHAT_IDS: '["@a", -1001]',
    });
    // A variable of the container would overrule the ConfigMap.
    expect(text).not.toContain('name: TIMEZONE');
    expect(text).not.toMatch(/AAH|(hc|hooks)\.example/);
    const keysOf = (job: string): unknown[] =>
      [...(files.find(({ name }) => name === `telesweep-${job}.yaml`)?.text ?? '').matchAll(/ - key: (\S+)/g)].map(
        ([, key]) => key,
      );
    expect(keysOf('post-guide')).toEqual(['database-url', 'guide-bot-token', 'ping-url']);
    expect(keysOf('delete-due')).toEqual(['database-url', 'telegram-bot-token', 'ping-url']);
    // Doctor looks at every bot.
    const ofAlert = ['database-url', 'telegram-bot-token', 'guide-bot-token', 'ping-url', 'alert-webhook-url'];
    expect(keysOf('alert')).toEqual(ofAlert);
    expect(keysOf('migrate')).toEqual(['database-url']);
    const secrets = [...text.matchAll(/--from-file=(\S+)=/g)].map(([, key]) => key);
    expect(secrets.sort()).toEqual(ofAlert.toSorted());
  });

  test('name the Job that makes the tables by what it does, for a Job cannot be changed', async () => {
    const nameWith = async (image: string): Promise<string | undefined> =>
      /name: (telesweep-migrate-\w+)$/m.exec(await textOf(['kubernetes', '--image', image]))?.[1];
    const before = await nameWith('a:1');
    expect(before).toBeDefined();
    expect([await nameWith('a:1'), (await nameWith('a:2')) === before]).toEqual([before, false]);
  });
});

describe('what it is printed for', () => {
  test('jobs, each once, in the order given', async () => {
    const { files } = await schedule([
      'kubernetes',
      '--job',
      'post-guide',
      '--job',
      'delete-due',
      '--job',
      'post-guide',
    ]);
    expect(files.map(({ name }) => name)).toEqual([
      'namespace.yaml',
      'telesweep-migrate.yaml',
      'telesweep-post-guide.yaml',
      'telesweep-delete-due.yaml',
    ]);
  });

  test('the time zone and the slots, from the settings file or the environment', async () => {
    const file = join(folder, 'berlin.env');
    // Not filled in yet, and with a setting that is wrong: the schedule needs neither.
    writeFileSync(file, 'DATABASE_URL=\nTELEGRAM_RATE=fast\nTIMEZONE=Europe/Berlin\nGUIDE_INTERVAL=2h\n');
    const units = await textOf(['systemd', '--job', 'post-guide', '--env-file', file]);
    expect(units).toContain('OnCalendar=*-*-* 00/2:00:00 Europe/Berlin\n');
    expect(units).toContain(`LoadCredential=telesweep.env:${file}\n`);
    const manifest = await textOf(['kubernetes', '--job', 'post-guide', '--env-file', file], {
      TIMEZONE: 'Asia/Tokyo',
    });
    expect(manifest).toContain('timeZone: "Asia/Tokyo"');
    expect(manifest).toContain('schedule: "0 */2 * * *"');
    const overruled = await runHere(['schedule', 'systemd', '--env-file', file], { env: { TIMEZONE: 'Asia/Tokyo' } });
    expect(overruled.stdout).toContain(' Asia/Tokyo\n');
    expect(overruled.stderr).toBe(
      `telesweep schedule: TIMEZONE: printed by the environment, but ${file} says otherwise, and the jobs go by that\n`,
    );
    const lines = await textOf(['crontab', '--env-file', file]);
    expect(lines).toContain('\nCRON_TZ=Europe/Berlin\n');
    expect(lines.match(new RegExp(` --env-file ${file}\n`, 'g'))).toHaveLength(names.length + 2);
  });

  test('the file that the output names without being told', async () => {
    const home = join(folder, 'home');
    mkdirSync(home);
    writeFileSync(join(home, 'telesweep.env'), 'TIMEZONE=Asia/Kolkata\n');
    const { code, stdout, stderr } = await runHere(['schedule', 'crontab'], { env: { HOME: home } });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('\nCRON_TZ=Asia/Kolkata\n');
    expect(stdout).toContain(' --env-file "$HOME/telesweep.env"\n');
  });

  test('a settings file that it cannot read, or not all of it: it says what it goes by', async () => {
    const told = (reason: string) =>
      `telesweep schedule: ${reason}, so the times are in UTC: give TIMEZONE and GUIDE_INTERVAL in the environment if it says otherwise\n`;
    const elsewhere = await runHere(['schedule', 'crontab', '--env-file', '/srv/not-here.env']);
    expect([elsewhere.code, elsewhere.stdout.includes('--env-file /srv/not-here.env')]).toEqual([0, true]);
    expect(elsewhere.stderr).toBe(told('/srv/not-here.env cannot be read here (no such file)'));

    const homeless = await runHere(['schedule', 'crontab']);
    expect([homeless.code, homeless.stderr]).toEqual([
      0,
      told('"$HOME/telesweep.env" cannot be read here (HOME is not set)'),
    ]);

    const odd = join(folder, 'odd.env');
    writeFileSync(odd, 'TIMEZONE=Europe\\Berlin\n');
    const malformed = await runHere(['schedule', 'systemd', '--env-file', odd]);
    expect([malformed.code, malformed.stderr]).toEqual([
      0,
      expect.stringMatching(/odd\.env cannot be read here \(line 1: TIMEZONE .*\), so the times are in UTC/),
    ]);
  });

  test('what Node needs of its environment goes along, because cron and systemd start without it', async () => {
    const env = {
      NODE_EXTRA_CA_CERTS: '/etc/ssl/our-ca.pem',
      NODE_OPTIONS: '--require /tmp/debugger.js --use-system-ca  --disable-wasm-trap-handler --inspect',
    };
    const lines = [
      'NODE_EXTRA_CA_CERTS=/etc/ssl/our-ca.pem',
      'NODE_OPTIONS=--use-system-ca --disable-wasm-trap-handler',
    ];
    const cron = await textOf(['crontab'], env);
    expect(cron.split('\n').filter((line) => line.startsWith('NODE_'))).toEqual(lines);
    const units = await schedule(['systemd'], env);
    for (const { name, text } of units.files.filter(({ name }) => name.endsWith('.service'))) {
      expect([name, text.split('\n').filter((line) => line.startsWith('Environment='))]).toEqual([
        name,
        lines.map((line) => `Environment="${line}"`),
      ]);
    }
    expect(await textOf(['kubernetes'], env)).not.toContain('NODE_');
    expect(await textOf(['crontab'], { NODE_OPTIONS: '--inspect', NODE_EXTRA_CA_CERTS: '' })).not.toContain('NODE_');
  });

  test('a certificate that a line or a unit could not name is told of', async () => {
    const told = async (format: string, NODE_EXTRA_CA_CERTS: string) =>
      (await runHere(['schedule', format], { env: { NODE_EXTRA_CA_CERTS } })).stderr;
    expect(await told('crontab', '/etc/our ca.pem')).toContain('NODE_EXTRA_CA_CERTS: "/etc/our ca.pem" is left out');
    expect(await told('systemd', 'ca.pem')).toContain('NODE_EXTRA_CA_CERTS: "ca.pem" is left out');
    expect(await told('systemd', '/root/ca.pem')).toMatch(
      /NODE_EXTRA_CA_CERTS: \/root\/ca.pem lies where no unit can look/,
    );
    expect(await told('crontab', '/root/ca.pem')).not.toContain('NODE_EXTRA_CA_CERTS');
  });

  test('a folder that stands, with files for no other env file or namespace: else nothing is written', async () => {
    const to = join(folder, 'units');
    const write = (format: string, ...more: string[]) =>
      runHere(['schedule', format, ...imageOf([format]), '--job', 'delete-due', ...more, '--output', to]);
    expect(await write('systemd')).toMatchObject({
      code: 64,
      stdout: '',
      stderr: expect.stringContaining('is no folder'),
    });
    expect(existsSync(to)).toBe(false);
    mkdirSync(to);
    for (const [format, first, other] of [
      ['systemd', ['--env-file', '/etc/shop.env'], ['--env-file', '/etc/other.env']],
      ['crontab', ['--env-file', '/etc/shop.env'], ['--env-file', '/etc/other.env']],
      ['kubernetes', ['--namespace', 'shop'], ['--namespace', 'other']],
    ] as const) {
      expect(await write(format, ...first)).toMatchObject({ code: 0 });
      expect(await write(format, ...first)).toMatchObject({ code: 0 });
      const before = readdirSync(to).map((name) => readFileSync(join(to, name), 'utf8'));
      const refused = await write(format, ...other);
      expect(refused).toMatchObject({ code: 64, stdout: '' });
      expect(refused.stderr).toMatch(
        /--output: .*units\/\S+ stands for .*shop.*, not for .*other.*; expected another folder/,
      );
      expect(readdirSync(to).map((name) => readFileSync(join(to, name), 'utf8'))).toEqual(before);
    }
  });

  test.each([
    [['crontab', '--job', 'delete'], 64, /'--job <JOB>' argument 'delete' is invalid. expected cleanup-tokens, /],
    [['systemd', '--image', 'x'], 64, /--image: only for telesweep schedule kubernetes/],
    [['crontab', '--namespace', 'x'], 64, /--namespace: only for/],
    [['kubernetes'], 64, /--image: is missing; expected an image such as /],
    [['kubernetes', '--image', 'x', '--namespace', 'A b'], 64, /--namespace: "A b" .*expected a name/],
    [['kubernetes', '--image', 'a"\nb'], 64, /--image: .*expected an image/],
    [['systemd', '--env-file', '/etc/a b'], 64, /--env-file: "\/etc\/a b" .*expected an absolute path/],
    [['crontab', '--env-file', '/etc/$(id)'], 64, /--env-file: .*expected an absolute path/],
    [['crontab', '--output', '/dev/null/x'], 64, /--output: "\/dev\/null\/x" is no folder; expected one that stands/],
    [['cron'], 64, /Allowed choices are crontab, kubernetes, systemd, prometheus/],
    [[], 64, /missing required argument 'format'/],
  ])('%j is wrong usage', async (args, expected, words) => {
    const { code, stdout, stderr } = await runHere(['schedule', ...args]);
    expect([code, stdout]).toEqual([expected, '']);
    expect(stderr).toMatch(words);
  });

  test('a time zone that is none is a wrong setting, and one JSON object tells it', async () => {
    const env = { TIMEZONE: 'Europe/Berlinn', GUIDE_INTERVAL: '1s' };
    const { code, stdout, stderr } = await runHere(['schedule', 'crontab', '--json'], { env });
    expect(code).toBe(78);
    expect(stderr).toMatch(/TIMEZONE: "Europe\/Berlinn" is not a time zone \(did you mean Europe\/Berlin\?\)/);
    expect(stderr).toMatch(/GUIDE_INTERVAL: "1s"/);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: expect.stringContaining('TIMEZONE') });
  });
});
