/** How many calls still leave after Telegram has asked for a pause: the database is far away, so that a reservation is often under way. */
import type { Fault } from '../test/support/bot-api.ts';
import type { RecordedCall } from './bot-api.ts';
import { fillBroadcast } from './delete-broadcasts.ts';
import { type Figure, figuresOf } from './figure.ts';
import { pacedBotApi, pacedPass, rate, together } from './paced.ts';
import { addDueRecords } from './rows.ts';
import type { Stage } from './stage.ts';

const roundTripMs = 100;
const pauseSeconds = 1;

/** Calls that crossed the answer on its way: it leaves by a timer, and a busy machine is late. */
const graceMs = 20;

export function measureAfter429(stage: Stage): Promise<Figure[]> {
  // After each pause another number of calls, so that the answer meets the reservations, half a second apart, at every stage.
  const gaps = Array.from({ length: stage.long ? 20 : 8 }, (_, n) => 8 + (stage.long ? n : 2 * n));
  stage.say(`${gaps.length} times 429, database ${roundTripMs} ms away`);
  return together((['delete-due', 'delete-broadcasts'] as const).map((job) => prepare(stage, job, gaps)));
}

async function prepare(stage: Stage, job: 'delete-due' | 'delete-broadcasts', gaps: readonly number[]) {
  const figure = figuresOf(`${job}, after a 429`);
  const db = await stage.server.create(`after_429_${job.replace('-', '_')}`);
  const calls = gaps.reduce((sum, gap) => sum + gap, 0) * 2;
  if (job === 'delete-due') await addDueRecords(db, { count: calls, chatId: 1000 });
  else await fillBroadcast(db, calls);
  const seconds = calls / rate + gaps.length * (pauseSeconds + 0.5);
  return async (): Promise<Figure[]> => {
    const recorded = await stage.withBotApi({ ...pacedBotApi, faults: faultsAfter(gaps) }, async (api) => {
      await pacedPass(stage, api, db, [job], { seconds, roundTripMs });
      return api.calls();
    });
    await db.drop();
    const letOut = callsLetOut(recorded);
    if (letOut.length < gaps.length) throw new Error(`${job}: ${letOut.length} of ${gaps.length} answers were 429`);
    return [
      figure(`most calls let out, ${gaps.length} trials`, Math.max(...letOut), 'calls', {
        before: 13,
        target: { most: 1 },
      }),
    ];
  };
}

/** Each counts the calls that the ones before it have left. Other calls go through: it is not their answers that stop the rest. */
function faultsAfter(gaps: readonly number[]): Fault[] {
  let nth = 0;
  return gaps.map((gap) => {
    nth += gap;
    return { kind: 'retry_after', seconds: pauseSeconds, nth };
  });
}

/** For each answer that asked for a pause: how many calls came after it, and before the pause was over. */
function callsLetOut(calls: readonly RecordedCall[]): number[] {
  const { latencyMs = 0 } = pacedBotApi;
  return calls
    .filter(({ fault }) => fault === 'retry_after')
    .map(({ at: asked }) => {
      const answered = asked + latencyMs + graceMs;
      return calls.filter(({ at }) => at > answered && at < asked + pauseSeconds * 1000).length;
    });
}
