import { monotonicMs } from '../process/clock.ts';

/** So many answers are remembered: some seconds' worth, in which no two clocks drift apart by a millisecond. */
const remembered = 12;

/** Nothing drifts so far in some seconds: the database's clock was set, or the host slept and this clock stood still. */
const stepMs = 1_000;

/**
 * Tells when a time of the database's clock comes on this process's own. Of the last answers the quickest is believed: a
 * late one says how late it was, and calls timed by it would run into those of the next process.
 */
export class DatabaseClock {
  #offsets: number[] = [];

  /**
   * Call it when an answer comes that says what the clock of the database was. An answer that was late, as it is where the
   * process slept meanwhile, says nothing against what is known: else times long past would look present.
   * @param thereMs milliseconds since 1970
   * @param askedAt when it was asked for, by `monotonicMs`
   */
  answered(thereMs: number, askedAt: number): void {
    const offset = monotonicMs() - thereMs;
    const least = askedAt - thereMs;
    if (this.#offsets.some((known) => known < least - stepMs || known > offset + stepMs)) this.#offsets = [];
    this.#offsets.push(offset);
    if (this.#offsets.length > remembered) this.#offsets.shift();
  }

  /** The same moment by `monotonicMs()`. */
  here(thereMs: number): number {
    return thereMs + Math.min(...this.#offsets);
  }
}
