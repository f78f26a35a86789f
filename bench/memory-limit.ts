/** A limit of memory as systemd and Kubernetes set one: Node sizes its heap by it. */
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MemoryLimit {
  /** A process that writes its number there is under it. */
  readonly processes: string;
  close(): void;
}

/** The file of the limit, in control groups of the second kind and the first. */
const roots = [
  ['/sys/fs/cgroup', 'memory.max'],
  ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
] as const;

/** @returns null where this process may make no control group, as it may not without root */
export function limitMemory(mebibytes: number): MemoryLimit | null {
  for (const [root, limit] of roots) {
    const folder = join(root, `telesweep-bench-${process.pid}`);
    const close = () => {
      try {
        rmdirSync(folder);
      } catch {}
    };
    try {
      mkdirSync(folder);
      writeFileSync(join(folder, limit), String(mebibytes * 1024 * 1024), { flag: 'r+' });
      return { processes: join(folder, 'cgroup.procs'), close };
    } catch {
      close();
    }
  }
  return null;
}
