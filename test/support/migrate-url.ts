import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { type MigrateOptions, type MigrationStep, migrate } from '../../src/operator/migrate.ts';
import type { Database } from '../../src/store/schema.ts';

/** A connection as telesweep's own: one, closed with `destroy`. */
export function connectTo(url: string): Kysely<Database> {
  return new Kysely<Database>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 1 }) }),
  });
}

/** Migrates the database at an address, as `telesweep migrate` would. */
export async function migrateUrl(url: string, options: Partial<MigrateOptions> = {}): Promise<MigrationStep[]> {
  const db = connectTo(url);
  try {
    return await migrate(db, { dryRun: false, ...options });
  } finally {
    await db.destroy();
  }
}
