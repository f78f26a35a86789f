/** A pass over ten bots in a process of its own, killed or asked to end in its midst. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createInstallation, type Installation, type TestBot } from '../support/installation.ts';
import { pendingDeletion } from '../support/rows.ts';
import { type StatementProxy, startStatementProxy } from '../support/statement-proxy.ts';

const names = Array.from({ length: 10 }, (_, n) => `bot-${n}`);
let installation: Installation;
let proxy: StatementProxy;

beforeAll(async () => {
  installation = await createInstallation(names, { latencyMs: 10 });
  const [any] = installation.bots;
  if (any === undefined) throw new Error('there is no bot');
  proxy = await startStatementProxy(any.db.url);
  for (const bot of installation.bots) {
    const throughProxy = new URL(bot.db.url);
    throughProxy.host = new URL(proxy.url).host;
    installation.write(bot.name, { ...installation.settingsOf(bot), DATABASE_URL: throughProxy.href });
  }
});
afterAll(async () => {
  await proxy.close();
  await installation.close();
});

let chat = 20_000;

/** Two due records a bot. @returns their chats */
async function layOut(): Promise<number[]> {
  const chats: number[] = [];
  for (const { db } of installation.bots) {
    await db.query('truncate pending_deletions, telesweep.budgets, telesweep.leases');
    for (const messageIds of [[1], [1, 2]]) {
      chats.push(++chat);
      installation.api.addMessages(chat, messageIds);
      await pendingDeletion(db, { chatId: chat, messageIds, uniqueId: `file_${chat}` });
    }
  }
  return chats;
}

const sum = async (select: string): Promise<number> => {
  const of = async ({ db }: TestBot) => Number((await db.query<{ n: string }>(select))[0]?.n);
  return (await Promise.all(installation.bots.map(of))).reduce((a, b) => a + b, 0);
};

/** What the dead pass had asked of the databases comes to its end there. */
async function sessionsEnd(): Promise<void> {
  const until = Date.now() + 5_000;
  while (
    (await sum(
      "select count(*) as n from pg_stat_activity where datname = current_database() and application_name = 'telesweep'",
    )) > 0
  ) {
    if (Date.now() > until) throw new Error('the dead pass still has a session');
  }
}

test.each([
  ['statement', 1],
  ['statement', 9],
  ['statement', 20],
  ['statement', 40],
  ['call', 1],
  ['call', 7],
  ['call', 19],
  ['call', 31],
] as const)('killed at %s %i: the next pass completes, no notice comes twice and none is lost unreported', async (point, at) => {
  const chats = await layOut();
  const sentBefore = installation.api.sent().length;
  const first = installation.start(['delete-due', '--parallel', '4']);
  let points = 0;
  let killed = false;
  const kill = async (): Promise<void> => {
    if (++points !== at) return;
    killed = first.child.kill('SIGKILL');
    await first.done;
  };
  if (point === 'statement') proxy.onStatement = kill;
  else installation.api.onCall = kill;
  await first.done;
  proxy.onStatement = undefined;
  installation.api.onCall = undefined;
  expect(killed).toBe(true);

  await sessionsEnd();
  const open = await sum(
    'select count(*) as n from pending_deletions where notice_started_at is not null and failed_at is null',
  );
  for (const { db } of installation.bots) {
    await db.query("update telesweep.leases set expires_at = now() - interval '1 second'");
  }
  const second = await installation.run(['delete-due', '--json']);
  const { bots }: { bots: { exit_code: number; summary: { counts: { notices_uncertain: number } } }[] } = JSON.parse(
    second.stdout,
  );
  expect(bots).toHaveLength(10);
  expect(await sum('select count(*) as n from pending_deletions')).toBe(0);
  for (const id of chats) {
    const notices = installation.api.sent(id);
    expect(notices.length, `notices to ${id}`).toBeLessThanOrEqual(1);
    expect(installation.api.messageIds(id)).toEqual(notices.map(({ messageId }) => messageId));
  }
  const told = installation.api.sent().length - sentBefore;
  const uncertain = bots.reduce((all, { summary }) => all + summary.counts.notices_uncertain, 0);
  expect(uncertain).toBe(open);
  expect(chats.length - told).toBeLessThanOrEqual(open);
});

test('a signal ends the passes at work, starts none, and loses nothing', async () => {
  await layOut();
  installation.api.setLatency(400);
  const pass = installation.start(['delete-due', '--parallel', '3', '--json']);
  await new Promise<void>((resolve) => {
    installation.api.onCall = () => resolve();
  });
  installation.api.onCall = undefined;
  const startedAt = Date.now();
  pass.child.kill('SIGTERM');
  const { code, stdout, stderr } = await pass.done;
  installation.api.setLatency(0);
  expect(code).toBe(75);
  expect(Date.now() - startedAt).toBeLessThan(10_000);
  const { bots }: { bots: { exit_code: number; unreached?: true }[] } = JSON.parse(stdout);
  expect(bots).toHaveLength(10);
  expect(bots.filter(({ unreached }) => unreached).length).toBeGreaterThanOrEqual(4);
  expect(bots.filter(({ unreached, exit_code }) => unreached && exit_code !== 75)).toEqual([]);
  expect(stderr).toMatch(/bots not reached before a signal came: /);
  expect(await sum('select count(*) as n from telesweep.leases')).toBe(0);
  expect((await installation.run(['delete-due'])).code).toBe(0);
  expect(await sum('select count(*) as n from pending_deletions')).toBe(0);
});

test('fifty at once: no warning of Node stands on stderr', async () => {
  for (let n = 0; n < 50; n++) {
    const bot = installation.bots[n % 10];
    if (bot !== undefined) installation.write(`more-${n}`, installation.settingsOf(bot));
  }
  const { code, stderr } = await installation.start(['reset-counts', '--parallel', '60']).done;
  expect(code).toBe(0);
  expect(stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
  for (let n = 0; n < 50; n++) installation.remove(`more-${n}`);
});
