/** Runs telesweep in this process, by the door that `bin/` uses: a tenth of the time that a process of its own takes. */
import { Readable } from 'node:stream';
import { main } from '../../src/cli.ts';
import { findSummary, type RunResult } from './run.ts';

/** @param env all that the command sees of an environment */
export async function runHere(args: readonly string[], env: Readonly<Record<string, string>>): Promise<RunResult> {
  const stdout = sink();
  const stderr = sink();
  const { signal } = new AbortController();
  const world = { argv: args, env, stdout, stderr, stdin: Readable.from([]), signal };
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
