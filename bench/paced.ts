/** A pass at the budget's rate for some seconds, and what the simulated Bot API saw of it. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { BotApiProcess, BotApiProcessOptions, RecordedCall } from './bot-api.ts';
import type { ChildOptions } from './child.ts';
import type { Database } from './database.ts';
import type { Figure } from './figure.ts';
import type { Pass, Stage } from './stage.ts';

/** Calls a second. */
export const rate = 25;

/** Success for every call, 20 ms later, and a record of it. */
export const pacedBotApi: BotApiProcessOptions = { answerEverything: true, record: true, latencyMs: 20 };

/** A standstill costs all calls of its time, one in a hundred of ten seconds: slots that are missed are given up. */
const longestStillMs = 100;

export interface PacedOptions extends ChildOptions {
  /** Measured from the pass's first call on. */
  seconds: number;
  /** Of the way to the database. */
  roundTripMs?: number;
}

/** One pass that is stopped by its time limit after the seconds that are measured, the start-up before them allowed for. */
export async function pacedPass(
  stage: Stage,
  api: BotApiProcess,
  db: Database,
  args: readonly string[],
  { seconds, roundTripMs = 0, ...options }: PacedOptions,
): Promise<Pass> {
  // The start may take 25 statements, and a busy machine its time.
  const maxRuntimeMs = Math.round(seconds * 1000 + 2000 + 25 * roundTripMs);
  const timers = monitorEventLoopDelay({ resolution: 10 });
  timers.enable();
  const pass = await stage.atDistance(db, roundTripMs, (databaseUrl) =>
    stage.pass(db, [...args, '--max-runtime', `${maxRuntimeMs}ms`], {
      ...options,
      env: { DATABASE_URL: databaseUrl, TELEGRAM_API_ROOT: api.url, TELEGRAM_RATE: String(rate), ...options.env },
    }),
  );
  timers.disable();
  const stillMs = Math.round(timers.max / 1e6);
  if (stillMs > longestStillMs) stage.say(`the machine stood still for ${stillMs} ms: figures may be too low`);
  const [first] = await api.calls();
  const endedAt = Date.parse(pass.summary.started_at) + pass.summary.duration_ms;
  if (pass.summary.stop_reason === 'deadline' && first !== undefined && endedAt < first.at + seconds * 1000) {
    stage.say(`${args.join(' ')} began late on a busy machine: its figures are too low`);
  }
  return pass;
}

/** The calls of the first so many seconds, from the first call on. */
export function callsOfFirst(seconds: number, calls: readonly RecordedCall[]): RecordedCall[] {
  const [first] = calls;
  return first === undefined ? [] : calls.filter(({ at }) => at < first.at + seconds * 1000);
}

/**
 * Readies all measurements first, and then takes them at the same time: the making of one's rows would disturb another,
 * while paced passes leave the machine idle nearly all of the time.
 */
export async function together(preparations: readonly Promise<() => Promise<Figure[]>>[]): Promise<Figure[]> {
  const measurements = await Promise.all(preparations);
  return (await Promise.all(measurements.map((measure) => measure()))).flat();
}

/** Chats whose messages were deleted. */
export function clearedChats(calls: readonly RecordedCall[]): Set<string> {
  const cleared = calls.filter(({ method, status }) => /^deleteMessages?$/.test(method) && status === 200);
  return new Set(cleared.flatMap(({ chatId }) => chatId ?? []));
}
