import type { JobName } from '../../process/summary.ts';
import type { Finding } from '../doctor/finding.ts';
import { type Health, isIll, type Verdict } from '../health/verdict.ts';

/** One thing that is not well. */
export interface Ill {
  /** The same from one look to the next, while its words may change. */
  name: string;
  /** Completes `delete-due …`; null for what doctor found at fault. */
  how: Verdict | null;
  /** Null where only whoever looks again and again can know. */
  since: Date | null;
  why: string;
  wayOut: string | null;
}

/** Worst first: what keeps every job from its work, then jobs. */
const order: readonly (Verdict | null)[] = [null, 'failing', 'stuck', 'losing', 'late'];

/**
 * All that is not well, worst first: the ill jobs, and doctor's faults. What doctor says of a job itself is left out: the job's
 * health says it.
 */
export function illsOf(healths: readonly Health[], findings: readonly Finding[]): Ill[] {
  const jobs = new Set<JobName>(healths.map(({ job }) => job));
  const faults = findings.filter(({ check, level }) => level === 'fault' && !jobs.has(check));
  const counts = new Map<string, number>();
  const ofDoctor = faults.map(({ check, text, way_out: wayOut }): Ill => {
    const nth = (counts.get(check) ?? 0) + 1;
    counts.set(check, nth);
    return { name: nth === 1 ? check : `${check} (${nth})`, how: null, since: null, why: text, wayOut };
  });
  const ofJobs = healths.filter(isIll).map(
    ({ job, verdict, since, why, wayOut }): Ill => ({
      name: job,
      how: verdict,
      since: since === null ? null : new Date(since),
      why,
      wayOut,
    }),
  );
  return [...ofDoctor, ...ofJobs].sort((a, b) => order.indexOf(a.how) - order.indexOf(b.how));
}
