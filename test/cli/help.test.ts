import { expect, test } from 'vitest';
import { jobs } from '../../src/jobs/index.ts';
import { exitCodes } from '../../src/process/exit-code.ts';
import { runHere } from '../support/run-here.ts';

/** The names under `Commands:`; the program's own `help` among them is left out. */
function commandsOf(help: string): string[] {
  const [, list = ''] = /\nCommands:\n((?: {2}.*\n)+)/.exec(help) ?? [];
  return [...list.matchAll(/^ {2}([a-z][\w-]*)/gm)].flatMap(([, name = '']) => (name === 'help' ? [] : [name]));
}

/** Every command with its help, subcommands of subcommands as well. */
async function readHelp(path: string[] = []): Promise<{ command: string; code: number | null; help: string }[]> {
  const { code, stdout, stderr } = await runHere([...path, '--help']);
  const own = { command: ['telesweep', ...path].join(' '), code, help: stdout };
  expect(stderr).toBe('');
  const below = await Promise.all(commandsOf(stdout).map((name) => readHelp([...path, name])));
  return [own, ...below.flat()];
}

test('--help of every command exits 0, tells every exit code, and fits 80 columns', async () => {
  const pages = await readHelp();
  const commands = pages.map(({ command }) => command);
  expect(commands).toEqual(expect.arrayContaining(['telesweep', 'telesweep migrate']));
  for (const { name } of jobs) expect(commands).toContain(`telesweep ${name}`);

  for (const { command, code, help } of pages) {
    expect({ command, code }).toEqual({ command, code: 0 });
    expect(help).toContain(`Usage: ${command} `);
    const [, told = ''] = help.split('\nExit codes:\n');
    const codes = [...told.matchAll(/^ +(\d+) {2}\S/gm)].map(([, number]) => Number(number));
    expect({ command, codes }).toEqual({ command, codes: Object.values(exitCodes).sort((a, b) => a - b) });
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
  }
});

test('every job has the flags of a job', async () => {
  for (const { name } of jobs) {
    const { stdout } = await runHere([name, '--help']);
    for (const flag of ['dry-run', 'json', 'max-runtime', 'limit', 'env-file', 'log-level', 'log-format', 'quiet']) {
      expect(stdout).toMatch(new RegExp(`^ +--${flag}\\b`, 'm'));
    }
    expect(stdout.includes('--force')).toBe(name === 'post-guide');
  }
});
