/** Writing to a stream that may close at any moment: a broken pipe must not turn a good pass into a bad one. */
import { codeOf, messageOf } from '../process/errors.ts';
import { withPriority } from '../process/journal.ts';
import type { TextStream, World } from '../process/world.ts';

const writers = new WeakMap<TextStream, (text: string) => void>();
const failures = new WeakMap<TextStream, string>();

/** A function that writes to the stream and never throws; after the stream's first failure it does nothing. */
export function safeWriter(stream: TextStream): (text: string) => void {
  const known = writers.get(stream);
  if (known) return known;

  let broken = false;
  const fail = (error: unknown): void => {
    broken = true;
    failures.set(stream, codeOf(error) || messageOf(error));
  };
  stream.on('error', fail);
  const write = (text: string) => {
    if (broken) return;
    try {
      stream.write(text);
    } catch (error) {
      fail(error);
    }
  };
  writers.set(stream, write);
  return write;
}

/** Why what was printed is not whole: a full disk. Null where all is well, and where the reader left (`telesweep … | head`). */
export async function lostOutput(stream: TextStream): Promise<string | null> {
  // A stream tells of its failure a turn later.
  await new Promise((resolve) => setImmediate(resolve));
  const failure = failures.get(stream) ?? null;
  return failure === 'EPIPE' ? null : failure;
}

/** Texts from outside must not move a terminal's cursor or change its colours. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '');
}

/** Says on stderr what ended a command, a line for each problem. @param bot its name, where it is told of one that has a name */
export function complain(stderr: TextStream, command: string, message: string, bot: string | null = null): void {
  for (const line of message.split('\n'))
    safeWriter(stderr)(withPriority(stderr, 'error', `telesweep ${command}: ${ofBot(bot)}${line}\n`));
}

/** What words for people begin with that are told of one bot: `shop: `. */
export function ofBot(name: string | null): string {
  return name === null ? '' : `${name}: `;
}

/** Colour is for a terminal whose owner did not say no (no-color.org). */
export function wantsColor({ env }: Pick<World, 'env'>, stream: TextStream): boolean {
  return stream.isTTY === true && (env.NO_COLOR ?? '') === '';
}

/** Columns for what people read: those of the terminal; elsewhere nothing is cut. */
export function widthOf({ stdout }: Pick<World, 'stdout'>): number {
  return stdout.isTTY === true ? stdout.columns || 80 : Number.POSITIVE_INFINITY;
}
