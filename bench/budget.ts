/** How much of a budget of 30 calls a second a broadcast uses, against a server that refuses the 31st. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BotApiProcess } from './bot-api.ts';
import { fillBroadcast } from './delete-broadcasts.ts';
import { type Figure, figuresOf } from './figure.ts';
import type { Stage } from './stage.ts';

const rate = 30;

export async function measureBudget(stage: Stage): Promise<Figure[]> {
  const seconds = stage.long ? 60 : 8;
  stage.say(`delete-broadcasts: ${seconds} s at ${rate} a second`);
  const figure = figuresOf(`delete-broadcasts, ${rate} a second`);
  const db = await stage.server.create('budget');
  const warmUp = rate;
  const counted = rate * seconds;
  await fillBroadcast(db, warmUp + counted + 10);
  const options = { answerEverything: true, limits: { callsPerSecond: rate } };
  const figures = await stage.withBotApi(options, async (api) => {
    const env = { TELEGRAM_API_ROOT: api.url, TELEGRAM_RATE: String(rate) };
    const [, used] = await Promise.all([
      stage.pass(db, ['delete-broadcasts'], { env }),
      watchCalls(api, warmUp, counted),
    ]);
    const stats = await api.stats();
    return [
      figure('budget used', used * 100, '%', { target: { least: 98 } }),
      // The server forgives 20 ms of a second, as calls that left on time may arrive a moment early.
      figure('most calls in any second', stats.mostInOneSecond, ''),
      figure('answers of 429', stats.rateLimited, '', { target: { most: 0 } }),
    ];
  });
  await db.drop();
  return figures;
}

/** @returns calls by what the rate would allow, from the call after `skipped` on, for `counted` calls */
async function watchCalls(api: BotApiProcess, skipped: number, counted: number): Promise<number> {
  const first = await callsReach(api, skipped + 1);
  const last = await callsReach(api, first.calls + counted - 1);
  return (last.calls - first.calls) / (((last.at - first.at) / 1000) * rate);
}

/** Looks until the server has got so many calls. */
async function callsReach(api: BotApiProcess, calls: number): Promise<{ calls: number; at: number }> {
  for (;;) {
    const stats = await api.stats();
    if (stats.calls >= calls) return { calls: stats.calls, at: performance.now() };
    await sleep(2);
  }
}
