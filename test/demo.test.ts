import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { displayWidth } from '../src/report/table.ts';
import { botToken } from './support/bot-api.ts';
import { deleteDueSection } from './support/demo/delete-due.ts';
import { kinds } from './support/demo/kinds.ts';
import { Screen } from './support/demo/screen.ts';
import type { Stage } from './support/demo/stage.ts';
import { createScene, type Scene } from './support/scene.ts';

describe('the demo as a command', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'a demo '));
    // PostgreSQL's own user must come in where the tests run as root.
    chmodSync(folder, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const serverFolders = (): string[] => readdirSync(folder).filter((name) => name.startsWith('telesweep-'));

  /** In a process group of its own, as a terminal starts it. */
  function startDemo(records: number): { child: ChildProcess; output: () => string } {
    const script = fileURLToPath(new URL('support/demo.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, '--records', String(records)], {
      detached: true,
      env: { PATH: process.env.PATH, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    const hear = (chunk: unknown): void => {
      text += String(chunk);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    return { child, output: () => text };
  }

  test('finds every kind of record as it should be, in 80 columns, and leaves nothing', async () => {
    const { child, output } = startDemo(1);
    const [code] = await once(child, 'close');
    expect(output()).not.toContain('✗');
    expect(code).toBe(0);
    for (const { name } of kinds) expect(output()).toMatch(new RegExp(`^ +${name} .*✓$`, 'm'));
    expect(output()).not.toContain('\x1b');
    expect(
      output()
        .split('\n')
        .filter((line) => displayWidth(line) > 80),
    ).toEqual([]);
    expect(serverFolders()).toEqual([]);
  });

  test('Ctrl-C in the middle of a pass: no process and no file is left', async () => {
    const { child, output } = startDemo(300);
    while (!output().includes('$ telesweep delete-due')) {
      await once(child.stdout ?? child, 'data');
      expect(output()).not.toContain('broke off');
    }
    const [server] = serverFolders();
    expect(server).toBeDefined();
    const pidFile = readFileSync(join(folder, server ?? '', 'data', 'postmaster.pid'), 'utf8');
    const serverPid = Number(pidFile.split('\n')[0]);
    expect(isAlive(serverPid)).toBe(true);

    const pid = child.pid ?? 0;
    process.kill(-pid, 'SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
    expect(output()).toMatch(/no terminal\n\nBroken off.*\n$/);
    expect(serverFolders()).toEqual([]);
    expect(isAlive(serverPid)).toBe(false);
    expect(isAlive(-pid)).toBe(false);
  });
});

/** @param pid of a process, or below zero of a group */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("the demo's own check", () => {
  let scene: Scene;
  let printed = '';
  let stage: Stage;
  beforeAll(async () => {
    scene = await createScene({}, { TELEGRAM_RATE: '28' });
    const write = (text: string): void => {
      printed += text;
    };
    stage = {
      screen: new Screen({ write, on: () => undefined }, {}),
      api: scene.api,
      secrets: [botToken],
      query: (sql, params) => scene.db.query(sql, params),
      telesweep: (args) => scene.run(args),
      close: () => scene.close(),
    };
  });
  afterAll(() => stage.close());

  async function call(method: string, params: unknown): Promise<void> {
    const answer = await fetch(`${scene.api.url}/bot${botToken}/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(params),
    });
    expect(await answer.json()).toMatchObject({ ok: true });
  }

  const faults = (): string[] => printed.split('\n').filter((line) => line.includes('✗'));

  test('sees a lost record, a second notice, a wrong deletion and a changed reason', async () => {
    const section = deleteDueSection(1);
    await section.before(stage);
    printed = '';
    expect(await section.after(stage)).toBeGreaterThan(0);
    // No pass has run: only what must stay as it is looks right.
    expect(faults()).toEqual(expect.arrayContaining([expect.stringContaining('files in a private chat')]));
    expect(faults()).not.toEqual(expect.arrayContaining([expect.stringContaining('not due yet')]));

    await section.run(stage);
    printed = '';
    await section.after(stage);
    expect(faults()).toEqual([]);

    // The only chat that got more than one notice is that of the many records.
    const repeated = scene.api.sent().find(({ chatId }) => scene.api.sent(chatId).length > 1);
    await call('sendMessage', repeated?.call.params);
    const [early] = await scene.db.query('select chat_id, message_ids from pending_deletions where delete_at > now()');
    await call('deleteMessages', early);
    await scene.db.query("update pending_deletions set failure = 'refused' where failure = 'too_old'");
    await scene.db.query("delete from pending_deletions where failure = 'bad_message_id'");
    printed = '';
    await section.after(stage);
    const kindsAtFault = kinds.map(({ name }) => name).filter((name) => faults().some((line) => line.includes(name)));
    expect(kindsAtFault).toEqual([
      'many records of one chat',
      'more than 48 hours old',
      'ids that no message can have',
      'not due yet',
    ]);
    expect(faults()).toEqual(expect.arrayContaining([expect.stringContaining("summary's figures")]));
  });
});
