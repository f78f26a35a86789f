/** Times at which calls may start, as they were reserved. Pure: time is a value that goes in. */

/**
 * Slots lie this much further apart than the rate asks, and a slot missed by more than `toleranceMs` is given up: so
 * no second holds more calls than the rate even where calls arrive a little early or late.
 */
const spread = 1.01;
const toleranceMs = 7;

interface Stretch {
  next: number;
  count: number;
}

/** What a process has reserved of the budget and not yet used. Times are those of `monotonicMs`. */
export class Slots {
  readonly intervalMs: number;
  /** Half a second's calls: no more are in hand, so that other processes wait no longer than that. */
  readonly most: number;
  /** Counts how often the slots in hand became void: a reservation made before is void as well. */
  generation = 0;
  #stretches: Stretch[] = [];

  constructor(ratePerSecond: number) {
    this.intervalMs = (spread * 1000) / ratePerSecond;
    this.most = Math.max(1, Math.floor(500 / this.intervalMs));
  }

  /** Takes what was reserved while `generation` was the present one; else it is void. */
  add(startsAt: number, count: number, generation: number): void {
    if (generation === this.generation && count > 0) this.#stretches.push({ next: startsAt, count });
  }

  /** Uses a slot whose time has come. @returns whether there was one */
  take(now: number): boolean {
    const stretch = this.#first(now);
    if (stretch === undefined || stretch.next > now) return false;
    stretch.next += this.intervalMs;
    stretch.count--;
    return true;
  }

  /** When the next slot comes; null where none is in hand. */
  nextAt(now: number): number | null {
    return this.#first(now)?.next ?? null;
  }

  /** When the nth of those in hand comes, from 1; Infinity where there are fewer. */
  nthAt(n: number, now: number): number {
    this.#first(now);
    let left = n - 1;
    for (const { next, count } of this.#stretches) {
      if (left < count) return next + left * this.intervalMs;
      left -= count;
    }
    return Number.POSITIVE_INFINITY;
  }

  inHand(now: number): number {
    this.#first(now);
    return this.#stretches.reduce((sum, { count }) => sum + count, 0);
  }

  /** How many of those in hand come before a time. */
  before(time: number, now: number): number {
    this.#first(now);
    let slots = 0;
    for (const { next, count } of this.#stretches) {
      if (next <= time) slots += Math.min(count, Math.floor((time - next) / this.intervalMs) + 1);
    }
    return slots;
  }

  /** When the last of those in hand has come; `now` where there is none. */
  lastAt(now: number): number {
    this.#first(now);
    const last = this.#stretches.at(-1);
    return last === undefined ? now : last.next + (last.count - 1) * this.intervalMs;
  }

  /** Telegram asked for a pause: what was reserved before it is void. */
  void(): void {
    this.generation++;
    this.#stretches = [];
  }

  /** The first stretch with a slot that is not missed. */
  #first(now: number): Stretch | undefined {
    for (;;) {
      const stretch = this.#stretches[0];
      if (stretch === undefined) return undefined;
      const late = now - toleranceMs - stretch.next;
      if (late > 0) {
        const missed = Math.min(stretch.count, Math.ceil(late / this.intervalMs));
        stretch.next += missed * this.intervalMs;
        stretch.count -= missed;
      }
      if (stretch.count > 0) return stretch;
      this.#stretches.shift();
    }
  }
}
