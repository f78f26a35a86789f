import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import displayWidth from 'string-width';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { jobs } from '../src/jobs/index.ts';
import { botToken } from './support/bot-api.ts';
import { cleanupTokensSection } from './support/demo/cleanup-tokens.ts';
import { deleteBroadcastsSection } from './support/demo/delete-broadcasts.ts';
import { deleteDueSection } from './support/demo/delete-due.ts';
import { kinds } from './support/demo/kinds.ts';
import { manyBotsSection } from './support/demo/many-bots.ts';
import { postGuideSection } from './support/demo/post-guide.ts';
import { resetCountsSection } from './support/demo/reset-counts.ts';
import { Screen } from './support/demo/screen.ts';
import type { Section } from './support/demo/section.ts';
import { passesOf, type Stage } from './support/demo/stage.ts';
import { showWhole } from './support/demo/whole.ts';
import type { RunResult } from './support/run.ts';
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

  test('runs every job and finds every kind of row as it should be, in 80 columns, and leaves nothing', async () => {
    const { child, output } = startDemo(1);
    const [code] = await once(child, 'close');
    expect(output()).not.toContain('✗');
    expect(code).toBe(0);
    for (const { name } of jobs) expect(output()).toContain(`$ telesweep ${name} `);
    for (const { name } of kinds) expect(output()).toMatch(new RegExp(`^ +${name} .*✓$`, 'm'));
    expect(output()).not.toContain('\x1b');
    expect(
      output()
        .split('\n')
        .filter((line) => displayWidth(line) > 80),
    ).toEqual([]);
    expect(serverFolders()).toEqual([]);
  }, 60_000);

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
    expect(output()).toMatch(/every minute\n\nBroken off.*\n$/);
    expect(serverFolders()).toEqual([]);
    expect(isAlive(serverPid)).toBe(false);
    expect(isAlive(-pid)).toBe(false);
  }, 60_000);
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
    scene = await createScene({}, { TELEGRAM_RATE: '200' });
    const write = (text: string): void => {
      printed += text;
    };
    const passes: RunResult[] = [];
    stage = {
      screen: new Screen({ write, on: () => undefined }, {}),
      api: scene.api,
      secrets: [botToken],
      passes,
      databaseUrl: scene.db.url,
      botsFolder: join(mkdtempSync(join(tmpdir(), 'a demo ')), 'bots'),
      timeZone: 'UTC',
      query: (sql, params) => scene.db.query(sql, params),
      async telesweep(args, env) {
        const result = await scene.run(args, env);
        passes.push(...passesOf(result));
        return result;
      },
      close: () => scene.close(),
    };
  });
  afterAll(async () => {
    rmSync(dirname(stage.botsFolder), { recursive: true });
    await stage.close();
  });

  async function call(method: string, params: unknown): Promise<void> {
    const answer = await fetch(`${scene.api.url}/bot${botToken}/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(params),
    });
    expect(await answer.json()).toMatchObject({ ok: true });
  }

  /** What a section marks as wrong now: each line up to its first gap. */
  async function faults(section: Section): Promise<string[]> {
    printed = '';
    const bad = await section.after(stage);
    const lines = printed.split('\n').filter((line) => line.includes('✗'));
    expect(bad > 0).toBe(lines.length > 0);
    return lines.map((line) => line.replace('✗', '').trim().split('  ')[0] ?? '');
  }

  test('of delete-due sees a lost record, a second notice, a wrong deletion and a changed reason', async () => {
    const section = deleteDueSection(1);
    await section.before(stage);
    // No pass has run: only what must stay as it is looks right.
    expect(await faults(section)).toContain('files in private chats');
    expect(await faults(section)).not.toContain('not due yet');
    await section.run(stage);
    expect(await faults(section)).toEqual([]);

    // The only chat that got more than one notice is that of the many records.
    const repeated = scene.api.sent().find(({ chatId }) => scene.api.sent(chatId).length > 1);
    await call('sendMessage', repeated?.call.params);
    const [early] = await scene.db.query('select chat_id, message_ids from pending_deletions where delete_at > now()');
    await call('deleteMessages', early);
    await scene.db.query("update pending_deletions set failure = 'refused' where failure = 'too_old'");
    await scene.db.query("delete from pending_deletions where failure = 'bad_message_id'");
    const found = await faults(section);
    expect(kinds.map(({ name }) => name).filter((name) => found.includes(name))).toEqual([
      'many records of one chat',
      'more than 48 hours old',
      'ids that no message can have',
      'not due yet',
    ]);
    expect(found).toContain("the summary's figures are those of Telegram's books");
  });

  test('of delete-broadcasts sees a ledger row too few, a wrong deletion and a lost record', async () => {
    const section = deleteBroadcastsSection();
    await section.before(stage);
    expect(await faults(section)).toContain('some chats out of reach');
    expect(await faults(section)).not.toContain('not due yet');
    await section.run(stage);
    expect(await faults(section)).toEqual([]);

    const [row] = await scene.db.query<{ chat_id: string }>(
      `delete from broadcast_messages where ctid in (
         select message.ctid from broadcast_messages as message join broadcasts on id = broadcast_id
         where text = 'not due yet' order by chat_id desc limit 1) returning chat_id`,
    );
    await call('deleteMessage', { chat_id: row?.chat_id, message_id: 14 });
    await scene.db.query("delete from broadcasts where failure = 'no_ledger'");
    expect(await faults(section)).toEqual([
      'without a ledger',
      'not due yet',
      'without delete_at',
      expect.stringContaining('one call a chat'),
    ]);
  });

  test('of post-guide sees a post too many and a state that is wrong', async () => {
    const section = postGuideSection();
    await section.before(stage);
    expect(await faults(section)).toContain('channels');
    await section.run(stage);
    expect(await faults(section)).toEqual([]);

    const [sent] = scene.api.sent(-1_001_700_000_002);
    await call('sendMessage', sent?.call.params);
    await scene.db.query("update telesweep.guide_posts set state = 'posted' where state = 'failed'");
    expect(await faults(section)).toEqual(['bot was kicked', 'each slot brought one guide, the next']);
  });

  test('of several bots sees a notice that one did not send, and a record that was left', async () => {
    const section = manyBotsSection(2);
    await section.before(stage);
    expect(await faults(section)).toEqual([
      'kiosk',
      'shop',
      'lost',
      expect.stringContaining('it exits with the worst'),
    ]);
    await section.run(stage);
    expect(await faults(section)).toEqual([]);
    await scene.db.query(
      `insert into kiosk.pending_deletions (chat_id, message_ids, delete_at) values (7710000001, '{4}', now())`,
    );
    expect(await faults(section)).toEqual(['kiosk']);
  });

  test('of the database jobs sees a row that stayed and one that went', async () => {
    const tokens = cleanupTokensSection();
    const counters = resetCountsSection();
    for (const section of [tokens, counters]) {
      await section.before(stage);
      expect(await faults(section)).toHaveLength(3);
      await section.run(stage);
      expect(await faults(section)).toEqual([]);
    }
    await scene.db.query(
      "delete from tokens where token in (select token from tokens where status = 'not_used' limit 1)",
    );
    await scene.db.query(
      "insert into token_generator_count (user_id, date) values (1, (now() at time zone 'UTC')::date - 30)",
    );
    expect(await faults(tokens)).toEqual(['never used, however old']);
    expect(await faults(counters)).toEqual(['counters of a month ago']);
  });

  test('of all passes sees a call that no pass reports, too many a second and a secret', async () => {
    const section: Section = { before: async () => {}, run: async () => {}, after: async () => showWhole(stage) };
    // The tests above made calls of their own, and let passes make 200 a second.
    expect(await faults(section)).toEqual([
      expect.stringMatching(/^the passes report \d+ calls/),
      expect.stringMatching(/^at most \d+ calls in any second/),
    ]);
    stage = { ...stage, secrets: ['delete-due'] };
    expect(await faults(section)).toContain('no output holds the token or the password');
  });
});
