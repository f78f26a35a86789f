import { monotonicMs } from '../process/clock.ts';
import type { CallCounts } from '../process/summary.ts';

/** All jobs add to one row: seldom, so that none waits for another's tick. What a killed pass called since is not known. */
const countEveryMs = 5_000;

/** The calls of a pass that no statement has added to the figures of the day yet. */
export class UncountedCalls {
  readonly #made: Readonly<CallCounts>;
  #counted: CallCounts = { calls: 0, rate_limited: 0 };
  #countedAt = monotonicMs();

  /** @param made counted up as calls are made */
  constructor(made: Readonly<CallCounts>) {
    this.#made = made;
  }

  now(): CallCounts {
    const { calls, rate_limited } = this.#counted;
    return { calls: this.#made.calls - calls, rate_limited: this.#made.rate_limited - rate_limited };
  }

  /** What the next tick is to add; null where it is too early. */
  forTick(): CallCounts | null {
    return monotonicMs() - this.#countedAt < countEveryMs ? null : this.now();
  }

  /** A statement with them is committed. */
  counted({ calls, rate_limited }: CallCounts): void {
    this.#counted = { calls: this.#counted.calls + calls, rate_limited: this.#counted.rate_limited + rate_limited };
    this.#countedAt = monotonicMs();
  }
}
