/** What is on its way: each thing arrives a fixed time after it left, in the order in which it left. */
export class DelayLine<T> {
  readonly #delayMs: number;
  readonly #onTheWay: { arrivesAt: number; what: T }[] = [];

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** When the next thing arrives; null where nothing is on its way. */
  get nextAt(): number | null {
    return this.#onTheWay[0]?.arrivesAt ?? null;
  }

  /** @param leftAt never before that of the thing before */
  leave(what: T, leftAt: number): void {
    this.#onTheWay.push({ arrivesAt: leftAt + this.#delayMs, what });
  }

  /** Takes out what has arrived by now. */
  arrived(now: number): T[] {
    const first = this.#onTheWay.findIndex(({ arrivesAt }) => arrivesAt > now);
    const count = first === -1 ? this.#onTheWay.length : first;
    return this.#onTheWay.splice(0, count).map(({ what }) => what);
  }
}
