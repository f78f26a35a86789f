import { monotonicMs } from '../../process/clock.ts';

export interface LineOptions {
  /** At work at once. */
  parallel: number;
  /** How long one may be at work while others wait, in milliseconds. */
  turnMs: number;
  /** Milliseconds for all of them; null for as long as it takes. */
  maxRuntimeMs: number | null;
  /** Aborts when nothing more may be started. */
  signal: AbortSignal;
}

/** What one that is at work is told. */
export interface Place {
  /** Aborts when its turn is over and others wait. */
  over: AbortSignal;
  /** Whether others wait as it begins. */
  othersWait: boolean;
  /** Milliseconds left of the whole; null without a limit. */
  msLeft: number | null;
}

/**
 * Lets all come to their turn, `parallel` at a time. Nobody waits behind one that is slow: its turn ends, and it may go back to the
 * end of the line.
 * @param work returns whether the one goes back to the end of the line
 * @returns those that wait still when the time is over or the signal has come
 */
export async function workOffLine<T>(
  all: readonly T[],
  { parallel, turnMs, maxRuntimeMs, signal }: LineOptions,
  work: (one: T, place: Place) => Promise<boolean>,
): Promise<T[]> {
  const line = [...all];
  const startedAt = monotonicMs();
  const msLeft = (): number | null => (maxRuntimeMs === null ? null : maxRuntimeMs - (monotonicMs() - startedAt));
  const isOver = (): boolean => signal.aborted || (msLeft() ?? 1) <= 0;
  const takeTurns = async (): Promise<void> => {
    while (!isOver()) {
      const one = line.shift();
      if (one === undefined) return;
      const over = new AbortController();
      const timer = setTimeout(() => {
        if (line.length > 0) over.abort();
      }, turnMs);
      const goesBack = await work(one, { over: over.signal, othersWait: line.length > 0, msLeft: msLeft() });
      clearTimeout(timer);
      if (goesBack) line.push(one);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, line.length) }, takeTurns));
  return line;
}
