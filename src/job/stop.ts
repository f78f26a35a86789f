import { monotonicMs } from '../process/clock.ts';
import type { StopReason } from '../process/summary.ts';

/** Asks the pass whether it may go on; everything that waits must listen to `signal`. */
export interface Stop {
  /** Null while the pass may start new work. */
  readonly reason: StopReason | null;
  /** Aborts when new work must no longer be started. */
  readonly signal: AbortSignal;
  /** Aborts when calls under way must be dropped as well. */
  readonly hardSignal: AbortSignal;
  /** Milliseconds left until the deadline; null where the pass has none. */
  msLeft(): number | null;
  /** The first reason stays, but a lost lease explains an error. */
  request(reason: StopReason): void;
}

/**
 * Calls under way are dropped this long after a signal: the pass ends within 10 s of it, also where the database then
 * takes another second and the monitors three.
 */
const graceMs = 4_500;

/** The longest delay that a timer of Node can hold. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Decides when a pass must start nothing new.
 * @param maxRuntimeMs null for no deadline; counted from this call
 * @param signalled aborts when the process was asked to end
 */
export function createStop(maxRuntimeMs: number | null, signalled: AbortSignal): Stop & { dispose(): void } {
  const soft = new AbortController();
  const hard = new AbortController();
  const startedAt = monotonicMs();
  let reason: StopReason | null = null;
  let graceTimer: NodeJS.Timeout | undefined;

  const request = (next: StopReason): void => {
    // Who lost the lease meets errors that come of it.
    const explained = reason === 'error' && next === 'lease_lost';
    if (reason !== null && !explained) return;
    reason = next;
    soft.abort();
  };
  const onSignal = (): void => {
    request('signal');
    graceTimer ??= setTimeout(() => hard.abort(), graceMs);
  };
  if (signalled.aborted) onSignal();
  else signalled.addEventListener('abort', onSignal, { once: true });
  const deadlineTimer =
    maxRuntimeMs === null ? undefined : setTimeout(() => request('deadline'), Math.min(maxRuntimeMs, longestTimerMs));

  return {
    get reason() {
      return reason;
    },
    signal: soft.signal,
    hardSignal: hard.signal,
    msLeft: () => (maxRuntimeMs === null ? null : Math.max(0, maxRuntimeMs - (monotonicMs() - startedAt))),
    request,
    dispose() {
      clearTimeout(deadlineTimer);
      clearTimeout(graceTimer);
      signalled.removeEventListener('abort', onSignal);
    },
  };
}
