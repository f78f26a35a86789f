/** Passes killed while calls are slow and few: no more sends may be in doubt than were under way. */
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

export function pacedKill(load: Load, seed: number): Trial {
  return {
    part: 'kills',
    what: 'with slow answers: no more uncertain than calls under way',
    job: load.job,
    play: (stage) => playPacedKill(stage, load, seed),
  };
}

async function playPacedKill(stage: Stage, load: Load, seed: number): Promise<Findings> {
  const found = nothingFound();
  const random = new Random(seed);
  const { api } = stage.scene;
  const laid = await stage.layOut(load, { items: 20 });
  api.setLatency(latencyMs);
  const sendToDieAt = random.int(1, 15);
  let sends = 0;
  let underWay = 0;
  const pass = stage.start(load.job, laid, pace);
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
  if (open > underWay + onTheWay) {
    found.wrong.push(`${open} sends are in doubt, where ${underWay} were under way`);
  }
  if (signal === 'SIGKILL') found.times++;
  api.setLatency(0);
  await stage.finish(load.job, laid, found.wrong);
  await stage.account(load.job, laid, found);
  if (found.uncertain > open) found.wrong.push(`${found.uncertain} uncertain, where ${open} were open`);
  return placed(found, `${load.job}, pace ${seed}`);
}
