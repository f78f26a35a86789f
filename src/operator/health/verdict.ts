import type { JobName } from '../../process/summary.ts';

/** From the best to the worst. */
export const verdicts = ['well', 'idle', 'paused', 'late', 'losing', 'stuck', 'failing'] as const;

/**
 * How a job stands.
 * - `failing`: its passes end in an error or are cut off, or one hangs
 * - `late`: it did not run when it should have
 * - `stuck`: its passes end well and leave the same work
 * - `losing`: messages will pass 48 hours before their turn
 * - `paused`: no call may be made now
 * - `idle`: it was never used
 */
export type Verdict = (typeof verdicts)[number];

export interface Health {
  job: JobName;
  verdict: Verdict;
  /** ISO 8601; null where the job is well, paused or was never used. */
  since: string | null;
  /** One line, without secrets. */
  why: string;
  /** What to do; null where nothing is to be done. */
  wayOut: string | null;
}

const ill: ReadonlySet<Verdict> = new Set<Verdict>(['late', 'losing', 'stuck', 'failing']);

/** Whether an operator must look. */
export function isIll({ verdict }: Pick<Health, 'verdict'>): boolean {
  return ill.has(verdict);
}
