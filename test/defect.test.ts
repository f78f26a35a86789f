import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeDefect } from '../src/defect.ts';
import { botToken } from './support/bot-api.ts';
import { telesweep } from './support/run.ts';

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
  });
});

test.each([
  'throw error',
  'Promise.reject(error)',
])('what nobody caught (%s) ends the program with 70', async (statement) => {
  const folder = mkdtempSync(join(tmpdir(), 'telesweep-defect-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const preload = join(folder, 'preload.cjs');
  writeFileSync(preload, `const error = new Error('at ${botToken}'); setTimeout(() => { ${statement} }, 1);\n`);
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
