/** Which trials make up the long form, and which the short one. */
import { Random } from '../../support/demo/random.ts';
import { connectionLimit, lockedRows, statementTimeout } from './busy-database.ts';
import { allJobs, crowd } from './crowds.ts';
import { freezeWalk } from './freezes.ts';
import { randomSeed } from './kill-seed.ts';
import { killAt, killWalks } from './kills.ts';
import { loads } from './loads.ts';
import { cuts, cutWalk, serverOutage } from './lost-connections.ts';
import { pacedKill } from './paced-kills.ts';
import type { Trial } from './trial.ts';

export interface LongOptions {
  /** Random kills beside those at every point. */
  kills: number;
  /** Seeds the choice of the random ones. */
  first: number;
}

const callers = loads.filter(({ callsTelegram }) => callsTelegram);
const senders = loads.filter(({ job }) => job === 'delete-due' || job === 'post-guide');

export function killTrials({ kills, first }: LongOptions): Trial[] {
  const random = new Random(first);
  const trials = killWalks(loads);
  for (let n = 0; n < kills; n++) {
    const load = loads[n % loads.length];
    if (load !== undefined) trials.push(killAt(randomSeed(load, random)));
  }
  for (let seed = 1; seed <= 20; seed++) trials.push(...senders.map((load) => pacedKill(load, seed)));
  return trials;
}

export function crowdTrials(): Trial[] {
  const statements = (['statement', 'answered statement'] as const).flatMap((point) =>
    loads.map((load) => freezeWalk(load, point)),
  );
  const calls = (['call', 'done call'] as const).flatMap((point) =>
    callers.flatMap((load) => [freezeWalk(load, point), freezeWalk(load, point, { secondDies: true })]),
  );
  return [...loads.map((load) => crowd(load, 20)), ...statements, ...calls];
}

export function databaseTrials(): Trial[] {
  const trials = loads.flatMap((load) => [
    ...cuts.map((cut) => cutWalk(load, cut)),
    connectionLimit(load, 'in time'),
    connectionLimit(load, 'too late'),
  ]);
  for (const load of loads) {
    for (const n of load.callsTelegram ? [1, 3, 5, 7, 9, 11, 13] : [1, 2, 3]) {
      trials.push(statementTimeout(load, n), lockedRows(load, 'one', n), lockedRows(load, 'all', n));
    }
  }
  return trials;
}

/** Each needs a server of its own. */
export function outageTrials(): Trial[] {
  const kinds = ['fast', 'immediate', 'kill'] as const;
  return loads.flatMap((load) =>
    kinds.flatMap((kind) => [1, 2, 3].map((round) => serverOutage(load, kind, round * 17 + kinds.indexOf(kind)))),
  );
}

/** Where a busy machine would blur what is measured: one after another, with nothing beside. */
export function budgetTrials(): Trial[] {
  return [allJobs(loads, 10, 12), allJobs(loads, 25, 40), allJobs(loads, 100, 120)];
}
