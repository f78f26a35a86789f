/** Passes killed while calls are slow and few: no more sends may be in doubt than were under way. */
import { startDelayProxy } from '../../support/delay-proxy.ts';
import { Random } from '../../support/demo/random.ts';
import { type Findings, nothingFound, placed } from './findings.ts';
import type { Load } from './load.ts';
import type { Stage } from './stage.ts';
import type { Trial } from './trial.ts';

/** About five calls are under way at once. */
const pace = { TELEGRAM_RATE: '50' };
const latencyMs = 100;

/** Two intents that are committed for the next slots, one call on its way to Telegram, one answer on its way to the database. */
const onTheWay = 4;

/** Claims run two ticks ahead; an answer waits for the end of one and goes with the next. */
const ticksOnTheWay = 4;

/** How far away the database is: a round trip. */
const distances = { near: 0, far: 50 } as const;
type Distance = keyof typeof distances;

export function pacedKill(load: Load, seed: number, distance: Distance = 'near'): Trial {
  const away = distance === 'near' ? '' : ` and the database ${distances[distance]} ms away`;
  return {
    part: 'kills',
    what: `with slow answers${away}: no more uncertain than calls under way`,
    job: load.job,
    async play(stage) {
      if (distance === 'near') return playPacedKill(stage, load, seed, { roundTripMs: 0, url: stage.proxy.url });
      const line = await startDelayProxy(stage.proxy.url, distances[distance]);
      try {
        return await playPacedKill(stage, load, seed, { roundTripMs: distances[distance], url: line.url });
      } finally {
        await line.close();
      }
    },
  };
}

async function playPacedKill(
  stage: Stage,
  load: Load,
  seed: number,
  { roundTripMs, url }: { roundTripMs: number; url: string },
): Promise<Findings> {
  const found = nothingFound();
  const random = new Random(seed);
  const { api } = stage.scene;
  const laid = await stage.layOut(load, { items: roundTripMs > 0 ? 40 : 20 });
  api.setLatency(latencyMs);
  const sendToDieAt = random.int(1, 15);
  let sends = 0;
  let underWay = 0;
  let askedAt = performance.now();
  let longestMs = 0;
  stage.proxy.onStatement = () => {
    askedAt = performance.now();
  };
  stage.proxy.onAnswered = () => {
    longestMs = Math.max(longestMs, performance.now() - askedAt);
  };
  const pass = stage.start(load.job, laid, { ...pace, DATABASE_URL: url });
  api.onCall = (call) => {
    if (call.method !== 'sendMessage' || ++sends !== sendToDieAt) return;
    setTimeout(
      () => {
        underWay = api.calls.filter(({ method, status }) => method === 'sendMessage' && status === null).length;
        pass.child.kill('SIGKILL');
      },
      random.int(0, 60),
    );
  };
  const { signal } = await pass.done;
  stage.release();
  await stage.sessionsEnd();
  const open = await laid.openIntents();
  // An answered send whose row was still to be written counts as under way: nobody but the dead pass knew the answer.
  const inTicks = Math.ceil((ticksOnTheWay * (roundTripMs + longestMs) * Number(pace.TELEGRAM_RATE)) / 1000);
  if (open > underWay + onTheWay + inTicks) {
    found.wrong.push(`${open} sends are in doubt, where ${underWay} were under way and ${inTicks} in ticks`);
  }
  if (signal === 'SIGKILL') found.times++;
  api.setLatency(0);
  await stage.finish(load.job, laid, found.wrong);
  await stage.account(load.job, laid, found);
  if (found.uncertain > open) found.wrong.push(`${found.uncertain} uncertain, where ${open} were open`);
  return placed(found, `${load.job}, pace ${seed}`);
}
