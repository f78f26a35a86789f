/** How much of the rate is used where the database is far away, and how many transactions the calls cost. */
import { fillBroadcast } from './delete-broadcasts.ts';
import { type Figure, figuresOf } from './figure.ts';
import { callsOfFirst, pacedBotApi, pacedPass, rate, together } from './paced.ts';
import { addDueRecords } from './rows.ts';
import type { Stage } from './stage.ts';

const seconds = 10;

/** More than any of the passes has the time for. */
const items = 600;

interface Job {
  name: 'delete-due' | 'delete-broadcasts';
  /** What of the rate is to be used, in %. */
  least: number;
  /** What 0.1.0 came to: calls in 10 seconds, and transactions for 250 calls, by distance. */
  before: { calls: Record<number, number>; transactions: Record<number, number> };
}

const jobs: readonly Job[] = [
  {
    name: 'delete-due',
    least: 95,
    before: { calls: { 0: 245, 20: 216, 50: 154, 100: 103, 200: 71 }, transactions: { 0: 405, 100: 296 } },
  },
  {
    name: 'delete-broadcasts',
    least: 97,
    before: { calls: { 0: 245, 20: 240, 50: 226, 100: 195, 200: 144 }, transactions: {} },
  },
];

const far = 200;
const leastWhenFar = 90;

export async function measureDistance(stage: Stage): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const roundTripMs of stage.long ? [0, 20, 50, 100, far] : [0, 50, 100]) {
    stage.say(`database ${roundTripMs} ms away`);
    figures.push(...(await together(jobs.map((job) => prepare(stage, job, roundTripMs)))));
  }
  return figures;
}

async function prepare(stage: Stage, { name, least, before }: Job, roundTripMs: number) {
  const figure = figuresOf(`${name}, database at a distance`);
  const db = await stage.server.create(`distance_${name.replace('-', '_')}`);
  if (name === 'delete-due') await addDueRecords(db, { count: items, chatId: 1000 });
  else await fillBroadcast(db, items);
  const ofTheRate = (count: number) => (count / (seconds * rate)) * 100;
  const callsBefore = before.calls[roundTripMs];
  const transactionsBefore = before.transactions[roundTripMs];
  return async (): Promise<Figure[]> => {
    const { pass, calls } = await stage.withBotApi(pacedBotApi, async (api) => ({
      pass: await pacedPass(stage, api, db, [name], { seconds, roundTripMs }),
      calls: await api.calls(),
    }));
    await db.drop();
    return [
      figure(`rate used, ${roundTripMs} ms`, ofTheRate(callsOfFirst(seconds, calls).length), '%', {
        ...(callsBefore !== undefined && { before: ofTheRate(callsBefore) }),
        target: { least: roundTripMs === far ? leastWhenFar : least },
      }),
      figure(`transactions for 250 calls, ${roundTripMs} ms`, (pass.statements.count * 250) / calls.length, '', {
        ...(transactionsBefore !== undefined && { before: transactionsBefore }),
      }),
    ];
  };
}
