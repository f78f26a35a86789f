/** One pass over a directory of bots: 1,000 with nothing due, and 50 with work at once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordedCall } from './bot-api.ts';
import { type ChildResult, runNode } from './child.ts';
import type { Database } from './database.ts';
import { fillBroadcast } from './delete-broadcasts.ts';
import { type Figure, figuresOf, median } from './figure.ts';
import { pacedBotApi, rate } from './paced.ts';
import type { Stage } from './stage.ts';

const idleBots = 1_000;

/** The bots share so many databases, neighbours in the order of names never the same one, so that none meets another's lease. */
const idleDatabases = 20;

const busyBots = 50;
const busySeconds = 10;

export async function measureManyBots(stage: Stage): Promise<Figure[]> {
  if (!(await stage.knows('delete-due', '--parallel'))) return [];
  return [...(await idle(stage)), ...(await busy(stage))];
}

async function idle(stage: Stage): Promise<Figure[]> {
  stage.say(`${idleBots} bots with nothing due`);
  const databases = await copies(stage, 'many_idle', idleDatabases, async () => {});
  const all = writeBots(databases, idleBots);
  const one = writeBots(databases, 1);
  const { usageHook } = stage;
  const pass = (directory: string) => {
    // The dashes keep Node from reading --env-file itself, as the first line of the program does.
    const args = ['--', stage.telesweep, 'delete-due', '--quiet', '--parallel', '4', '--env-file', directory];
    return runNode(args, { usageHook });
  };
  try {
    const runs: ChildResult[] = [];
    const alone: ChildResult[] = [];
    let connections = 0;
    for (let n = 0; n < 3; n++) {
      alone.push(await pass(one));
      const counted = countConnections(databases[0]);
      runs.push(await pass(all));
      connections = Math.max(connections, await counted.stop());
    }
    const figure = figuresOf(`${idleBots} bots with nothing due`);
    const of = (results: ChildResult[], cost: 'cpuMs' | 'wallMs' | 'peakMiB') =>
      median(results.map((run) => run[cost]));
    return [
      figure('CPU a bot', of(runs, 'cpuMs') / idleBots, 'ms', { target: { most: 15 } }),
      figure('wall a bot', of(runs, 'wallMs') / idleBots, 'ms', { target: { most: 40 } }),
      figure('peak above one bot', of(runs, 'peakMiB') - of(alone, 'peakMiB'), 'MiB', { target: { most: 60 } }),
      figure('connections at once', connections, '', { target: { most: 5 } }),
    ];
  } finally {
    for (const directory of [all, one]) rmSync(directory, { recursive: true });
    for (const db of databases) await db.drop();
  }
}

async function busy(stage: Stage): Promise<Figure[]> {
  stage.say(`${busyBots} bots with work at once`);
  // Theirs and the passes' connections together would be more than a server takes as it comes.
  const databases = await copies(stage, 'many_busy', busyBots, (db) => fillBroadcast(db, 2 * busySeconds * rate));
  for (const db of databases) await db.leave();
  const bots = databases.map((_, n) => ({ token: tokenOf(n), username: `bot_${n}` }));
  try {
    return await stage.withBotApi({ ...pacedBotApi, bots }, async (api) => {
      const common = { TELEGRAM_API_ROOT: api.url, TELEGRAM_RATE: String(rate) };
      const directory = writeBots(databases, busyBots, common);
      const args = ['delete-broadcasts', '--parallel', String(busyBots), '--max-runtime', `${busySeconds + 4}s`];
      const { usageHook } = stage;
      const run = await runNode(['--', stage.telesweep, ...args, '--quiet', '--env-file', directory], { usageHook });
      rmSync(directory, { recursive: true });
      const calls = await api.calls();
      const shares = bots.map(({ token }) => shareOf(calls.filter(({ botId }) => token.startsWith(`${botId}:`))));
      const figure = figuresOf(`${busyBots} bots with work at once`);
      return [
        figure('rate used by the least of them', Math.min(...shares), '%', { target: { least: 95 } }),
        figure('rate used in the middle', median(shares), '%'),
        figure('most calls of one in a second', (await api.stats()).mostInOneSecond, '', { target: { most: 30 } }),
        figure('CPU of all', (run.cpuMs / run.wallMs) * 100, '%'),
        figure('peak memory', run.peakMiB, 'MiB'),
      ];
    });
  } finally {
    for (const db of databases) await db.drop();
  }
}

/** While all of them start, none has its whole budget. */
const startMs = 1_000;

/** Of the budget of the seconds after the bot has started. */
function shareOf(calls: readonly RecordedCall[]): number {
  const from = (calls[0]?.at ?? 0) + startMs;
  const within = calls.filter(({ at }) => at >= from && at < from + busySeconds * 1_000);
  return (within.length / (busySeconds * rate)) * 100;
}

/** A migrated database with what the filling leaves in it, so many times. */
async function copies(
  stage: Stage,
  name: string,
  count: number,
  fill: (db: Database) => Promise<void>,
): Promise<Database[]> {
  const first = await stage.server.create(`${name}_0`);
  await fill(first);
  await first.leave();
  const databases: Database[] = [];
  for (let n = 1; n <= count; n++) databases.push(await stage.server.create(`${name}_${n}`, first.name));
  return databases;
}

function tokenOf(n: number): string {
  return `${500_000 + n}:AAF-simulated-token_of-a-benchmark-0123`;
}

function writeBots(databases: readonly Database[], count: number, common: Record<string, string> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'telesweep-bench-bots-'));
  for (let n = 0; n < count; n++) {
    const url = databases[n % databases.length]?.url ?? '';
    const text = `DATABASE_URL=${url}\nTELEGRAM_BOT_TOKEN=${tokenOf(n)}\n`;
    writeFileSync(join(directory, `bot-${String(n).padStart(4, '0')}.env`), text, { mode: 0o600 });
  }
  const lines = Object.entries(common).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(join(directory, 'common.env'), lines.join(''), { mode: 0o600 });
  return directory;
}

/** How many connections of telesweep the server has at most; looked at twenty times a second. */
function countConnections(db: Database | undefined): { stop(): Promise<number> } {
  let most = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver && db !== undefined) {
      const [row] = await db.query<{ n: number }>(
        "select count(*)::int as n from pg_stat_activity where application_name = 'telesweep'",
      );
      most = Math.max(most, row?.n ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    async stop() {
      isOver = true;
      await watching;
      return most;
    },
  };
}
