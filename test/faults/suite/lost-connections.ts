/** The database's connection cut at each statement, by the network or by the server, and the server gone in the middle. */
import type { JobName } from '../../../src/process/summary.ts';
import { Random } from '../../support/demo/random.ts';
import type { RunResult } from '../../support/run.ts';
import { addFindings, type Findings, nothingFound, placed } from './findings.ts';
import type { Laid, Load } from './load.ts';
import { lastLines, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';

/** How a statement's connection is lost; after `answered` the server has done it and telesweep does not know. */
export const cuts = ['cut before', 'cut answered', 'terminated'] as const;
export type Cut = (typeof cuts)[number];

const names: Record<Cut, string> = {
  'cut before': 'connection cut before each statement',
  'cut answered': 'connection cut after each statement: a commit whose outcome is unknown',
  terminated: 'pg_terminate_backend at each statement',
};

export function cutWalk(load: Load, cut: Cut, { from = 1, every = 1 } = {}): Trial {
  return {
    part: 'PostgreSQL',
    what: names[cut],
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      for (let n = from; n < 100; n += every) {
        const one = await playCut(stage, load, cut, n);
        addFindings(found, one);
        if (one.times === 0) return found;
      }
      found.wrong.push('no pass lived to its end');
      return found;
    },
  };
}

async function playCut(stage: Stage, load: Load, cut: Cut, n: number): Promise<Findings> {
  const found = nothingFound();
  const laid = await stage.layOut(load, { items: 5 });
  const onCut = async (at: number): Promise<unknown> => {
    if (at !== n) return undefined;
    found.times = 1;
    if (cut !== 'terminated') return 'cut';
    await stage.scene.db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'telesweep'`,
    );
    return undefined;
  };
  if (cut === 'cut answered') stage.proxy.onAnswered = onCut;
  else stage.proxy.onStatement = onCut;
  const result = await stage.start(load.job, laid).done;
  if (found.times > 0) expectUnavailable(result, found, laid);
  await recover(stage, load.job, laid, found);
  return placed(found, `${cut} ${n}`);
}

/** How the whole server goes. */
export type Outage = 'fast' | 'immediate' | 'kill';

const outages: Record<Outage, string> = {
  fast: 'server stopped in the middle and started again',
  immediate: 'server stopped at once in the middle and started again',
  kill: 'server killed in the middle and started again',
};

/** Needs a stage with a server of its own. */
export function serverOutage(load: Load, outage: Outage, seed: number): Trial {
  return {
    part: 'PostgreSQL',
    what: outages[outage],
    job: load.job,
    play: (stage) => playOutage(stage, load, outage, seed),
  };
}

async function playOutage(stage: Stage, load: Load, outage: Outage, seed: number): Promise<Findings> {
  const found = nothingFound();
  const { server } = stage;
  if (server === null) throw new Error('this trial stops its server, and the stage has none of its own');
  const laid = await stage.layOut(load, { items: 8 });
  const n = new Random(seed).int(1, load.callsTelegram ? 14 : 4);
  stage.proxy.onStatement = async (at) => {
    if (at !== n || found.times > 0) return;
    found.times = 1;
    await (outage === 'kill' ? server.kill() : server.stop(outage));
  };
  const result = await stage.start(load.job, laid).done;
  stage.release();
  if (found.times > 0) {
    expectUnavailable(result, found, laid);
    expectUnavailable(await stage.start(load.job, laid, { DATABASE_URL: stage.url }).done, found, laid);
    await server.restart();
  }
  await recover(stage, load.job, laid, found);
  return placed(found, `${outage} at statement ${n}`);
}

function expectUnavailable({ code, stderr }: RunResult, { wrong }: Findings, laid: Laid): void {
  // Once the run is closed the metrics alone are missing.
  const isClosed = stderr.includes('metrics: they cannot be read');
  if (isClosed ? code === null || !laid.endCodes.includes(code) : code !== 69)
    wrong.push(`ended with ${code} instead of 69: ${lastLines(stderr)}`);
}

/** What was in doubt when the connection went is all that may be reported as uncertain. */
export async function recover(stage: Stage, job: JobName, laid: Laid, found: Findings): Promise<void> {
  stage.release();
  await stage.sessionsEnd();
  const open = await laid.openIntents();
  const before = found.uncertain;
  await stage.finish(job, laid, found.wrong);
  await stage.account(job, laid, found);
  const uncertain = found.uncertain - before;
  if (uncertain > open) found.wrong.push(`${uncertain} uncertain, where ${open} sends were in doubt`);
}
