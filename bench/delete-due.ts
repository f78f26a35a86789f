/** `delete-due`: 300 records of 5 messages, 50 ms an answer. The ideal is two calls a record, none of them late. */
import { type BotApiOptions, botToken } from '../test/support/bot-api.ts';
import { type Figure, figuresOf, median } from './figure.ts';
import type { Stage } from './stage.ts';

const records = 300;
const latencyMs = 50;
const idealCalls = 2 * records;

/** Chats at work at once in delete-due. */
const workers = 64;

export async function measureDeleteDue(stage: Stage): Promise<Figure[]> {
  stage.say('delete-due: free');
  // A chat's two calls follow each other; so many chats are at work at once.
  const idealFreeMs = Math.ceil(records / workers) * 2 * latencyMs;
  const free = await measure(stage, 'free', { runs: 3, rate: 100_000, idealMs: idealFreeMs });
  const rate = 30;
  stage.say(`delete-due: at ${rate} calls a second`);
  const limits = { callsPerSecond: rate, sendsPerSecondPerChat: 1 };
  const runs = stage.long ? 3 : 1;
  const limited = await measure(stage, `${rate} a second`, { runs, rate, limits, idealMs: (idealCalls / rate) * 1000 });
  return [...free, ...limited];
}

interface Setting {
  runs: number;
  rate: number;
  limits?: BotApiOptions['limits'];
  idealMs: number;
}

async function measure(stage: Stage, name: string, { runs, rate, limits, idealMs }: Setting): Promise<Figure[]> {
  const figure = figuresOf(`delete-due, 300 × 5, ${name}`);
  const wallMs: number[] = [];
  const calls: number[] = [];
  const rateLimited: number[] = [];
  for (let i = 0; i < runs; i++) {
    const db = await stage.server.create('delete_due');
    // A day's first pass looks at how all tables stand: 13 statements, which `idle-pass` counts.
    await stage.pass(db, ['delete-due']);
    await db.query(
      `insert into pending_deletions (user_id, chat_id, message_ids, unique_id, created_at, delete_at)
       select i, i, array(select 5 * i + j from generate_series(0, 4) as j), 'file_' || i,
              now() - interval '1 hour', now() - interval '1 minute'
       from generate_series(1, $1::int) as i`,
      [records],
    );
    // A bot that has worked before: its name is asked for once.
    await db.query('insert into telesweep.bots (bot_id, username) values ($1, $2)', [
      botToken.split(':')[0],
      'sweep_test_bot',
    ]);
    await stage.withBotApi({ answerEverything: true, latencyMs, ...(limits && { limits }) }, async (api) => {
      const env = { TELEGRAM_API_ROOT: api.url, TELEGRAM_RATE: String(rate) };
      const pass = await stage.pass(db, ['delete-due'], { env });
      const { notices_sent: notices, messages_deleted: messages } = pass.summary.counts;
      if (notices !== records || messages !== 5 * records) throw new Error(`delete-due: ${pass.stdout}`);
      const stats = await api.stats();
      wallMs.push(pass.wallMs);
      calls.push(stats.calls);
      rateLimited.push(stats.rateLimited);
    });
    await db.drop();
  }
  const isLimited = limits !== undefined;
  return [
    figure('wall of the process', median(wallMs), 'ms', {
      base: { what: 'the ideal', value: idealMs },
      ...(isLimited && { target: { most: 1.02 } }),
    }),
    figure('calls', median(calls), '', { base: { what: 'two a record', value: idealCalls }, target: { most: 1.01 } }),
    ...(isLimited ? [figure('answers of 429', Math.max(...rateLimited), '', { target: { most: 0 } })] : []),
  ];
}
