/** A real PgBouncer in transaction mode before a server, where the machine has one. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { whoRunsPostgres } from '../../support/postgres-binaries.ts';
import type { PostgresServer } from '../../support/postgres-server.ts';

const program = 'pgbouncer';

/** Two connections to a database for any number of clients: whoever counts on a session of its own fails. */
const poolSize = 2;

export interface PgBouncer {
  url(database: string): string;
  /** All that it logged. */
  log(): string;
  close(): Promise<void>;
}

/** @returns null where PgBouncer is not installed */
export async function startPgBouncer(server: PostgresServer): Promise<PgBouncer | null> {
  if (spawnSync(program, ['--version']).error !== undefined) return null;
  const runAs = whoRunsPostgres();
  const folder = mkdtempSync(join(tmpdir(), 'telesweep-pgbouncer-'));
  const port = await freePort();
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    if (runAs.uid !== undefined && runAs.gid !== undefined) chownSync(path, runAs.uid, runAs.gid);
    return path;
  };
  const users = file('users.txt', `"postgres" "${server.password}"\n`);
  const log = file('log', '');
  const config = file(
    'pgbouncer.ini',
    `[databases]
* = host=127.0.0.1 port=${server.port} user=postgres password='${server.password}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 300
logfile = ${log}
`,
  );
  if (runAs.uid !== undefined && runAs.gid !== undefined) chownSync(folder, runAs.uid, runAs.gid);
  const child = spawn(program, ['--quiet', config], { ...runAs, cwd: folder, stdio: 'ignore' });
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  const deadline = Date.now() + 10_000;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`PgBouncer did not start:\n${read(log)}`);
    await sleep(20);
  }
  return {
    url: (database) => `postgres://postgres:${encodeURIComponent(server.password)}@127.0.0.1:${port}/${database}`,
    log: () => read(log),
    async close() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await ended;
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const read = (path: string): string => readFileSync(path, 'utf8');

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1');
  return address.port;
}
