import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { type Migrated, type MigrateOptions, migrate } from '../../src/operator/migrate/migrate.ts';
import { type MigrationStep, planMigration } from '../../src/operator/migrate/plan-migration.ts';
import type { Database } from '../../src/store/schema.ts';

/** A connection as telesweep's own: one, closed with `destroy`. */
function connectTo(url: string): Kysely<Database> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  // Without a listener a connection that a test cuts would end the test process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('error', () => undefined);
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

export interface UrlOptions extends Partial<MigrateOptions> {
  /** Only list the steps. */
  dryRun?: boolean;
}

/** Migrates the database at an address, as `telesweep migrate` would. */
export async function migrateUrl(url: string, options: UrlOptions = {}): Promise<MigrationStep[]> {
  return (await migrated(url, options)).steps;
}

/** The same, with all that it tells. */
export async function migrated(url: string, { dryRun = false, ...options }: UrlOptions = {}): Promise<Migrated> {
  const db = connectTo(url);
  const open = async () => {
    const other = connectTo(url);
    return { db: other, close: () => other.destroy() };
  };
  try {
    if (dryRun) return { ...(await planMigration(db, options.down ?? false)), interrupted: false };
    return await migrate(db, { open, ...options });
  } finally {
    await db.destroy();
  }
}
