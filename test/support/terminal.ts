/** Runs the built telesweep on a terminal, by `script` of util-linux. */
import { spawn } from 'node:child_process';
import { bundle } from './run.ts';

export interface TerminalRun {
  code: number | null;
  /** All that stood on the screen, standard output and error together, with what was typed. */
  screen: string;
}

/** @param answers what is typed, each once its question stands on the screen */
export function onTerminal(
  args: readonly string[],
  env: Record<string, string>,
  answers: readonly { to: string; type: string }[],
): Promise<TerminalRun> {
  const words = [process.execPath, bundle, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', words, '/dev/null'], {
    env: { PATH: process.env.PATH, TERM: 'xterm', NO_COLOR: '1', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = [...answers];
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    const [next] = waiting;
    if (next === undefined || !screen.includes(next.to)) return;
    waiting.shift();
    child.stdin.write(next.type);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, screen: screen.replaceAll('\r\n', '\n') }));
  });
}
