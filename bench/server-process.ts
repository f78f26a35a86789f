/** A server as a process of its own, which speaks in lines of JSON and ends with its stdin. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface ServerProcess {
  /** What it said first. */
  readonly url: string;
  /** Its answer to one line. */
  ask<Answer>(line: string): Promise<Answer>;
  close(): Promise<void>;
}

/** @param script a bundle of one that prints `{"url"}` first, then a line for each line on its stdin */
export async function startServerProcess(script: string, options: object): Promise<ServerProcess> {
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${script} ended`);
    return JSON.parse(value);
  };
  const { url } = await next();
  return {
    url,
    ask(line) {
      child.stdin.write(`${line}\n`);
      return next();
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
