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

/** The same world with another environment, other streams, or another signal. */
export function worldWith(world: World, other: Partial<Pick<World, 'env' | 'stdout' | 'stderr' | 'signal'>>): World {
  const { argv, env, program, stdout, stderr, signal } = world;
  return {
    argv,
    env,
    program,
    stdout,
    stderr,
    signal,
    get stdin() {
      return world.stdin;
    },
    ...other,
  };
}

/**
 * Does work that has a signal of its own, which aborts with the one that many share: Node warns of many listeners at one.
 * @returns a function that does such work
 */
export function signalsOf(shared: AbortSignal): <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T> {
  const underWay = new Set<AbortController>();
  const abortAll = (): void => {
    for (const own of underWay) own.abort();
  };
  shared.addEventListener('abort', abortAll, { once: true });
  return async (work) => {
    const own = new AbortController();
    underWay.add(own);
    if (shared.aborted) own.abort();
    try {
      return await work(own.signal);
    } finally {
      underWay.delete(own);
    }
  };
}

/** A stream in the manner of another one whose text is kept. */
export function collecting({ columns }: TextStream): TextStream & { text(): string } {
  let whole = '';
  return {
    columns,
    on: () => {},
    write(text: string) {
      whole += text;
    },
    text: () => whole,
  };
}
