/** What an operator's command prints is its work: where a full disk cuts it off, that is no success. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { bundle } from '../support/run.ts';

/** Where the command says `"$@"`, telesweep runs with the arguments. */
const inShell = (command: string, args: string) =>
  spawnSync('bash', ['-c', `set -o pipefail; ${command}`, 'bash', process.execPath, '--', bundle, ...args.split(' ')], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TIMEZONE: 'UTC', GUIDE_INTERVAL: '3h' },
  });

test.each([
  'schedule crontab',
  'schedule systemd --json',
  'schedule kubernetes --image telesweep:1',
])('%s onto a full disk', (args) => {
  const { status, stderr } = inShell('"$@" >/dev/full', args);
  expect(stderr).toContain('telesweep schedule: what it printed is not whole: stdout could not be written (ENOSPC)\n');
  expect(status).toBe(1);
});

test('a reader that leaves early has what it wanted', () => {
  const { status, stderr } = inShell('"$@" | true', 'schedule crontab');
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('not whole')]);
});
