/** What Telegram's 429 asks for. Pure: time is a value that goes in. */
import type { Stop } from '../job/stop.ts';

/** Where a pass has no deadline, it waits for pauses up to this long, be it one or a row of short ones. */
const longestWaitSeconds = 60;

/** Whether a pass has the time to wait so long. */
export function hasTimeFor(seconds: number, stop: Pick<Stop, 'msLeft'>): boolean {
  return seconds * 1000 <= (stop.msLeft() ?? longestWaitSeconds * 1000);
}

/** Two clocks tell the end of the same pause this differently. */
const sameMs = 250;

export class Pause {
  /** When it is over, by `monotonicMs`; 0 where there was none. */
  until = 0;
  /** Seconds that the database must hear of; null for none. */
  toTell: number | null = null;
  /** Waited for since the last success. */
  #waitedMs = 0;

  /** An answer asked for it. */
  asked(seconds: number, now: number): void {
    this.toTell = Math.max(this.toTell ?? 0, seconds);
    this.#extend(now + seconds * 1000, now);
  }

  /** The database knows of one. @returns whether it is news */
  met(ms: number, now: number): boolean {
    if (now + ms <= Math.max(this.until, now) + sameMs) return false;
    this.#extend(now + ms, now);
    return true;
  }

  succeeded(): void {
    this.#waitedMs = 0;
  }

  /** Whether the pass has no time for what is left of it and for what it has waited before. */
  isTooLong(now: number, stop: Pick<Stop, 'msLeft'>): boolean {
    if (now >= this.until) return false;
    if (!hasTimeFor((this.until - now) / 1000, stop)) return true;
    return stop.msLeft() === null && this.#waitedMs > longestWaitSeconds * 1000;
  }

  #extend(until: number, now: number): void {
    if (until <= this.until) return;
    this.#waitedMs += until - Math.max(this.until, now);
    this.until = until;
  }
}
