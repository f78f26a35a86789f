import type { Log } from '../output/log.ts';

/** So many lines of a reason in a pass: `--quiet` mails a page and not a book. */
const most = 10;

/** Warns of the first items of each reason, and sums the rest up. */
export class WarnFew {
  readonly #log: Log;
  readonly #times = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  warn(reason: string, fields: object, message: string): void {
    const times = (this.#times.get(reason) ?? 0) + 1;
    this.#times.set(reason, times);
    if (times <= most) this.#log.warn(fields, message);
    else this.#log.debug(fields, message);
  }

  sumUp(): void {
    for (const [failure, times] of this.#times) {
      if (times > most) this.#log.warn({ failure, items: times }, `${times} items in all are given up: ${failure}`);
    }
  }
}
