/** Keeps a server from outliving the process that started it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

export interface Watcher {
  /** Names the server's process; undefined while none runs. */
  guard(pid: number | undefined): void;
  dismiss(): Promise<void>;
}

/**
 * The watcher reads process ids from its stdin, one a line. When stdin ends, its parent is gone (by whatever signal,
 * SIGKILL among them): it stops the process last named, waits for its end and removes the folder.
 */
const watcherScript = `
const { rmSync } = require('node:fs');
const folder = process.argv[1];
let pid = 0;
const alive = () => { try { process.kill(pid, 0); return true; } catch { return false; } };
const finish = (tries) => {
  if (pid > 0 && tries > 0 && alive()) return setTimeout(finish, 20, tries - 1);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
};
let text = '';
process.stdin.on('data', (chunk) => {
  const lines = (text + chunk).split('\\n');
  text = lines.pop();
  if (lines.length > 0) pid = Number(lines.at(-1));
});
process.stdin.on('end', () => {
  if (pid > 0) try { process.kill(pid, 'SIGQUIT'); } catch {}
  finish(500);
});
`;

/** Starts the watcher of a server whose data lie in `folder`. */
export function watchOver(folder: string): Watcher {
  const child = spawn(process.execPath, ['-e', watcherScript, folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Out of the terminal's group: Ctrl-C must not end the watcher before it has cleaned up.
    detached: true,
    env: {},
    cwd: '/',
  });
  child.unref();
  const { stdin } = child;
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  return {
    guard(pid) {
      stdin.write(`${pid ?? 0}\n`);
    },
    async dismiss() {
      child.ref();
      const ended = once(child, 'exit');
      stdin.end();
      if (child.exitCode === null && child.signalCode === null) await ended;
    },
  };
}

/** The ids of the processes that `pid` started. */
export function descendants(pid: number): number[] {
  return parentsOfProcesses()
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child);
}

function parentsOfProcesses(): [pid: number, parent: number][] {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
    return stdout.split('\n').map((line) => {
      const [pid, parent] = line.trim().split(/\s+/);
      return [Number(pid), Number(parent)];
    });
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentFromProc(name)]);
}

/** The parent's id is the second field after the name, which stands in brackets and may hold anything. */
function parentFromProc(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
