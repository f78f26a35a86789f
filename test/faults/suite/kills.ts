/** Passes killed at every statement and call in turn, and at random moments. */
import type { Started } from '../../support/run.ts';
import { addFindings, type Findings, nothingFound, placed } from './findings.ts';
import { type Kill, type KillPoint, killOf, killPoints, seedOf } from './kill-seed.ts';
import type { Laid, Load } from './load.ts';
import type { Stage } from './stage.ts';
import type { Trial } from './trial.ts';

/** A dead holder is replaced within this time, so no lease may end later. */
const longestLeaseSeconds = 60;

/** From its first statement to its end, about. */
const usualPassMs = { calling: 150, sweeping: 25 };

/** By then the moment comes with the first of a pass's statements. */
const mostHaste = 16;

const callPoints: readonly KillPoint[] = ['call', 'done call'];

/** Kills a pass at its first point, another at its second, and so on until one lives to its end. */
export function killWalks(loads: readonly Load[]): Trial[] {
  const points = killPoints.filter((point) => point !== 'moment');
  return loads.flatMap((load) =>
    points
      .filter((point) => load.callsTelegram || !callPoints.includes(point))
      .map((point) => ({
        part: 'kills',
        what: `at each ${point}`,
        job: load.job,
        async play(stage: Stage): Promise<Findings> {
          const found = nothingFound();
          for (let n = 1; n < 100; n++) {
            const one = await playKill(stage, seedOf(load, point, n));
            addFindings(found, one);
            if (one.times === 0) return found;
          }
          found.wrong.push(`no pass lived to its end: more than 100 of ${point}`);
          return found;
        },
      })),
  );
}

/** Another load for the same kills, such as one behind a slow line. */
export type Variant = (load: Load, stage: Stage) => Load;

/** Kills of a variant, at the point and under the load that a seed means. */
export function killVariant(seed: number, what: string, variant: Variant): Trial {
  const { load } = killOf(seed);
  return { part: 'kills', what, job: load.job, play: (stage) => playUntilKilled(stage, seed, variant) };
}

export function killAt(seed: number): Trial {
  const { load, point } = killOf(seed);
  const what = point === 'moment' ? 'at random moments, up to three in a row' : `at each ${point}`;
  return { part: 'kills', what, job: load.job, play: (stage) => playUntilKilled(stage, seed) };
}

/** On a quick machine a pass may be over before its moment; then the moment comes earlier. */
async function playUntilKilled(stage: Stage, seed: number, variant: Variant = (load) => load): Promise<Findings> {
  const found = nothingFound();
  for (let haste = 1; haste <= mostHaste && found.times === 0; haste *= 2) {
    addFindings(found, await playKill(stage, seed, haste, variant));
    if (killOf(seed).point !== 'moment') break;
  }
  return found;
}

/** `times` is 0 where the pass ended before its point came. @param haste by so much earlier a random moment comes */
async function playKill(stage: Stage, seed: number, haste = 1, variant: Variant = (load) => load): Promise<Findings> {
  const known = killOf(seed);
  const kill = { ...known, load: variant(known.load, stage) };
  const { load, items, inARow } = kill;
  const found = nothingFound();
  const laid = await stage.layOut(load, { items });
  let uncertain = 0;
  for (let dead = 0; dead < inARow; dead++) {
    await stage.waitsEnd();
    // A pass settles what it finds open before it opens its own, so none of these can be left of another.
    const { killed, open } = await killOne(stage, { kill, haste }, laid, found.wrong);
    if (killed) found.times++;
    uncertain += open;
  }
  await stage.finish(load.job, laid, found.wrong);
  await stage.account(load.job, laid, found);
  if (found.uncertain > uncertain) {
    found.wrong.push(`${found.uncertain} uncertain, where ${uncertain} sends were under way`);
  }
  return placed(found, `--seed ${seed}`);
}

async function killOne(
  stage: Stage,
  { kill, haste }: { kill: Kill; haste: number },
  laid: Laid,
  wrong: string[],
): Promise<{ killed: boolean; open: number }> {
  const { api } = stage.scene;
  const pass = stage.start(kill.load.job, laid);
  const death = dieAt(stage, kill, haste, pass);
  const { signal } = await pass.done;
  clearTimeout(death.timer);
  stage.release();
  await stage.sessionsEnd();
  const killed = signal === 'SIGKILL';
  const seconds = await stage.leaseSeconds(kill.load.job);
  if (seconds !== null && seconds > longestLeaseSeconds) wrong.push(`a dead holder's lease lasts ${seconds} s more`);
  // What was on its way when the pass died arrives all the same.
  const deadline = Date.now() + 5_000;
  while (api.inFlight > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  return { killed, open: await laid.openIntents() };
}

function dieAt(
  stage: Stage,
  { load, point, n, random }: Kill,
  haste: number,
  pass: Started,
): { timer?: NodeJS.Timeout } {
  const { proxy, scene } = stage;
  let killed = false;
  const die = async (at: number): Promise<void> => {
    if (at !== n || killed) return;
    killed = pass.child.kill('SIGKILL');
    await pass.done;
  };
  const callsBefore = scene.api.callCount;
  switch (point) {
    case 'statement':
      proxy.onStatement = die;
      return {};
    case 'answered statement':
      proxy.onAnswered = die;
      return {};
    case 'call':
      scene.api.onCall = (call) => die(call.n - callsBefore);
      return {};
    case 'done call':
      scene.api.onDone = (call) => die(call.n - callsBefore);
      return {};
    case 'moment': {
      // Moments count from the first statement: before it a pass has done nothing that a kill could hurt.
      const death: { timer?: NodeJS.Timeout } = {};
      const share = (n + random.int(-10, 10)) / 100;
      proxy.onStatement = () => {
        death.timer ??= setTimeout(
          () => pass.child.kill('SIGKILL'),
          Math.max(0, (share / haste) * (load.callsTelegram ? usualPassMs.calling : usualPassMs.sweeping)),
        );
      };
      return death;
    }
  }
}
