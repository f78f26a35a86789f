/** Plays trials, a few at a time, each on a stage that no other trial uses meanwhile. */
import { type Findings, nothingFound, type Table } from './findings.ts';
import type { Stage } from './stage.ts';
import type { Trial } from './trial.ts';

export interface PlayOptions {
  /** Trials at once. */
  stages: number;
  open(): Promise<Stage>;
  onTrial?(trial: Trial, findings: Findings, ms: number): void;
}

const secrets = { part: 'secrets', what: 'every byte that all of the above wrote', job: 'all' };

/** No trial may keep the others waiting longer. */
const longestTrialMs = 300_000;

export async function playTrials(trials: readonly Trial[], table: Table, options: PlayOptions): Promise<void> {
  const queue = [...trials];
  // Rows stand in the order of the trials, whichever ends first.
  for (const trial of trials) table.add(trial, nothingFound());
  const worker = async (): Promise<void> => {
    let stage: Stage | null = null;
    for (let trial = queue.shift(); trial !== undefined; trial = queue.shift()) {
      stage ??= await options.open();
      const startedAt = performance.now();
      const findings = await playOne(trial, stage);
      table.add(trial, findings);
      options.onTrial?.(trial, findings, performance.now() - startedAt);
    }
    if (stage !== null) table.add(secrets, await closing(stage));
  };
  await Promise.all(Array.from({ length: Math.min(options.stages, trials.length) }, worker));
}

async function playOne(trial: Trial, stage: Stage): Promise<Findings> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${longestTrialMs / 1000} s`)), longestTrialMs);
  });
  try {
    return await Promise.race([trial.play(stage), tooLong]);
  } catch (error) {
    const found = nothingFound();
    found.times = 1;
    found.wrong.push(`the trial broke off: ${error instanceof Error ? error.stack : String(error)}`);
    return found;
  } finally {
    clearTimeout(timer);
    stage.release();
  }
}

async function closing(stage: Stage): Promise<Findings> {
  const found = await stage.close();
  found.times = 1;
  return found;
}
