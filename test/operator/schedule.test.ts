import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Cron } from 'croner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobs } from '../../src/jobs/index.ts';
import { cronEvery } from '../../src/jobs/post-guide/cron-every.ts';
import { intervalSeconds, onCalendar } from '../../src/operator/schedule/calendar.ts';
import { exitCodes } from '../../src/process/exit-code.ts';
import type { JobName } from '../../src/process/summary.ts';
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

const names = jobs.map(({ name }) => name);

interface Printed {
  format: string;
  time_zone: string;
  files: { name: string; text: string }[];
}

async function schedule(args: readonly string[], env: Record<string, string> = {}): Promise<Printed> {
  const { code, stdout, stderr } = await runHere(['schedule', ...args, '--json'], { env });
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

const textOf = async (...given: Parameters<typeof schedule>): Promise<string> =>
  (await schedule(...given)).files.map(({ text }) => text).join('\n');

describe('what the project ships is what the command prints', () => {
  test('crontab.example: telesweep schedule crontab >crontab.example', async () => {
    const { stdout } = await runHere(['schedule', 'crontab']);
    expect(readFileSync(join(root, 'crontab.example'), 'utf8')).toBe(stdout);
  });

  test.each([
    ['systemd', 2 * names.length],
    ['kubernetes', names.length],
  ])('deploy/%s: telesweep schedule … --output deploy/…', async (format, count) => {
    const to = join(folder, format);
    const { code, stdout } = await runHere(['schedule', format, '--output', to]);
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
    const settings = { ...scene.env, ...postTo([channel]) };
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

  test('refuse a schedule that goes by days', () => {
    expect(() => onCalendar('0 0 * * 1', 'UTC')).toThrow('0 0 * * 1');
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
});

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
      expect(JSON.parse(field('values'))).toEqual(Object.values(final).sort((a, b) => a - b));
      const mounts = [...text.matchAll(/^ +- key: (\S+)$/gm)].map(([, key]) => key);
      expect(mounts.includes('telegram-bot-token')).toBe(!['cleanup-tokens', 'reset-counts'].includes(name));
    }
  });

  test('carry image and namespace', async () => {
    const text = await textOf(['kubernetes', '--image', 'registry.example:5000/a/b@sha256:0f', '--namespace', 'bots']);
    expect(text.match(/image: "registry.example:5000\/a\/b@sha256:0f"/g)).toHaveLength(names.length);
    expect(text.match(/namespace: "bots"/g)).toHaveLength(names.length);
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
    expect(files.map(({ name }) => name)).toEqual(['telesweep-post-guide.yaml', 'telesweep-delete-due.yaml']);
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
    const lines = await textOf(['crontab', '--env-file', file]);
    expect(lines).toContain('\nCRON_TZ=Europe/Berlin\n');
    expect(lines.match(new RegExp(` --env-file ${file}\n`, 'g'))).toHaveLength(names.length + 1);
  });

  test('a settings file of another machine: it says what it goes by', async () => {
    const { code, stdout, stderr } = await runHere(['schedule', 'crontab', '--env-file', '/srv/not-here.env']);
    expect([code, stdout.includes('--env-file /srv/not-here.env')]).toEqual([0, true]);
    expect(stderr).toBe(
      'telesweep schedule: /srv/not-here.env cannot be read here, so the times are in UTC: give TIMEZONE in the environment if it says otherwise\n',
    );
  });

  test.each([
    [['crontab', '--job', 'delete'], 64, /'--job <JOB>' argument 'delete' is invalid. expected cleanup-tokens, /],
    [['systemd', '--image', 'x'], 64, /--image: only for telesweep schedule kubernetes/],
    [['crontab', '--namespace', 'x'], 64, /--namespace: only for/],
    [['kubernetes', '--namespace', 'A b'], 64, /--namespace: "A b" .*expected a name/],
    [['kubernetes', '--image', 'a"\nb'], 64, /--image: .*expected an image/],
    [['systemd', '--env-file', '/etc/a b'], 64, /--env-file: "\/etc\/a b" .*expected an absolute path/],
    [['crontab', '--env-file', '/etc/$(id)'], 64, /--env-file: .*expected an absolute path/],
    [['crontab', '--output', '/dev/null/x'], 64, /--output: cannot write to "\/dev\/null\/x": ENOTDIR/],
    [['cron'], 64, /Allowed choices are crontab, kubernetes, systemd/],
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
