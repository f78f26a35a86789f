import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { botToken } from '../support/bot-api.ts';
import { pendingDeletion } from '../support/rows.ts';
import { telesweep } from '../support/run.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await createScene({}, { TELEGRAM_TIMEOUT: '2s' }, { monitors: true });
});
afterAll(() => scene.close());

let chat = 60_000;
beforeEach(async () => {
  chat += 100;
  scene.api.clearFaults();
  await scene.db.query(
    'truncate pending_deletions, telesweep.runs, telesweep.budgets, telesweep.leases, telesweep.senders',
  );
  await scene.db.query("insert into telesweep.bots values ('123456789', 'sweep_test_bot') on conflict do nothing");
});

async function records(n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    scene.api.addMessages(chat + i, [1, 2]);
    await pendingDeletion(scene.db, { chatId: chat + i, messageIds: [1, 2], uniqueId: `file_${chat + i}` });
  }
}

const sentInThisTest = () => scene.api.sent().filter(({ chatId }) => Number(chatId) >= chat);

const left = () =>
  scene.db.query<{ failed: boolean; open: boolean; waits: boolean }>(
    `select failed_at is not null as failed, notice_started_at is not null as open, next_attempt_at > now() as waits
     from pending_deletions`,
  );

describe('a Telegram that hangs', () => {
  test.each([3, 30])('%i records: exit 69 soon, none is lost or given up, and a pass after it does all', async (n) => {
    await records(n);
    scene.api.fault({ kind: 'hang', times: Number.POSITIVE_INFINITY });
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(69);
    expect(summary).toMatchObject({ outcome: 'failed', stop_reason: 'error', left: { due: n } });
    expect(summary.error).toContain('Telegram');
    expect(summary.duration_ms).toBeLessThan(10_000);
    expect(await scene.db.query('select job from telesweep.leases')).toEqual([]);
    const rows = await left();
    expect(rows).toHaveLength(n);
    expect(rows.filter(({ failed, open }) => failed || open)).toEqual([]);

    scene.api.clearFaults();
    await scene.db.query('update pending_deletions set next_attempt_at = null');
    const next = await scene.pass(['delete-due']);
    expect(next.code).toBe(0);
    expect(sentInThisTest()).toHaveLength(n);
  });

  test('its first call only: that record waits, the others are done, exit 0', async () => {
    await records(4);
    scene.api.fault({ kind: 'hang', times: 1 });
    const { code, summary } = await scene.pass(['delete-due']);
    expect({ code, error: summary.error }).toEqual({ code: 0, error: undefined });
    expect(summary).toMatchObject({
      outcome: 'ok',
      stop_reason: 'done',
      counts: { records: 3, notices_sent: 3, deferred: 1, notices_uncertain: 0 },
      left: { due: 1 },
    });
    expect(await left()).toEqual([{ failed: false, open: false, waits: true }]);
  });

  test.each([
    true,
    false,
  ])('at one notice (which arrived: %s): it is uncertain, reported, and not sent again', async (work) => {
    await records(3);
    scene.api.fault({ kind: 'hang', method: 'sendMessage', times: 1, work });
    const { code, summary, stderr } = await scene.pass(['delete-due']);
    expect(code).toBe(0);
    expect(summary.counts).toMatchObject({ records: 3, notices_sent: 2, notices_uncertain: 1, deferred: 0 });
    expect(stderr).toContain('may or may not have arrived');
    expect((await scene.pass(['delete-due'])).summary.telegram.calls).toBe(0);
    expect(sentInThisTest()).toHaveLength(work ? 3 : 2);
    expect(await left()).toEqual([]);
  });

  test('at all notices, which arrived: none is sent again, and no more are in doubt than were sent', async () => {
    await records(12);
    scene.api.fault({ kind: 'hang', method: 'sendMessage', times: Number.POSITIVE_INFINITY, work: true });
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(69);
    scene.api.clearFaults();
    const next = await scene.pass(['delete-due']);
    expect(next.summary.left.due).toBe(0);
    const chats = sentInThisTest().map(({ chatId }) => chatId);
    expect(chats).toHaveLength(12);
    expect(new Set(chats).size).toBe(12);
    const doubts = (summary.counts.notices_uncertain ?? 0) + (next.summary.counts.notices_uncertain ?? 0);
    expect(doubts + (next.summary.counts.notices_sent ?? 0)).toBe(12);
  });
});

