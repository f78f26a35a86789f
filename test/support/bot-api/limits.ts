/** Telegram's limits: sliding windows, so that a burst after a quiet second is refused as well. */

/** 0 switches a limit off. */
export interface Limits {
  /** All calls of one token. */
  callsPerSecond: number;
  /** Messages sent to one chat, averaged over `chatBurst` of them. */
  sendsPerSecondPerChat: number;
  /** How many messages may reach one chat at once: the window is this many seconds' worth. */
  chatBurst: number;
  /** Messages sent to one group, supergroup or channel. */
  groupSendsPerMinute: number;
  /** After a limit is passed, every call of the token meets 429 until the wait is over. */
  floodPausesAll: boolean;
  /** The wait asked for when `callsPerSecond` is passed, in seconds. */
  floodSeconds: number;
  /** Windows are this much shorter than said, for calls that left on time and arrived a moment early. */
  toleranceMs: number;
}

export const defaultLimits: Limits = {
  callsPerSecond: 0,
  sendsPerSecondPerChat: 1,
  chatBurst: 1,
  groupSendsPerMinute: 20,
  floodPausesAll: true,
  floodSeconds: 1,
  toleranceMs: 20,
};

/** The times of the last calls, as many as a window may hold. */
export class SlidingWindow {
  #times: number[] = [];

  /** Milliseconds until one more fits into `count` in `windowMs`; 0 where it fits now. */
  waitMs(now: number, count: number, windowMs: number): number {
    const oldest = this.#times[this.#times.length - count];
    return oldest === undefined ? 0 : Math.max(0, oldest + windowMs - now);
  }

  add(now: number, count: number): void {
    this.#times.push(now);
    if (this.#times.length > 2 * count) this.#times = this.#times.slice(-count);
  }
}

/** Every call's time in 8 bytes each, so that a million calls stay cheap. */
export class CallTimes {
  #times = new Float64Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(now: number): void {
    if (this.#length === this.#times.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#times);
      this.#times = larger;
    }
    this.#times[this.#length++] = now;
  }

  /** The largest number of calls in any stretch of `windowMs` (its end not included). */
  mostInWindow(windowMs: number): number {
    let most = 0;
    let start = 0;
    for (let end = 0; end < this.#length; end++) {
      while (this.#at(end) - this.#at(start) >= windowMs) start++;
      most = Math.max(most, end - start + 1);
    }
    return most;
  }

  #at(index: number): number {
    return this.#times[index] ?? 0;
  }
}
