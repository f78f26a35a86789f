/** The simulated Bot API as a process of its own, so that it shares no event loop with what is measured. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { BotApiOptions } from '../test/support/bot-api.ts';

export interface CallStats {
  calls: number;
  rateLimited: number;
  mostInOneSecond: number;
}

export interface BotApiProcess {
  readonly url: string;
  stats(): Promise<CallStats>;
  close(): Promise<void>;
}

/** @param script the bundled `test/support/bot-api/main.ts` */
export async function startBotApiProcess(script: string, options: BotApiOptions): Promise<BotApiProcess> {
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the simulated Bot API ended');
    return JSON.parse(value);
  };
  const { url } = await next();
  return {
    url,
    stats() {
      child.stdin.write('\n');
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
