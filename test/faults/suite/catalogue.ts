/** Which trials make up the long form, and which the short one. */
import { Random } from '../../support/demo/random.ts';
import { anyRowsTrial } from './any-rows.ts';
import { anySettingsTrial } from './any-settings.ts';
import { connectionLimit, lockedRows, statementTimeout } from './busy-database.ts';
import { busyGroupKill } from './busy-group.ts';
import { allJobs, crowd } from './crowds.ts';
import { busyChatKills, farKills, trickleKills } from './far-and-busy.ts';
import { freezeWalk } from './freezes.ts';
import { claimPlaces, frozenClaim } from './frozen-claims.ts';
import { wrongClock, wrongClockMeetsHolder } from './host-clocks.ts';
import { randomSeed } from './kill-seed.ts';
import { killAt, killWalks } from './kills.ts';
import { deleteDueLoad } from './loads/delete-due.ts';
import { loads } from './loads.ts';
import { flood, outage, storm } from './long-waits.ts';
import { cuts, cutWalk, serverOutage } from './lost-connections.ts';
import { pacedKill } from './paced-kills.ts';
import { silentDatabase, silentMonitors } from './silence.ts';
import { stayKill } from './stay-kills.ts';
import { badMetricsFolder, closedStreams } from './streams.ts';
import { blindTrue, faultKinds, faultWalk } from './telegram-faults.ts';
import type { Trial } from './trial.ts';
import { mainPath, migrations } from './versions.ts';

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
  for (let round = 1; round <= 8; round++) {
    trials.push(...loads.flatMap((load) => farKills(load, random)), ...busyChatKills(random));
    trials.push(trickleKills(random.int(1, 1_000_000)), trickleKills(random.int(1, 1_000_000)));
    trials.push(busyGroupKill(random.int(1, 1_000_000)), stayKill(random.int(1, 1_000_000)));
    trials.push(pacedKill(deleteDueLoad, round, 'far'));
  }
  return trials;
}

export function crowdTrials(): Trial[] {
  const statements = (['statement', 'answered statement'] as const).flatMap((point) =>
    loads.map((load) => freezeWalk(load, point)),
  );
  const calls = (['call', 'done call'] as const).flatMap((point) =>
    callers.flatMap((load) => [freezeWalk(load, point), freezeWalk(load, point, { secondDies: true })]),
  );
  const claims = claimPlaces.flatMap((place) => Array.from({ length: 15 }, (_, n) => frozenClaim(place, n + 1)));
  return [...loads.map((load) => crowd(load, 20)), ...statements, ...calls, ...claims];
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

export function telegramTrials(): Trial[] {
  const waits = [1, 2, 5, 61, 90, 600, 3_600, 10_072, 28_000];
  const long = [50_000, 100_000];
  return [
    ...callers.flatMap((load) => [
      ...faultKinds
        .filter((kind) => kind.method === undefined || senders.includes(load))
        .map((kind) => faultWalk(load, kind)),
      // A slot is over by then, and the next one's guide is due.
      ...(load.job === 'post-guide' ? waits : [...waits, ...long]).map((seconds, i) =>
        flood(load, seconds, 1 + (i % 6)),
      ),
      storm(load),
      ...(['refused', 'dropped', '502'] as const).flatMap((away) => [outage(load, away, 1), outage(load, away, 4)]),
    ]),
    ...callers.filter((load) => load.job !== 'post-guide').map(blindTrue),
    ...loads.map(silentMonitors),
    ...loads.flatMap((load) => [silentDatabase(load, 'greeting'), silentDatabase(load, 'statement')]),
  ];
}

export function operatorTrials(runs: number): Trial[] {
  return [
    ...loads.flatMap((load) => [1, -1].map((hours) => wrongClock(load, hours))),
    ...callers.flatMap((load) => [1, -1].map((hours) => wrongClockMeetsHolder(load, hours))),
    ...loads.flatMap((load) => closedStreams(load)),
    ...loads.map(badMetricsFolder),
    ...loads.map((load) => anySettingsTrial(load, runs, 1)),
  ];
}

/** Each needs a stage of its own: its tables are less strict afterwards. */
export function rowTrials(runs: number): Trial[] {
  return [1, 2, 3].map((seed) => anyRowsTrial(runs, seed));
}

/** On a stage behind PgBouncer. */
export function poolerTrials(): Trial[] {
  const random = new Random(6432);
  const trials: Trial[] = [
    ...loads.map((load) => crowd(load, 10)),
    ...loads.flatMap((load) => Array.from({ length: 12 }, () => killAt(randomSeed(load, random)))),
    ...callers.map((load) => freezeWalk(load, 'call', { every: 2 })),
    ...loads.map((load) => cutWalk(load, 'cut answered')),
    allJobs(loads, 50, 30),
  ];
  return trials.map((trial) => ({ ...trial, part: 'PgBouncer in transaction mode' }));
}

/** On a stage of that version. */
export function versionTrials(version: number): Trial[] {
  const random = new Random(version);
  const named = (trial: Trial): Trial => ({ ...trial, part: 'PostgreSQL', what: `version ${version}: ${trial.what}` });
  return [
    migrations(version),
    ...loads.map((load) => mainPath(load, version)),
    ...loads.flatMap((load) => [1, 2, 3].map(() => named(killAt(randomSeed(load, random))))),
    named(anyRowsTrial(3, version)),
  ];
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
