/** How soon `delete-due --stay` deletes what becomes due while it runs, and sends the notice. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BotApiProcess, RecordedCall } from './bot-api.ts';
import type { Database } from './database.ts';
import { type Figure, figuresOf, percentile95 } from './figure.ts';
import { pacedBotApi, rate } from './paced.ts';
import { addDueRecords } from './rows.ts';
import type { Stage } from './stage.ts';

interface Timetable {
  staySeconds: number;
  /** Records become due for so long; none before the first pass is there. */
  dueSeconds: number;
  /** A pass starts so often, as a crontab has it. */
  everySeconds: number;
  passes: number;
  records: number;
}

const short: Timetable = { staySeconds: 20, everySeconds: 20, passes: 1, dueSeconds: 16, records: 100 };
/** A line a minute, and records of one whole minute: in five seconds of it nobody is there. */
const long: Timetable = { staySeconds: 55, everySeconds: 60, passes: 2, dueSeconds: 60, records: 360 };

/** For the first pass to be there. */
const marginSeconds = 2;

export async function measurePromptness(stage: Stage): Promise<Figure[]> {
  const timetable = stage.long ? long : short;
  const { passes, staySeconds, dueSeconds, records } = timetable;
  const figure = figuresOf(`promptness, --stay ${staySeconds}s${passes > 1 ? ' every minute' : ''}`);
  const figures = (deletion: number, notice: number) => [
    figure('from delete_at to the deletion, p95', deletion, 's', { target: { most: 1.5 } }),
    figure('from the deletion to its notice, p95', notice, 's', { target: { most: 2 } }),
  ];
  if (!(await stage.knows('delete-due', '--stay'))) return figures(Number.NaN, Number.NaN);

  stage.say(`delete-due --stay: ${records} records at random moments`);
  const db = await stage.server.create('promptness');
  await addDueRecords(db, { count: records, chatId: 1000 });
  await db.query('select setseed(0.5)');
  await db.query(
    `update pending_deletions set delete_at = clock_timestamp() + ($1 + random() * $2) * interval '1 second'`,
    [marginSeconds, dueSeconds],
  );
  const dueAt = await timesByChat(db);
  const calls = await stage.withBotApi(pacedBotApi, async (api) => {
    await runTimetable(stage, db, api, timetable);
    return api.calls();
  });
  await db.drop();

  const deletedAt = firstTimes(calls, /^deleteMessages?$/);
  const toldAt = firstTimes(calls, /^sendMessage$/);
  // What never came is the latest of all.
  const secondsFrom = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? Number.POSITIVE_INFINITY : (to - from) / 1000;
  const chats = [...dueAt.keys()];
  return figures(
    percentile95(chats.map((chat) => secondsFrom(dueAt.get(chat), deletedAt.get(chat)))),
    percentile95(chats.map((chat) => secondsFrom(deletedAt.get(chat), toldAt.get(chat)))),
  );
}

async function runTimetable(stage: Stage, db: Database, api: BotApiProcess, timetable: Timetable): Promise<void> {
  const { passes, staySeconds, everySeconds } = timetable;
  const env = { TELEGRAM_API_ROOT: api.url, TELEGRAM_RATE: String(rate) };
  const startedAt = performance.now();
  const running: Promise<unknown>[] = [];
  for (let n = 0; n < passes; n++) {
    await sleep(startedAt + n * everySeconds * 1000 - performance.now());
    running.push(stage.pass(db, ['delete-due', '--stay', `${staySeconds}s`], { env }));
  }
  await Promise.all(running);
}

/** When each chat's record is due, in milliseconds since 1970. */
async function timesByChat(db: Database): Promise<Map<string, number>> {
  const rows = await db.query<{ chat_id: string; due_ms: number }>(
    `select chat_id::text, (extract(epoch from delete_at) * 1000)::float8 as due_ms from pending_deletions`,
  );
  return new Map(rows.map(({ chat_id, due_ms }) => [chat_id, due_ms]));
}

function firstTimes(calls: readonly RecordedCall[], method: RegExp): Map<string, number> {
  const times = new Map<string, number>();
  for (const call of calls) {
    if (call.chatId === null || call.status !== 200 || !method.test(call.method)) continue;
    if (!times.has(call.chatId)) times.set(call.chatId, call.at);
  }
  return times;
}
