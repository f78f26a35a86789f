import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { describeDefect, reportTo } from '../../src/process/defect.ts';
import { botToken } from '../support/bot-api.ts';
import { bundle, telesweep } from '../support/run.ts';
import { createScene, type Scene } from '../support/scene.ts';

const root = join(import.meta.dirname, '../..');

const secret = botToken.split(':')[1] ?? '';

describe('what is said of a defect', () => {
  test('its kind and its places, and its message where the engine wrote it', () => {
    const told = describeDefect(new TypeError("Cannot read properties of undefined (reading 'x')"));
    expect(told).toMatch(/^a defect of telesweep: TypeError: Cannot read properties of undefined/);
    expect(told).toMatch(/\n {4}at .*defect\.test\.ts/);
  });

  test.each([
    new Error(`no /bot${botToken}/getMe`),
    new SyntaxError(`Unexpected token in "${secret}"`),
    Object.assign(new TypeError(`Received '${secret}'`), { code: 'ERR_INVALID_ARG_TYPE' }),
    secret,
    { secret },
    new AggregateError([new Error(secret)], secret),
  ])('not what may hold a secret: %s', (error) => {
    const told = describeDefect(error);
    expect(told).toMatch(/^a defect of telesweep: \w/);
    expect(told).not.toContain(secret);
    expect(told).toContain(reportTo);
  });

  test('its message without the secrets, where they are known', () => {
    const told = describeDefect(new SyntaxError(`odd: ${secret}`), (text) => text.replaceAll(secret, '***'));
    expect(told).toMatch(/^a defect of telesweep: SyntaxError: odd: \*\*\*; please report it/);
  });
});

test.each([
  'setTimeout(() => { throw error }, 1)',
  'setTimeout(() => Promise.reject(error), 1)',
  // Met while a command runs, before the settings are known.
  'process.getBuiltinModule = () => { throw error }',
])('what nobody expects (%s) ends the program with 70', async (statement) => {
  const folder = mkdtempSync(join(tmpdir(), 'telesweep-defect-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const preload = join(folder, 'preload.cjs');
  writeFileSync(preload, `const error = new Error('at ${botToken}'); ${statement};\n`);
  const { code, stdout, stderr } = await telesweep(['delete-due'], {
    env: {
      NODE_OPTIONS: `--require ${JSON.stringify(preload)}`,
      DATABASE_URL: 'postgres://127.0.0.1:9/x',
      TELEGRAM_BOT_TOKEN: botToken,
    },
  });
  expect(code).toBe(70);
  expect(stderr).toContain('a defect of telesweep: Error; please report it');
  expect(stdout + stderr).not.toContain(secret);
});

describe('the report of a defect', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await createScene();
    // A statement that PostgreSQL finds wrong is telesweep's own fault.
    await scene.db.query('alter table telesweep.runs alter column job type bigint using 0');
  });
  afterAll(() => scene.close());

  /** The place of a text in a source, as `trace` prints it, without its column. */
  const placeOf = (file: string, text: string): string => {
    const line = readFileSync(join(root, file), 'utf8')
      .split('\n')
      .findIndex((found) => found.includes(text));
    expect(line).toBeGreaterThan(-1);
    return `${file}:${line + 1}:`;
  };
  const trace = (report: string, folder = dirname(bundle)) =>
    spawnSync(process.execPath, ['--import', 'tsx', 'scripts/trace.ts', folder], {
      cwd: root,
      input: report,
      encoding: 'utf8',
    });

  test('is in the log of a pass, with an address and its stack at every level, and leads to lines of the source', async () => {
    const { code, stderr } = await scene.start(['delete-due', '--quiet']).done;
    expect(code).toBe(70);
    const line = stderr.split('\n').find((found) => found.includes(reportTo)) ?? '';
    expect(JSON.parse(line)).toMatchObject({
      level: 'error',
      stack: expect.stringMatching(/\n {4}at .*\.cjs:\d+:\d+/),
    });
    const { stdout, status } = trace(line);
    expect(stdout).toContain(placeOf('src/store/connect.ts', 'return await runOnce(text, values);'));
    expect(stdout).toContain(placeOf('src/pass/pass.ts', 'await openRun(this.#connection'));
    expect(stdout).not.toContain('.cjs');
    expect(status).toBe(0);
  });

  test('is what an operator reads of it as well', async () => {
    const { code, stderr } = await scene.start(['status']).done;
    expect(code).toBe(70);
    expect(stderr).toMatch(/^telesweep status: a defect of telesweep: \w+: .*; please report it/);
    expect(trace(stderr).stdout).toContain('src/operator/status/status.ts:');
  });

  test('of another build stays as it is, and the file without a map is named', () => {
    const report = '    at run (/opt/telesweep-pass-0000.cjs:1:1)\n';
    const { stdout, stderr, status } = trace(report);
    expect(stdout).toBe(report);
    expect(stderr).toMatch(/no map of telesweep-pass-0000\.cjs/);
    expect(status).toBe(1);
  });
});
