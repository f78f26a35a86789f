import type { JobName } from '../../process/summary.ts';

/**
 * How a job stands. `idle`: it was never used. `paused`: no call may be made now, as Telegram asked. `late`: it did not run
 * when it should have. `losing`: messages will pass 48 hours before their turn. `stuck`: passes end well and leave the same
 * work. `failing`: passes end in errors, or are cut off, or one hangs.
 */
export type Verdict = 'well' | 'idle' | 'paused' | 'late' | 'losing' | 'stuck' | 'failing';

export interface Health {
  job: JobName;
  verdict: Verdict;
  /** ISO 8601; null where the job is well or was never used. */
  since: string | null;
  /** One line, without secrets. */
  why: string;
  /** What to do; null where nothing is to be done. */
  wayOut: string | null;
}

const ill: ReadonlySet<Verdict> = new Set(['late', 'losing', 'stuck', 'failing']);

/** Whether an operator must look. */
export function isIll({ verdict }: Pick<Health, 'verdict'>): boolean {
  return ill.has(verdict);
}
