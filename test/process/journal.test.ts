import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pendingDeletion } from '../support/rows.ts';
import { bundle } from '../support/run.ts';
import { createScene, type Scene } from '../support/scene.ts';

const folder = mkdtempSync(join(tmpdir(), 'telesweep-journal-'));
let scene: Scene;
beforeAll(async () => {
  scene = await createScene();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await scene.close();
});

/** Runs telesweep with stderr as systemd hands it over: a file that `JOURNAL_STREAM` names. @returns what stands in it */
async function inJournal(args: readonly string[], { elsewhere = false } = {}): Promise<string[]> {
  const path = join(folder, 'journal');
  const fd = openSync(path, 'w');
  const { dev, ino } = fstatSync(fd);
  const env = { PATH: process.env.PATH, ...scene.env, JOURNAL_STREAM: `${dev}:${elsewhere ? ino + 1 : ino}` };
  const child = spawn(process.execPath, ['--', bundle, ...args], { env, stdio: ['ignore', 'ignore', fd] });
  await once(child, 'close');
  const text = readFileSync(path, 'utf8');
  scene.note(`the journal of ${args.join(' ')}`, text);
  return text.trimEnd().split('\n');
}

test('lines of the log have their priority', async () => {
  await pendingDeletion(scene.db, { chatId: 41, age: '49h' });
  const lines = await inJournal(['delete-due']);
  const read = lines.map((line) => ({ priority: /^<(\d)>/.exec(line)?.[1], ...JSON.parse(line.slice(3)) }));
  const numbers: Record<string, string> = { error: '3', warn: '4', info: '6', debug: '7' };
  expect(new Set(read.map(({ level }) => level))).toEqual(new Set(['info', 'warn', 'error']));
  expect(read.map(({ priority }) => priority)).toEqual(read.map(({ level }) => numbers[level]));
});

test('what ends a command is an error, each line of it', async () => {
  const settings = await inJournal(['delete-due', '--env-file', join(folder, 'none.env')]);
  const usage = await inJournal(['delete-due', '--limit', 'many']);
  const command = await inJournal(['failed', 'list', '--env-file', join(folder, 'none.env')]);
  for (const lines of [settings, usage, command]) {
    expect(lines.filter((line) => line !== '' && !line.startsWith('<3>'))).toEqual([]);
  }
  expect(settings[0]).toMatch(/^<3>telesweep delete-due: --env-file: /);
});

test('where stderr leads elsewhere the lines stay as they are, whatever the variable says', async () => {
  const lines = await inJournal(['cleanup-tokens'], { elsewhere: true });
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ job: 'cleanup-tokens' });
});
