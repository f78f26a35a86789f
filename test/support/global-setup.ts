/** Once a run of the tests: a fresh bundle, one PostgreSQL, one migrated template database. */
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { migrateUrl } from './migrate-url.ts';
import { startPostgres } from './postgres-server.ts';
import { bundle } from './run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The superuser's address of the run's server. */
    postgresUrl: string;
  }
}

const projectFolder = fileURLToPath(new URL('../..', import.meta.url));

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (newest(['src', 'bin', 'migrations', 'scripts', 'package.json']) > modified(bundle)) build();
  const server = await startPostgres({ maxConnections: 200, inMemory: true });
  try {
    const client = new pg.Client(server.url('postgres'));
    await client.connect();
    await client.query('create database telesweep_template');
    await client.end();
    await migrateUrl(server.url('telesweep_template'));
  } catch (error) {
    await server.dispose();
    throw error;
  }
  project.provide('postgresUrl', server.url('postgres'));
  return () => server.dispose();
}

/** A build that fails leaves no bundle, so that the tests that run it say so and none runs an old one. */
function build(): void {
  try {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: projectFolder, stdio: 'inherit' });
  } catch {
    rmSync(bundle, { force: true });
  }
}

/** The latest change of the named files and of all files in the named folders; milliseconds since 1970. */
function newest(names: readonly string[]): number {
  const files = names.flatMap((name) => {
    const path = `${projectFolder}/${name}`;
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path, { recursive: true }).map((file) => `${path}/${file}`);
  });
  return Math.max(...files.map(modified));
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
