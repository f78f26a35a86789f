import type { Readable } from 'node:stream';

/** All that the program touches besides the network and its files; `bin/` hands in the real one. */
export interface World {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  stdout: TextStream;
  stderr: TextStream;
  /** For commands that ask. Made when it is first read, because passes do without it. */
  readonly stdin: Readable & { isTTY?: boolean };
  /** The absolute paths of the running Node and of the program's file; absent where another program runs it in itself. */
  readonly program?: { node: string; script: string } | undefined;
  /** Aborts at the first SIGTERM, SIGINT or SIGHUP. */
  signal: AbortSignal;
}

/** As much of a writable stream as is needed; `process.stderr` is one. */
export interface TextStream {
  write(text: string): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  /** It leads to systemd's journal, which takes a line's priority from its beginning. */
  isJournal?: boolean | undefined;
}
