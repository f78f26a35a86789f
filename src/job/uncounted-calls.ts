import type { CallCounts } from '../process/summary.ts';

/** The calls of a pass that no statement has added to the figures of the day yet. */
export class UncountedCalls {
  readonly #made: Readonly<CallCounts>;
  #counted: CallCounts = { calls: 0, rate_limited: 0 };

  /** @param made counted up as calls are made */
  constructor(made: Readonly<CallCounts>) {
    this.#made = made;
  }

  now(): CallCounts {
    const { calls, rate_limited } = this.#counted;
    return { calls: this.#made.calls - calls, rate_limited: this.#made.rate_limited - rate_limited };
  }

  /** A statement with them is committed. */
  counted({ calls, rate_limited }: CallCounts): void {
    this.#counted = { calls: this.#counted.calls + calls, rate_limited: this.#counted.rate_limited + rate_limited };
  }
}
