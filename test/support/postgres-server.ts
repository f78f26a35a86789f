/** A real PostgreSQL that a test or the demo may stop, kill and start again. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeServerFolder, type RunAs, reachableBinaries, whoRunsPostgres } from './postgres-binaries.ts';
import { descendants, watchOver } from './postgres-watcher.ts';

export interface PostgresOptions {
  maxConnections?: number;
  /** Its data are kept in memory where there is room. */
  inMemory?: boolean;
  /** More settings of the server: `{ log_statement: 'all' }`. */
  flags?: Record<string, string>;
}

export interface PostgresServer {
  /** Holds the server's data and its log, until `dispose`. */
  readonly folder: string;
  readonly port: number;
  /** The superuser's password, with characters that must be encoded in an address. */
  readonly password: string;
  /** The superuser's address of a database. */
  url(database: string): string;
  /** What the server has logged so far. */
  log(): string;
  /** `fast` rolls back and says goodbye; `immediate` drops every connection as a crash would. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Starts a stopped or killed server on the same port and data; stops a running one first. */
  restart(): Promise<void>;
  /** SIGKILL to the server and all its processes. */
  kill(): Promise<void>;
  /** Stops the server and removes its data. */
  dispose(): Promise<void>;
}

const startTimeoutMs = 30_000;
const stopSignals = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** Starts a server on a free port of 127.0.0.1. It ends with this process, however that ends. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const runAs = whoRunsPostgres();
  const folder = makeServerFolder(runAs, options.inMemory);
  chmodSync(folder, 0o755);
  const password = `p@ss/w0rd:${randomBytes(6).toString('hex')}`;
  const watcher = watchOver(folder);
  const server = new Server(folder, runAs, password, options, watcher);
  try {
    server.initialise();
    await server.startOnFreePort();
  } catch (error) {
    await server.dispose();
    throw error;
  }
  return server;
}

class Server implements PostgresServer {
  port = 0;
  readonly folder: string;
  readonly password: string;
  readonly #data: string;
  readonly #logFile: string;
  readonly #runAs: RunAs;
  readonly #options: PostgresOptions;
  readonly #watcher: ReturnType<typeof watchOver>;
  #binaries = '';
  #child: ChildProcess | null = null;

  constructor(
    folder: string,
    runAs: RunAs,
    password: string,
    options: PostgresOptions,
    watcher: ReturnType<typeof watchOver>,
  ) {
    this.folder = folder;
    this.#data = join(folder, 'data');
    this.#logFile = join(folder, 'server.log');
    this.#runAs = runAs;
    this.password = password;
    this.#options = options;
    this.#watcher = watcher;
  }

  url(database: string): string {
    return `postgres://postgres:${encodeURIComponent(this.password)}@127.0.0.1:${this.port}/${database}`;
  }

  log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  initialise(): void {
    this.#binaries = reachableBinaries(this.folder, this.#runAs);
    const passwordFile = join(this.folder, 'password');
    writeFileSync(passwordFile, this.password, { mode: 0o600 });
    const { uid, gid } = this.#runAs;
    if (uid !== undefined && gid !== undefined) {
      chownSync(passwordFile, uid, gid);
      chownSync(this.folder, uid, gid);
    }
    const made = spawnSync(
      join(this.#binaries, 'initdb'),
      ['-D', this.#data, '-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'].concat(
        // The same on every machine, whatever its locale; and nothing of it has to outlive a crash of the machine.
        ['--no-locale', '-E', 'UTF8', '--no-sync', '--no-instructions'],
      ),
      { ...this.#runAs, cwd: this.folder, encoding: 'utf8' },
    );
    if (made.status !== 0) throw new Error(`initdb failed: ${made.error ?? made.stderr}`);
  }

  /** Another process may take the port between the look and the start; then another port is tried. */
  async startOnFreePort(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      this.port = await freePort();
      try {
        return await this.#start();
      } catch (error) {
        if (attempt === 5 || !this.log().includes('could not bind')) throw error;
      }
    }
  }

  async #start(): Promise<void> {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(this.port),
      unix_socket_directories: '',
      max_connections: String(this.#options.maxConnections ?? 100),
      fsync: 'off',
      full_page_writes: 'off',
      // In the data folder, so that a killed server leaves nothing behind.
      dynamic_shared_memory_type: 'mmap',
      ...this.#options.flags,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const log = openSync(this.#logFile, 'a');
    // A group of its own: Ctrl-C reaches the parent alone, which then decides how the server stops.
    const child = spawn(join(this.#binaries, 'postgres'), ['-D', this.#data, ...flags], {
      ...this.#runAs,
      cwd: this.folder,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    await once(child, 'spawn');
    this.#child = child;
    this.#watcher.guard(child.pid);
    child.unref();
    const deadline = Date.now() + startTimeoutMs;
    while (!this.#isReady(child)) {
      if (hasEnded(child) || Date.now() > deadline) {
        await this.kill();
        throw new Error(`PostgreSQL did not start:\n${this.log()}`);
      }
      await sleep(20);
    }
  }

  /** As pg_ctl tells it: the file names the process in its first line and its state in the last. */
  #isReady(child: ChildProcess): boolean {
    try {
      const lines = readFileSync(join(this.#data, 'postmaster.pid'), 'utf8').split('\n');
      return Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready';
    } catch {
      return false;
    }
  }

  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await this.#end((child) => child.kill(stopSignals[mode]));
  }

  async kill(): Promise<void> {
    await this.#end((child) => {
      // The server first, or it would see its processes die and start to recover.
      const pids = child.pid === undefined ? [] : [child.pid, ...descendants(child.pid)];
      for (const pid of pids) killQuietly(pid);
    });
  }

  async #end(signal: (child: ChildProcess) => void): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.ref();
    if (!hasEnded(child)) {
      const ended = once(child, 'exit');
      signal(child);
      await ended;
    }
    this.#child = null;
    this.#watcher.guard(undefined);
  }

  async restart(): Promise<void> {
    await this.stop();
    for (let attempt = 1; ; attempt += 1) {
      const before = this.log().length;
      try {
        return await this.#start();
      } catch (error) {
        // The shared memory of a killed server is in use until the kernel has ended all its processes.
        if (attempt === 20 || !this.log().slice(before).includes('is still in use')) throw error;
        await sleep(50);
      }
    }
  }

  async dispose(): Promise<void> {
    await this.stop('immediate');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    await this.#watcher.dismiss();
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1');
  return address.port;
}
