/**
 * Gathers keys while a statement runs and hands them over together with the next one: the busier the connection, the
 * larger the batches, with no timer and no wait where nothing runs.
 * @param flush one statement for many keys; returns the keys for which it did something
 */
export function coalesce<K>(flush: (keys: readonly K[]) => Promise<ReadonlySet<K>>): (key: K) => Promise<boolean> {
  interface Waiting {
    key: K;
    resolve(done: boolean): void;
    reject(error: unknown): void;
  }
  let waiting: Waiting[] = [];
  let running = false;

  const run = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const done = await flush(batch.map(({ key }) => key));
        for (const { key, resolve } of batch) resolve(done.has(key));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  };

  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject });
      if (!running) void run();
    });
}
