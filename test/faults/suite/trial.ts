import type { Findings } from './findings.ts';
import type { Stage } from './stage.ts';

/** One thing that is done to telesweep, or the same thing at every point in turn. */
export interface Trial {
  part: string;
  what: string;
  job: string;
  /** False where what is lost is no broken promise: it is counted, and told as such. */
  promised?: false;
  /** @returns what it found; throws where the trial itself could not go on */
  play(stage: Stage): Promise<Findings>;
}
