const firstGuessMs = 20;
const leastMs = 2;

/** How long a tick takes: as the longest of late, which fades. */
export class TickTime {
  #ms = firstGuessMs;
  #known = false;

  get ms(): number {
    return this.#ms;
  }

  took(ms: number): void {
    const fading = this.#known ? 0.8 * this.#ms + 0.2 * ms : ms;
    this.#ms = Math.max(leastMs, ms, fading);
    this.#known = true;
  }
}
