/**
 * Gathers items and writes them down many at a time: when `size` are there, or the first of them has waited
 * `maxAgeMs`. A process killed in between loses the news of one batch, and the work of it is repeated.
 */
export class Batch<T> {
  readonly #size: number;
  readonly #maxAgeMs: number;
  readonly #flush: (items: readonly T[]) => Promise<void>;
  #items: T[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failure: { error: unknown } | null = null;

  constructor(size: number, maxAgeMs: number, flush: (items: readonly T[]) => Promise<void>) {
    this.#size = size;
    this.#maxAgeMs = maxAgeMs;
    this.#flush = flush;
  }

  add(item: T): void {
    this.#items.push(item);
    if (this.#items.length >= this.#size) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), this.#maxAgeMs);
  }

  /** Waits until all is written. @throws what a statement threw */
  async drain(): Promise<void> {
    this.#write();
    await this.#writing;
    if (this.#failure !== null) throw this.#failure.error;
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const items = this.#items;
    if (items.length === 0) return;
    this.#items = [];
    this.#writing = this.#writing
      .then(() => this.#flush(items))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      });
  }
}
