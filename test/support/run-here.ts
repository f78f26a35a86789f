/** Runs telesweep in this process, by the door that `bin/` uses: a tenth of the time that a process of its own takes. */
import { Readable } from 'node:stream';
import { main } from '../../src/cli/main.ts';
import type { World } from '../../src/process/world.ts';
import { findSummary, type RunOptions, type RunResult } from './run.ts';

/** @param options.env all that the command sees of an environment; `input` what it reads on stdin; `program` where it lies */
export async function runHere(
  args: readonly string[],
  { env = {}, input = '', program }: Pick<RunOptions, 'env' | 'input'> & Pick<World, 'program'> = {},
): Promise<RunResult> {
  const stdout = sink();
  const stderr = sink();
  const { signal } = new AbortController();
  const world = { argv: args, env, stdout, stderr, stdin: Readable.from([input]), signal, program };
  const code = await main(world);
  const summary = findSummary(args.includes('--json') ? stdout.text() : stderr.text());
  return { code, signal: null, stdout: stdout.text(), stderr: stderr.text(), summary };
}

function sink() {
  let text = '';
  return {
    write: (more: string) => {
      text += more;
    },
    on: () => {},
    text: () => text,
  };
}
