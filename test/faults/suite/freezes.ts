/** A holder that freezes beyond its lease, while another one takes over, and wakes again. */
import { Random } from '../../support/demo/random.ts';
import type { RunResult } from '../../support/run.ts';
import { addFindings, type Findings, nothingFound, placed } from './findings.ts';
import type { Laid, Load } from './load.ts';
import { lastLines, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';

type FreezePoint = 'statement' | 'answered statement' | 'call' | 'done call';

/** Short, so that a freeze outlasts it: to the frozen pass its calls look unanswered when it wakes. */
const shortTimeout = { TELEGRAM_TIMEOUT: '1s' };
const pastTimeoutMs = 1_050;

interface Freeze {
  load: Load;
  point: FreezePoint;
  n: number;
  /** The one that takes over dies at this call of its own; null where it lives. */
  secondDiesAt: number | null;
}

/** Freezes at each point in turn. @param secondDies kills the one that takes over, somewhere among its calls */
export function freezeWalk(load: Load, point: FreezePoint, { secondDies = false, from = 1, every = 1 } = {}): Trial {
  const what = secondDies
    ? 'frozen beyond the lease at each call, and the one that took over killed'
    : `frozen beyond the lease at each ${point}`;
  return {
    part: 'crowds',
    what,
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      const random = new Random(7);
      for (let n = from; n < 100; n += every) {
        const freeze = { load, point, n, secondDiesAt: secondDies ? random.int(1, 12) : null };
        const one = await playFreeze(stage, freeze);
        addFindings(found, one);
        if (one.times === 0) break;
      }
      return found;
    },
  };
}

async function playFreeze(stage: Stage, freeze: Freeze): Promise<Findings> {
  const { load, point, n, secondDiesAt } = freeze;
  const found = nothingFound();
  const laid = await stage.layOut(load, { items: 5 });
  const frozen = await freezeAndTakeOver(stage, freeze, laid, found);
  if (found.times > 0) checkWoken(frozen, laid, found);
  await stage.sessionsEnd();
  await stage.finish(load.job, laid, found.wrong);
  await stage.account(load.job, laid, found);
  return placed(found, `${point} ${n}${secondDiesAt === null ? '' : `, the second dies at its call ${secondDiesAt}`}`);
}

async function freezeAndTakeOver(stage: Stage, freeze: Freeze, laid: Laid, found: Findings): Promise<RunResult> {
  const { load, point, n, secondDiesAt } = freeze;
  const { api } = stage.scene;
  const first = stage.start(load.job, laid, shortTimeout);
  const callsBefore = api.callCount;
  const freezeHere = async (at: number): Promise<void> => {
    if (at !== n || found.times > 0) return;
    found.times = 1;
    first.child.kill('SIGSTOP');
    const since = performance.now();
    await takeOver(stage, load, laid, secondDiesAt, found);
    const left = pastTimeoutMs - (performance.now() - since);
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    first.child.kill('SIGCONT');
  };
  const { proxy } = stage;
  if (point === 'statement') proxy.onStatement = freezeHere;
  if (point === 'answered statement') proxy.onAnswered = freezeHere;
  if (point === 'call') api.onCall = (call) => freezeHere(call.n - callsBefore);
  if (point === 'done call') api.onDone = (call) => freezeHere(call.n - callsBefore);
  const result = await first.done;
  stage.release();
  return result;
}

/** Another pass finds the lease expired and does what is left, or dies in the middle of it. */
async function takeOver(stage: Stage, load: Load, laid: Laid, diesAt: number | null, found: Findings): Promise<void> {
  if (diesAt === null) return stage.finish(load.job, laid, found.wrong, shortTimeout);
  const { api } = stage.scene;
  stage.release();
  await stage.waitsEnd();
  let calls = 0;
  const holder = async () => (await stage.scene.db.query('select run_id from telesweep.leases'))[0]?.run_id;
  const frozen = await holder();
  const second = stage.start(load.job, laid, { DATABASE_URL: stage.url });
  api.onDone = async () => {
    // Calls that the frozen one had let out come to their end as well.
    if ((await holder()) === frozen || ++calls !== diesAt) return;
    second.child.kill('SIGKILL');
    await second.done;
  };
  await second.done;
  stage.release();
}

/** Who lost its lease says so, unless its work was done by then. */
function checkWoken({ code, summary, stderr }: RunResult, laid: Laid, found: Findings): void {
  const lost = code === 75 && summary?.stop_reason === 'lease_lost';
  const done = summary?.stop_reason === 'done' && code !== null && [0, ...laid.endCodes].includes(code);
  if (!lost && !done) found.wrong.push(`the one that woke ended with ${code}: ${lastLines(stderr)}`);
}
