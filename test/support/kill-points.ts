/** A telesweep that dies, or sleeps, at a chosen statement or call. */
import { expect } from 'vitest';
import { createScene, type Env, type Scene } from './scene.ts';
import { type StatementProxy, startStatementProxy } from './statement-proxy.ts';
import type { Webhook } from './webhook.ts';

/** Where a pass dies: before or after the server did its part. */
export type KillPoint = 'statement' | 'answered statement' | 'call' | 'done call';

/** What it asks the database through, and Telegram. */
export interface Watched {
  scene: Scene;
  proxy: StatementProxy;
}

/**
 * Kills a pass at its nth point of a kind; what it had asked of the database has come to its end there.
 * @returns false where it lived to its end, which is one of a pass with failed items
 */
export async function passKilledAt(
  { scene, proxy }: Watched,
  { point, n }: { point: KillPoint; n: number },
  job: string,
  env: Env = {},
): Promise<boolean> {
  const { api } = scene;
  const callsBefore = api.callCount;
  const pass = scene.start([job], { ...env, DATABASE_URL: proxy.url });
  let killed = false;
  const kill = async (at: number): Promise<void> => {
    if (at !== n || killed) return;
    killed = pass.child.kill('SIGKILL');
    await pass.done;
  };
  proxy.onStatement = point === 'statement' ? kill : undefined;
  proxy.onAnswered = point === 'answered statement' ? kill : undefined;
  api.onCall = point === 'call' ? (call) => kill(call.n - callsBefore) : undefined;
  api.onDone = point === 'done call' ? (call) => kill(call.n - callsBefore) : undefined;
  const { code, signal } = await pass.done;
  api.onCall = undefined;
  api.onDone = undefined;
  expect(killed ? signal : code).toBe(killed ? 'SIGKILL' : 1);
  await sessionsEnd(scene);
  return killed;
}

/** More points than a pass has. */
const mostPoints = 60;

/** What was found out about a pass that was to be killed. */
export interface Killed {
  /** It lived to see its point. */
  killed: boolean;
  /** Claims that it left. */
  open: number;
}

/**
 * Kills a pass at its first point of a kind, another at its second, and so on until one lives to its end.
 * @param leastKills fewer mean that the test no longer does what it says
 */
export async function killAtEach(
  killAt: (watched: Watched, n: number) => Promise<Killed>,
  { from = 1, step = 1, leastKills }: { from?: number; step?: number; leastKills: number },
): Promise<void> {
  // Answers take a moment, so that several calls are under way at once.
  const scene = await createScene({ latencyMs: 10 });
  const proxy = await startStatementProxy(scene.db.url);
  let kills = 0;
  let amongSends = 0;
  try {
    for (let n = from; n <= mostPoints; n += step) {
      const { killed, open } = await killAt({ scene, proxy }, n);
      if (!killed) break;
      kills++;
      if (open > 0) amongSends++;
    }
  } finally {
    await proxy.close();
    await scene.close();
  }
  expect(kills).toBeGreaterThanOrEqual(leastKills);
  expect(kills * step).toBeLessThan(mostPoints - from);
  // How many statements stand among the sends depends on how many travel in one: one there is for certain.
  expect(amongSends).toBeGreaterThanOrEqual(1);
}

/** The points of a command that concern one thing, counted together: each statement, before it and when it is answered, and each call. */
export interface Points extends Watched {
  statements: RegExp;
  /** All calls, by default. */
  method?: string;
  webhook?: Webhook;
}

/** Acts at the nth point, until `actNowhere`. */
export function actAt(
  { scene, proxy, statements, method, webhook }: Points,
  n: number,
  act: () => Promise<void>,
): void {
  let points = 0;
  const arrive = async (): Promise<void> => {
    points++;
    if (points === n) await act();
  };
  const arriveAt = ({ text }: { text: string }) => (statements.test(text) ? arrive() : undefined);
  const arriveBy = (call: { method: string }) =>
    method === undefined || call.method === method ? arrive() : undefined;
  proxy.onStatement = (_, statement) => arriveAt(statement);
  proxy.onAnswered = (_, statement) => arriveAt(statement);
  scene.api.onCall = arriveBy;
  scene.api.onDone = arriveBy;
  if (webhook) webhook.onText = arrive;
}

export function actNowhere({ scene, proxy, webhook }: Points): void {
  proxy.onStatement = undefined;
  proxy.onAnswered = undefined;
  scene.api.onCall = undefined;
  scene.api.onDone = undefined;
  if (webhook) webhook.onText = undefined;
}

/** Kills a command at the nth point, as `passKilledAt` does. @returns false where it lived to its end */
export async function killedAt(points: Points, n: number, args: readonly string[], env: Env = {}): Promise<boolean> {
  const command = points.scene.start([...args], { ...env, DATABASE_URL: points.proxy.url });
  let killed = false;
  actAt(points, n, async () => {
    killed = command.child.kill('SIGKILL');
    await command.done;
  });
  await command.done;
  actNowhere(points);
  await sessionsEnd(points.scene);
  return killed;
}

async function sessionsEnd({ db }: Scene): Promise<void> {
  const deadline = Date.now() + 5_000;
  const ask = `select from pg_stat_activity where datname = current_database() and application_name = 'telesweep'`;
  while ((await db.query(ask)).length > 0) {
    if (Date.now() > deadline) throw new Error('the dead process still has a session');
  }
}
