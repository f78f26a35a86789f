import type { Readable } from 'node:stream';
import type { TextStream } from './report/output.ts';

/** All that the program touches besides the network and its files; `bin/` hands in the real one. */
export interface World {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  stdout: TextStream;
  stderr: TextStream;
  /** For commands that ask. Made when it is first read, because passes do without it. */
  readonly stdin: Readable & { isTTY?: boolean };
  /** Aborts at the first SIGTERM, SIGINT or SIGHUP. */
  signal: AbortSignal;
}

/** Colour is for a terminal whose owner did not say no (no-color.org). */
export function wantsColor({ env }: World, stream: TextStream): boolean {
  return stream.isTTY === true && (env.NO_COLOR ?? '') === '';
}
