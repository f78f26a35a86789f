/** Runs one process to its end and tells what it cost. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

export interface ChildOptions {
  env?: Record<string, string>;
  /** Another Node than the running one. */
  node?: string;
  /** The file of `writeUsageHook`: measures CPU and memory, and costs the child a millisecond. */
  usageHook?: string;
  /** Looks at the child's memory so often; Linux alone. */
  sampleMemoryMs?: number;
}

export interface ChildResult {
  stdout: string;
  /** From the call that starts the process to the news of its end. */
  wallMs: number;
  /** NaN without the hook. */
  cpuMs: number;
  /** The most memory that was resident; NaN without the hook. */
  peakMiB: number;
  /** Resident memory at equal distances in time. */
  memoryMiB: number[];
}

/**
 * The child tells of itself at its exit. A parent cannot: Node has no call for it, and the kernel's peak of a child
 * (`ru_maxrss`) counts the parent's own memory at the fork, so the peak is read from /proc where there is one.
 */
const usageHookSource = `
process.on('exit', () => {
  const fs = require('node:fs');
  const usage = process.resourceUsage();
  let peakKiB = usage.maxRSS;
  try {
    peakKiB = Number(/VmHWM:\\s+(\\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
  } catch {}
  fs.writeSync(3, JSON.stringify({ cpuMs: (usage.userCPUTime + usage.systemCPUTime) / 1000, peakMiB: peakKiB / 1024 }));
});
`;

export function writeUsageHook(folder: string): string {
  const file = join(folder, 'usage.cjs');
  writeFileSync(file, usageHookSource);
  return file;
}

/** Runs Node with these arguments. @throws when it ends with another code than 0 */
export async function runNode(args: readonly string[], options: ChildOptions = {}): Promise<ChildResult> {
  const { node = process.execPath, usageHook, sampleMemoryMs } = options;
  const hook = usageHook === undefined ? [] : ['--require', usageHook];
  const startedAt = performance.now();
  const child = spawn(node, [...hook, ...args], {
    env: { PATH: process.env.PATH, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', usageHook === undefined ? 'ignore' : 'pipe'],
  });
  const texts = [child.stdout, child.stderr, child.stdio[3]].map(readAll);
  const memoryMiB: number[] = [];
  const sampler =
    sampleMemoryMs === undefined
      ? undefined
      : setInterval(() => memoryMiB.push(residentMiB(child.pid)), sampleMemoryMs);
  try {
    const wallMs = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => resolve(performance.now() - startedAt));
    });
    const [stdout = '', stderr = '', usage = ''] = await Promise.all(texts);
    if (child.exitCode !== 0) {
      throw new Error(`node ${args.join(' ')} ended with ${child.exitCode ?? child.signalCode}:\n${stdout}\n${stderr}`);
    }
    const { cpuMs = Number.NaN, peakMiB = Number.NaN } = usage === '' ? {} : JSON.parse(usage);
    return { stdout, wallMs, cpuMs, peakMiB, memoryMiB: memoryMiB.filter((mib) => mib > 0) };
  } finally {
    clearInterval(sampler);
  }
}

async function readAll(stream: unknown): Promise<string> {
  if (!isReadable(stream)) return '';
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return text;
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === 'object' && stream !== null && 'setEncoding' in stream;
}

/** 0 where the process is gone or the system has no /proc. */
function residentMiB(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
