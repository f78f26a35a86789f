/** `delete-broadcasts` against a server that answers at once, and what a bare loop of the same calls takes. */
import { botToken } from '../test/support/bot-api.ts';
import type { BotApiProcess } from './bot-api.ts';
import { type ChildResult, runNode } from './child.ts';
import type { Database } from './database.ts';
import { type Figure, figuresOf, median } from './figure.ts';
import { growth } from './growth.ts';
import type { Pass, Stage } from './stage.ts';

interface Size {
  chats: number;
  runs: number;
}

const small: readonly Size[] = [
  { chats: 2_000, runs: 3 },
  { chats: 20_000, runs: 3 },
];
const large: readonly Size[] = [
  { chats: 200_000, runs: 1 },
  { chats: 1_000_000, runs: 1 },
];

/** The workers of delete-broadcasts. */
const concurrency = 64;

/** More than any machine makes, so that the budget holds nobody up. */
const rate = 100_000;

export async function measureDeleteBroadcasts(stage: Stage): Promise<Figure[]> {
  const db = await stage.server.create('broadcasts');
  const idle = await stage.pass(db, ['delete-broadcasts'], { usageHook: stage.usageHook });
  const figures: Figure[] = [];
  const costs: { items: number; ms: number }[] = [];
  for (const size of stage.long ? [...small, ...large] : small) {
    stage.say(`delete-broadcasts: ${size.chats} chats`);
    const runs = await stage.withBotApi({ answerEverything: true }, (api) => runSize(stage, db, api, size));
    figures.push(...figuresOfSize(size.chats, idle.peakMiB, runs));
    costs.push({ items: size.chats, ms: median(runs.swept.map(({ summary }) => summary.duration_ms)) });
  }
  await db.drop();
  return [...figures, ...growth('delete-broadcasts', 'chat', costs)];
}

interface Runs {
  bare: ChildResult[];
  swept: Pass[];
}

/** Both in turn against one server, which the first calls warm up. */
async function runSize(stage: Stage, db: Database, api: BotApiProcess, { chats, runs }: Size): Promise<Runs> {
  const { usageHook } = stage;
  const loop = (calls: number) => {
    const url = `${api.url}/bot${botToken}/deleteMessage`;
    return runNode([stage.bareLoop, JSON.stringify({ url, calls, concurrency })], { usageHook });
  };
  await loop(2_000);
  const results: Runs = { bare: [], swept: [] };
  for (let i = 0; i < runs; i++) {
    results.bare.push(await loop(chats));
    await fillBroadcast(db, chats);
    const env = { TELEGRAM_API_ROOT: api.url, TELEGRAM_RATE: String(rate) };
    const pass = await stage.pass(db, ['delete-broadcasts'], { env, usageHook, sampleMemoryMs: 50 });
    const { broadcasts, messages_deleted: deleted } = pass.summary.counts;
    if (broadcasts !== 1 || deleted !== chats) throw new Error(`delete-broadcasts: ${pass.stdout}`);
    results.swept.push(pass);
  }
  return results;
}

function figuresOfSize(chats: number, idleMiB: number, { bare, swept }: Runs): Figure[] {
  const figure = figuresOf(`delete-broadcasts, ${chats.toLocaleString('en')} chats`);
  const perSecond = (run: ChildResult) => (chats / run.wallMs) * 1000;
  const cpuUs = (run: ChildResult) => (run.cpuMs * 1000) / chats;
  const bareLoop = (of: (run: ChildResult) => number) => ({ what: 'bare loop', value: median(bare.map(of)) });
  // Without the last sample, which may be of a process that is leaving.
  const memoryAt = (share: number) =>
    median(swept.map(({ memoryMiB }) => memoryMiB[Math.ceil((memoryMiB.length - 1) * share) - 1] ?? Number.NaN));
  const perThousand = median(swept.map(({ statements }) => (statements.count * 1000) / chats));
  const idle = { what: 'idle pass', value: idleMiB };
  // The start and the end of a process count for much among 2,000 calls, and for a tenth among 20,000.
  const isSmall = chats < 20_000;
  const isLarge = chats >= 200_000;
  return [
    figure('calls a second', median(swept.map(perSecond)), '/s', {
      base: bareLoop(perSecond),
      ...(isLarge && { target: { least: 0.75 } }),
    }),
    figure('CPU a call', median(swept.map(cpuUs)), 'µs', { base: bareLoop(cpuUs) }),
    figure('statements for each 1,000', perThousand, '', isSmall ? {} : { target: { most: 4 } }),
    figure('longest transaction', median(swept.map(({ statements }) => statements.longestMs)), 'ms'),
    ...(isSmall
      ? []
      : [
          figure('memory at a tenth', memoryAt(0.1), 'MiB'),
          figure('memory at half', memoryAt(0.5), 'MiB'),
          figure('memory at the end', memoryAt(1), 'MiB'),
        ]),
    figure('peak memory', median(swept.map(({ peakMiB }) => peakMiB)), 'MiB', {
      base: bareLoop(({ peakMiB }) => peakMiB),
    }),
    figure('peak above an idle pass', median(swept.map(({ peakMiB }) => peakMiB)) - idle.value, 'MiB', {
      target: { most: 60 },
    }),
  ];
}

/** One broadcast that went to so many chats, due a minute ago. */
export async function fillBroadcast(db: Database, chats: number): Promise<void> {
  await db.query('truncate broadcasts, broadcast_messages restart identity');
  await db.query(`insert into broadcasts (text, created_at, delete_at)
                  values ('Hello', now() - interval '2 hours', now() - interval '1 minute')`);
  await db.query(
    `insert into broadcast_messages (broadcast_id, chat_id, message_id, sent_at)
     select 1, 1000 + i, i, now() - interval '2 hours' + i * interval '1 ms' from generate_series(1, $1::int) as i`,
    [chats],
  );
  await db.query('vacuum (analyze) broadcast_messages');
  await db.query('checkpoint');
}