describe('a process that may have 4 GB of addresses, as a shared host allows', () => {
  const shell = 'ulimit -v 4000000';
  const pass = (env: Record<string, string> = {}) =>
    telesweep(['delete-due'], { shell, env: { ...scene.env, ...env } });

  test('is told the way out where Node has no room for WebAssembly, and loses nothing', async () => {
    const memory = 'new WebAssembly.Memory({ initial: 1 })';
    const hasRoom = spawnSync('sh', ['-c', `${shell} && exec "$0" -e '${memory}'`, process.execPath]).status === 0;
    await records(2);
    const { code, summary, stderr } = await pass();
    if (hasRoom) {
      expect(code).toBe(0);
      return;
    }
    expect(code).toBe(69);
    expect(summary?.error).toMatch(
      /^Telegram cannot be reached: WebAssembly.*NODE_OPTIONS=--disable-wasm-trap-handler/,
    );
    expect(stderr).not.toContain('defect');
    expect((await left()).filter(({ failed, open }) => !failed && !open)).toHaveLength(2);
    const doctor = await telesweep(['doctor'], { shell, env: scene.env });
    expect(doctor.stdout).toContain('NODE_OPTIONS=--disable-wasm-trap-handler');
  });

  test('works once it is taken', async () => {
    await records(2);
    const { code } = await pass({ NODE_OPTIONS: '--disable-wasm-trap-handler' });
    expect([code, await left()]).toEqual([0, []]);
    expect(sentInThisTest()).toHaveLength(2);
  });
});

describe("answers that are not Telegram's", () => {
  test('a redirecting address: exit 69, nothing is followed, and the message says what is wrong', async () => {
    await records(2);
    scene.api.fault({ kind: 'redirect', location: `${scene.api.url}/elsewhere`, times: Number.POSITIVE_INFINITY });
    const { code, summary } = await scene.pass(['delete-due']);
    expect(code).toBe(69);
    expect(summary.error).toMatch(/redirect/);
    expect(scene.api.strays).toEqual([]);
    expect(await left()).toHaveLength(2);
  });

  test.each([200, 404, 502])('HTML with status %i to every call: exit 69, records kept', async (status) => {
    await records(2);
    const server = createServer((request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : null;
    const { code, summary } = await scene.pass(['delete-due'], { TELEGRAM_API_ROOT: `http://127.0.0.1:${port}` });
    expect(code).toBe(69);
    expect(summary.error).toContain('Telegram');
    const rows = await left();
    expect(rows).toHaveLength(2);
    expect(rows.filter(({ failed, open }) => failed || open)).toEqual([]);
  });

  test.each([
    [400, 'Bad Request: '],
    [401, 'Unauthorized: '],
    [403, 'Forbidden: bot was blocked by the user, '],
    [502, 'Bad Gateway: '],
  ])('a %i whose description quotes the address, and the token with it: no output holds it', async (errorCode, words) => {
    await records(2);
    const description = `${words}no /bot${botToken}/deleteMessages here`;
    scene.api.fault({ kind: 'error', code: errorCode, description, times: Number.POSITIVE_INFINITY });
    const { stdout, stderr } = await scene.run(['delete-due', '--json', '--log-level', 'trace']);
    // The scene looks through records, metrics and pings when it closes.
    expect(`${stdout}${stderr}`).not.toContain(botToken.split(':')[1]);
  });

  test('nobody listens: exit 69, records kept', async () => {
    await records(2);
    const { code, summary } = await scene.pass(['delete-due'], { TELEGRAM_API_ROOT: 'http://127.0.0.1:9' });
    expect(code).toBe(69);
    expect(summary.error).toMatch(/Telegram .*ECONNREFUSED/);
    expect(await left()).toHaveLength(2);
  });
});

describe('a token that Telegram refuses', () => {
  test('from the first call: exit 77, records kept, and the message names no part of it', async () => {
    await records(2);
    const token = '123456789:AAE-another-secret_that-nobody-may-see-00';
    const { code, summary, stderr } = await scene.pass(['delete-due'], { TELEGRAM_BOT_TOKEN: token });
    expect(code).toBe(77);
    expect(summary).toMatchObject({ outcome: 'failed', stop_reason: 'error', left: { due: 2 } });
    expect(summary.error).toMatch(/refuses the token of bot 123456789.*TELEGRAM_BOT_TOKEN/);
    expect(stderr).not.toContain('another-secret');
    expect((await left()).filter(({ failed, open, waits }) => failed || open || waits)).toEqual([]);
  });

  test('in the middle, as it is revoked: exit 77, and what was done is saved', async () => {
    const token = '55555:AAE-a-secret_that-is-revoked-in-the-middle';
    scene.api.addBot({ token });
    await records(20);
    scene.api.onDone = (call) => {
      if (sentInThisTest().length === 5 && call.method === 'sendMessage') scene.api.revoke(token);
    };
    const { code, summary } = await scene.pass(['delete-due'], { TELEGRAM_BOT_TOKEN: token, TELEGRAM_RATE: '50' });
    scene.api.onDone = undefined;
    expect(code).toBe(77);
    expect(summary.counts).toMatchObject({ records: 5, notices_sent: 5, notices_uncertain: 0 });
    expect(summary.left.due).toBe(15);
    const rows = await left();
    expect(rows).toHaveLength(15);
    expect(rows.filter(({ failed, open }) => failed || open)).toEqual([]);

    // The first bot with success was the other one.
    expect(await scene.pass(['delete-due'])).toMatchObject({ code: 78, summary: { telegram: { calls: 0 } } });
    await scene.run(['doctor', '--accept-bot']);
    const next = await scene.pass(['delete-due']);
    expect(next.code).toBe(0);
    expect(sentInThisTest()).toHaveLength(20);
  });
});
