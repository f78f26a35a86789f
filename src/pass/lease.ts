import type { LeaseRenewal } from '../job/job.ts';
import type { Stop } from '../job/stop.ts';
import { monotonicMs } from '../process/clock.ts';
import { UnavailableError } from '../process/errors.ts';
import type { JobName } from '../process/summary.ts';
import type { Connection } from '../store/connect.ts';
import { heartbeatMs, renewLease } from '../store/runs.ts';

/** The lease that a pass holds: kept while the pass works, and known as lost when it is. */
export interface KeptLease extends LeaseRenewal {
  /** What kept the lease from being renewed; null where nothing did. */
  readonly failure: unknown;
  /** Whether another process has the job now, and so explains an error that ended the pass. */
  explains(error: unknown): Promise<boolean>;
  /** Ends the renewals; the lease itself is given back with the run's record. */
  stop(): void;
}

export function keepLease(connection: Connection, job: JobName, runId: string, stop: Stop): KeptLease {
  let failure: unknown = null;
  let renewedAt = monotonicMs();
  const renew = async (): Promise<boolean> => {
    const held = await renewLease(connection, job, runId);
    if (!held) stop.request('lease_lost');
    renewedAt = monotonicMs();
    return held;
  };
  const timer = setInterval(() => {
    // A sweep's ticks have moved it lately: then it lasts until the next beat. A beat may come a little early.
    if (monotonicMs() - renewedAt < heartbeatMs / 2) return;
    renew().catch((error: unknown) => {
      failure ??= error;
      stop.request('error');
    });
  }, heartbeatMs);
  return {
    get failure() {
      return failure;
    },
    async explains(error) {
      // A process that was frozen finds its calls unanswered before its next renewal tells it why.
      if (!(error instanceof UnavailableError) || stop.reason === 'signal') return false;
      return !(await renew().catch(() => true));
    },
    isToRenew: () => monotonicMs() - renewedAt >= heartbeatMs,
    renewed(at) {
      renewedAt = at;
    },
    stop: () => clearInterval(timer),
  };
}
