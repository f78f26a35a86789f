/** Runs the built telesweep as cron would: a child process, no terminal, no environment but the one given. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Summary } from '../../src/process/summary.ts';

/** `TEST_BUNDLE` names another one: a copy that stays as it is while the project is built again. */
export const bundle = process.env.TEST_BUNDLE ?? fileURLToPath(new URL('../../dist/telesweep.cjs', import.meta.url));

export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** What the shell does before it becomes the child, as `ulimit -v 4000000`. */
  shell?: string;
  /** What the child reads on stdin; nothing by default. */
  input?: string;
}

export interface RunResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** The pass's summary: under `--json` from stdout, else the last line of the log that is one. */
  summary: Summary | undefined;
}

export interface Started {
  child: ChildProcess;
  done: Promise<RunResult>;
}

/** Starts a pass that the test may signal or kill. */
export function start(args: readonly string[], options: RunOptions = {}): Started {
  if (!existsSync(bundle)) throw new Error(`${bundle} is missing: npm run build`);
  // With the dashes that its first lines give Node as well.
  const command = [process.execPath, '--', bundle, ...args];
  const [program = '', ...rest] =
    options.shell === undefined ? command : ['sh', '-c', `${options.shell} && exec "$@"`, 'sh', ...command];
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A child that ends without reading its input is no error of the test.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const done = new Promise<RunResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const summary = findSummary(args.includes('--json') ? stdout : stderr);
      resolve({ code, signal, stdout, stderr, summary });
    });
  });
  return { child, done };
}

/** Runs telesweep to its end. */
export function telesweep(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return start(args, options).done;
}

export function findSummary(output: string): Summary | undefined {
  for (const line of output.trimEnd().split('\n').reverse()) {
    try {
      const value: unknown = JSON.parse(line);
      if (isSummary(value)) return value;
    } catch {
      // A line for people.
    }
  }
  return undefined;
}

function isSummary(value: unknown): value is Summary {
  return typeof value === 'object' && value !== null && 'run_id' in value && 'outcome' in value && 'counts' in value;
}
