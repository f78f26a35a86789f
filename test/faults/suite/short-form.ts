/** A little of everything, for each run of the tests. */
import { Random } from '../../support/demo/random.ts';
import { anySettingsTrial } from './any-settings.ts';
import { lockedRows, statementTimeout } from './busy-database.ts';
import { busyGroupKill } from './busy-group.ts';
import { allJobs, crowd } from './crowds.ts';
import { busyChatKills, farKills, trickleKills } from './far-and-busy.ts';
import { freezeWalk } from './freezes.ts';
import { claimPlaces, frozenClaim } from './frozen-claims.ts';
import { wrongClock } from './host-clocks.ts';
import { randomSeed, seedOf } from './kill-seed.ts';
import { killAt } from './kills.ts';
import { deleteBroadcastsLoad } from './loads/delete-broadcasts.ts';
import { deleteDueLoad } from './loads/delete-due.ts';
import { postGuideLoad } from './loads/post-guide.ts';
import { cleanupTokensLoad } from './loads/sweeps.ts';
import { loads } from './loads.ts';
import { flood, outage } from './long-waits.ts';
import { cutWalk } from './lost-connections.ts';
import { pacedKill } from './paced-kills.ts';
import { stayKill } from './stay-kills.ts';
import { badMetricsFolder, closedStreams } from './streams.ts';
import { faultKinds, faultWalk } from './telegram-faults.ts';
import type { Trial } from './trial.ts';

/** @param seed chooses where passes die and which faults calls meet */
export function shortTrials(seed: number): Trial[] {
  const random = new Random(seed);
  const callers = [deleteDueLoad, deleteBroadcastsLoad, postGuideLoad];
  const anyCall = faultKinds.filter(({ method }) => method === undefined);
  // A stride that skips most points, from another start in each run.
  const few = (stride: number) => ({ from: random.int(1, stride), every: stride });
  return [
    ...loads.flatMap((load) => [
      killAt(seedOf(load, 'statement', random.int(1, 4))),
      killAt(seedOf(load, 'answered statement', random.int(1, 4))),
      killAt(randomSeed(load, random)),
    ]),
    ...callers.map((load) => killAt(seedOf(load, 'done call', random.int(1, 4)))),
    pacedKill(deleteDueLoad, seed),
    ...farKills(deleteDueLoad, random),
    ...busyChatKills(random).slice(0, 1),
    trickleKills(seed),
    busyGroupKill(seed),
    stayKill(seed),
    pacedKill(deleteDueLoad, seed, 'far'),
    ...claimPlaces.map((place) => frozenClaim(place, seed)),
    // From claim to send: the statements whose answers allow one.
    freezeWalk(deleteDueLoad, 'answered statement', few(4)),
    crowd(deleteDueLoad, 5),
    crowd(cleanupTokensLoad, 5),
    freezeWalk(deleteDueLoad, 'call', { secondDies: true, ...few(6) }),
    freezeWalk(postGuideLoad, 'done call', few(5)),
    allJobs(loads, 40, 14),
    ...callers.map((load) => cutWalk(load, 'cut answered', few(8))),
    cutWalk(cleanupTokensLoad, 'terminated', few(2)),
    statementTimeout(deleteDueLoad, 3),
    lockedRows(deleteDueLoad, 'all', 7),
    ...callers.flatMap((load) => {
      const kind = anyCall[random.int(0, anyCall.length - 1)];
      return kind === undefined ? [] : [faultWalk(load, kind, few(3))];
    }),
    flood(deleteDueLoad, 100_000, random.int(1, 6)),
    outage(deleteBroadcastsLoad, '502', random.int(1, 4)),
    wrongClock(deleteDueLoad, 1),
    wrongClock(postGuideLoad, -1),
    ...closedStreams(deleteDueLoad, '| head'),
    ...closedStreams(postGuideLoad, 'stderr closed'),
    badMetricsFolder(cleanupTokensLoad),
    ...[deleteDueLoad, postGuideLoad].map((load) => anySettingsTrial(load, 25, seed)),
  ];
}
