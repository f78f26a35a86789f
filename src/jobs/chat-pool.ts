/**
 * Works on the items of many chats at once, but on one chat by one worker alone: items that arrive for a chat at work
 * are handed over together when its worker is free.
 */
export class ChatPool<Item> {
  readonly #workers: number;
  readonly #work: (chatId: string, items: Item[]) => Promise<void>;
  readonly #onError: () => void;
  /** Chats with items, in the order in which their first item came. */
  readonly #waiting = new Map<string, Item[]>();
  readonly #atWork = new Set<string>();
  #held = 0;
  #changed: (() => void)[] = [];
  #failure: { error: unknown } | null = null;

  /**
   * @param work must not keep items for later; whatever it throws ends the pool
   * @param onError called at the first failure, so that the other workers can be told to stop
   */
  constructor(workers: number, work: (chatId: string, items: Item[]) => Promise<void>, onError: () => void) {
    this.#workers = workers;
    this.#work = work;
    this.#onError = onError;
  }

  add(chatId: string, item: Item): void {
    this.#held++;
    const items = this.#waiting.get(chatId);
    if (items === undefined) this.#waiting.set(chatId, [item]);
    else items.push(item);
  }

  /** Puts free workers to work. Call it once a page is added, so that one chat's items travel together. */
  start(): void {
    for (const [chatId, items] of this.#waiting) {
      if (this.#atWork.size >= this.#workers || this.#failure !== null) break;
      if (this.#atWork.has(chatId)) continue;
      this.#waiting.delete(chatId);
      this.#atWork.add(chatId);
      void this.#run(chatId, items);
    }
  }

  /** Waits until fewer than `items` are held, or nothing more will be done. @throws what a worker threw */
  async below(items: number): Promise<void> {
    while (this.#held >= items && this.#failure === null) await this.#change();
    if (this.#failure !== null) await this.drained();
  }

  /** Waits until all is done; after a failure, until no worker is at work. @throws what a worker threw */
  async drained(): Promise<void> {
    while (this.#atWork.size > 0 || (this.#held > 0 && this.#failure === null)) await this.#change();
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #run(chatId: string, items: Item[]): Promise<void> {
    try {
      await this.#work(chatId, items);
    } catch (error) {
      if (this.#failure === null) {
        this.#failure = { error };
        this.#onError();
      }
    }
    this.#held -= items.length;
    this.#atWork.delete(chatId);
    this.start();
    for (const resolve of this.#changed.splice(0)) resolve();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }
}
