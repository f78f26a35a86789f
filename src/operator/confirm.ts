import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { safeWriter } from '../output/output.ts';
import { UsageError } from '../process/errors.ts';
import type { World } from '../process/world.ts';

/**
 * Asks on a terminal whether to go on; only `y` or `yes` does.
 * @returns false as well for an end of input, Ctrl-C and SIGTERM
 * @throws UsageError where there is nobody to ask
 */
export async function confirm(question: string, world: World): Promise<boolean> {
  const { stdin, stderr, signal } = world;
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new UsageError('there is no terminal to ask on; give --yes to go on without a question');
  }
  const write = safeWriter(stderr);
  const output = new Writable({
    write(chunk, _encoding, done) {
      write(String(chunk));
      done();
    },
  });
  const asking = createInterface({ input: stdin, output, terminal: true });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const refuse = (): void => {
        write('\n');
        resolve(false);
      };
      asking.once('SIGINT', refuse);
      asking.once('close', refuse);
      asking
        .question(`${question} [y/N] `, { signal })
        .then((answer) => resolve(/^y(es)?$/i.test(answer.trim())), reject);
    });
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    asking.removeAllListeners();
    asking.close();
  }
}
