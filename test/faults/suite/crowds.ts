/** Many processes at once: of one job, and of all jobs on one token. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { RunResult, Started } from '../../support/run.ts';
import { type Findings, nothingFound } from './findings.ts';
import type { Laid, Load } from './load.ts';
import { lastLines, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';

/** As many processes of the job at once; one of them is held at work until all others have left. */
export function crowd(load: Load, size: number): Trial {
  return {
    part: 'crowds',
    what: `${size} processes of one job at once`,
    job: load.job,
    play: (stage) => playCrowd(stage, load, size),
  };
}

async function playCrowd(stage: Stage, load: Load, size: number): Promise<Findings> {
  const found = nothingFound();
  const laid = await stage.layOut(load, { items: 6 });
  let left = 0;
  let othersLeft = (): void => {};
  const held = new Promise<void>((resolve) => {
    othersLeft = resolve;
  });
  holdWork(stage, load, held);
  const passes = Array.from({ length: size }, () => stage.start(load.job, laid));
  for (const { done } of passes) {
    done.then(
      () => {
        if (++left === size - 1) othersLeft();
      },
      () => undefined,
    );
  }
  const results = await Promise.all(passes.map(({ done }) => done));
  found.times += size;
  checkCrowd(load, laid, passes, results, found);
  await stage.finish(load.job, laid, found.wrong);
  await stage.account(load.job, laid, found);
  if (found.uncertain > 0) found.wrong.push(`${found.uncertain} uncertain, though nothing was cut off`);
  return found;
}

/** Whoever has the lease waits with its first call, or with its first delete. */
function holdWork(stage: Stage, { callsTelegram }: Load, until: Promise<void>): void {
  if (callsTelegram) stage.scene.api.onCall = () => until;
  else stage.proxy.onStatement = (_, { text }) => (/gone as \(delete from/.test(text) ? until : undefined);
}

function checkCrowd(
  { job }: Load,
  laid: Laid,
  passes: readonly Started[],
  results: readonly RunResult[],
  found: Findings,
): void {
  const worked = results.findIndex(({ summary }) => summary?.stop_reason === 'done');
  const pid = passes[worked]?.child.pid;
  for (const [i, { code, summary, stderr }] of results.entries()) {
    if (i === worked) {
      if (code === null || !laid.endCodes.includes(code)) found.wrong.push(`the one that works: ${code}`);
      continue;
    }
    const says = new RegExp(`holds ${job}: \\S+ pid ${pid}, since \\d{4}-\\d\\d-\\d\\dT`).test(stderr);
    if (code !== 0 || summary?.stop_reason !== 'busy' || summary.outcome !== 'skipped' || !says) {
      found.wrong.push(`one that should find the job held: ${code}, ${lastLines(stderr)}`);
    }
  }
}

/** A process that has decided on a call may have to wait so long for the CPU. */
const putOffMs = 50;

/** All jobs at once, on one token and at one rate: the server counts the calls of every second. */
export function allJobs(loads: readonly Load[], rate: number, items: number): Trial {
  return {
    part: 'crowds',
    what: 'all jobs at once on one token, calls counted in every sliding second',
    job: `at ${rate} a second`,
    play: (stage) => playAllJobs(stage, loads, rate, items),
  };
}

async function playAllJobs(stage: Stage, loads: readonly Load[], rate: number, items: number): Promise<Findings> {
  const found = nothingFound();
  const { api } = stage.scene;
  const laid: { load: Load; laid: Laid }[] = [];
  for (const [i, load] of loads.entries()) {
    laid.push({
      load,
      laid: i === 0 ? await stage.layOut(load, { items }) : await load.layOut(stage.scene, { items }),
    });
  }
  const before = api.calls.length;
  const env = { TELEGRAM_RATE: String(rate) };
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const results = await Promise.all(laid.map((one) => stage.start(one.load.job, one.laid, env).done));
  delay.disable();
  found.times = results.length;
  for (const [i, { code, stderr }] of results.entries()) {
    const expected: readonly number[] = laid[i]?.laid.endCodes ?? [];
    if (code === null || !expected.includes(code)) found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
  }
  const calls = api.calls.slice(before).map(({ at }) => at);
  const most = mostInASecond(calls);
  // One call that left late on a busy machine comes together with those after it, and so does one noticed late here.
  const lateMs = delay.max / 1e6;
  const blur = 1 + Math.floor(((lateMs + putOffMs) / 1000) * rate);
  found.notes.push(
    `at most ${most} calls in any second (counted by a process that was up to ${Math.round(lateMs)} ms late)`,
  );
  if (most > rate + blur) found.wrong.push(`${most} calls in one second, where ${rate} are allowed`);
  if (calls.length < rate) found.wrong.push(`${calls.length} calls: too few to tell anything`);
  for (const one of laid) {
    await stage.finish(one.load.job, one.laid, found.wrong);
    await stage.account(one.load.job, one.laid, found);
  }
  if (found.uncertain > 0) found.wrong.push(`${found.uncertain} uncertain, though nothing was cut off`);
  return found;
}

/** The largest number of calls in any stretch of a second, its end not included. */
function mostInASecond(times: readonly number[]): number {
  let most = 0;
  let start = 0;
  for (const [end, time] of times.entries()) {
    while (time - (times[start] ?? time) >= 1000) start++;
    most = Math.max(most, end - start + 1);
  }
  return most;
}
