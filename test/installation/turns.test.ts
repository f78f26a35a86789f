/** Nobody waits behind a bot that is slow. */
import { afterEach, expect, test } from 'vitest';
import { jobs } from '../../src/jobs/index.ts';
import { type ManyOptions, runMany } from '../../src/pass/many/run-many.ts';
import { collecting } from '../../src/process/world.ts';
import { createInstallation, type Installation, type TestBot } from '../support/installation.ts';
import { pendingDeletion } from '../support/rows.ts';
import { startSilentServer } from '../support/silent-server.ts';

let installation: Installation;
afterEach(() => installation.close());

/** Ten calls a second make a bot slow. @returns the chats of each bot's records */
async function layOut(records: Record<string, number>): Promise<Map<string, string[]>> {
  installation = await createInstallation(Object.keys(records), {}, { TELEGRAM_RATE: '10' });
  const chats = new Map<string, string[]>();
  let chat = 7_000;
  for (const { name, db } of installation.bots) {
    const own: string[] = [];
    for (let n = 0; n < (records[name] ?? 0); n++) {
      own.push(String(++chat));
      installation.api.addMessages(chat, [1]);
      await pendingDeletion(db, { chatId: chat });
    }
    chats.set(name, own);
  }
  return chats;
}

/** The job as `telesweep delete-due` runs it, with the times as values. */
async function deleteDue(many: Partial<ManyOptions>, maxRuntimeMs: number | null, limit: number | null = null) {
  const job = jobs.find(({ name }) => name === 'delete-due');
  if (job === undefined) throw new Error('there is no delete-due');
  const stdout = collecting({ write: () => {}, on: () => {} });
  const stderr = collecting(stdout);
  const { signal } = new AbortController();
  const stdin = process.stdin;
  const code = await runMany(
    job,
    {
      json: true,
      envFile: installation.directory,
      dryRun: false,
      maxRuntimeMs,
      limit,
      logLevel: 'info',
      logFormat: 'json',
      quiet: false,
      force: false,
      stayMs: 0,
    },
    { directory: installation.directory, parallel: 1, share: null, start: 0, ...many },
    { argv: [], env: {}, stdout, stderr, stdin, signal },
  );
  const { bots }: { bots: { bot: string; exit_code: number; summary: Summary | null }[] } = JSON.parse(stdout.text());
  return { code, bots, stderr: stderr.text() };
}

interface Summary {
  stop_reason: string;
  counts: Record<string, number>;
  telegram: { calls: number };
}

test('one that is at work longer than a turn goes to the end of the line, and its entry tells of all its turns', async () => {
  const chats = await layOut({ a: 12, b: 1, c: 1 });
  // Past 48 hours: given up in the first turn, without a call.
  await pendingDeletion(installation.bot('a').db, { chatId: 6_999, age: '50h' });
  const { code, bots } = await deleteDue({ turnMs: 600 }, null);
  expect([code, bots.map(({ bot, exit_code }) => [bot, exit_code])]).toEqual([
    1,
    [
      ['a', 1],
      ['b', 0],
      ['c', 0],
    ],
  ]);
  expect(bots[0]?.summary).toMatchObject({ outcome: 'partial', counts: { messages_failed: 1 } });
  expect(
    bots.map(({ summary }) => [summary?.stop_reason, summary?.counts.records, summary?.counts.notices_sent]),
  ).toEqual([
    ['done', 12, 12],
    ['done', 1, 1],
    ['done', 1, 1],
  ]);
  expect(bots.map(({ summary }) => summary?.telegram.calls).reduce((a = 0, b = 0) => a + b)).toBe(
    installation.api.callCount,
  );
  // The others' calls came before the last ones of the slow bot.
  const order = installation.api.calls.map(({ chatId }) => chatId ?? '');
  const last = (bot: string): number => Math.max(...(chats.get(bot) ?? []).map((chat) => order.lastIndexOf(chat)));
  expect(Math.max(last('b'), last('c'))).toBeLessThan(last('a'));
  const runs = await installation
    .bot('a')
    .db.query("select summary->>'stop_reason' as reason from telesweep.runs order by started_at");
  expect(runs[0]).toEqual({ reason: 'deadline' });
  expect(runs.at(-1)).toEqual({ reason: 'done' });
});

test('a database that does not answer keeps nobody waiting for a second try', async () => {
  await layOut({ a: 0, b: 1, c: 1 });
  const silent = await startSilentServer();
  try {
    const a = installation.bot('a');
    installation.write('a', {
      ...installation.settingsOf(a),
      DATABASE_URL: `postgres://u:pass-word-1@${silent.host}/db`,
    });
    const pass = deleteDue({}, null);
    const isDue = async ({ db }: TestBot): Promise<boolean> =>
      (await db.query('select 1 from pending_deletions')).length > 0;
    const others = [installation.bot('b'), installation.bot('c')];
    while ((await Promise.all(others.map(isDue))).includes(true));
    expect(silent.connections).toBe(1);
    silent.close();
    const { code, bots } = await pass;
    expect([code, bots.map(({ exit_code }) => exit_code)]).toEqual([69, [69, 0, 0]]);
    expect(bots[0]?.summary).toMatchObject({ outcome: 'failed', stop_reason: 'error' });
  } finally {
    silent.close();
  }
});

test('with nobody waiting a turn has no end', async () => {
  await layOut({ a: 6, b: 1 });
  await deleteDue({ turnMs: 100, parallel: 2 }, null);
  expect(await installation.bot('a').db.query('select 1 from telesweep.runs')).toHaveLength(1);
});

test('when the time is over, bots that were not reached are named, and another pass begins with another bot', async () => {
  await layOut({ a: 10, b: 1, c: 1 });
  const first = await deleteDue({}, 500);
  expect([first.code, first.bots]).toEqual([
    0,
    [
      expect.objectContaining({
        bot: 'a',
        exit_code: 0,
        summary: expect.objectContaining({ stop_reason: 'deadline' }),
      }),
      { bot: 'b', exit_code: 0, summary: null, unreached: true },
      { bot: 'c', exit_code: 0, summary: null, unreached: true },
    ],
  ]);
  expect(first.stderr).toMatch(
    /"level":"warn".*"bots":\["b","c"\].*2 of 3 bots not reached before the time was over: b, c"/,
  );
  const callsBefore = installation.api.callCount;
  const second = await deleteDue({ start: 0.4 }, null);
  expect(second.bots.map(({ summary }) => summary?.stop_reason)).toEqual(['done', 'done', 'done']);
  const order = installation.api.calls.slice(callsBefore).map(({ botId }) => botId);
  const [a, b, c] = installation.bots.map(({ token }) => Number(token.split(':')[0]));
  expect([...new Set(order)]).toEqual([b, c, a]);
});

test('a limit of items is that of a bot, however many turns there are', async () => {
  await layOut({ a: 9, b: 1 });
  const { bots } = await deleteDue({ turnMs: 400 }, null, 6);
  expect(bots[0]?.summary?.counts.records).toBeLessThanOrEqual(6);
  expect(bots[1]?.summary?.counts.records).toBe(1);
});
