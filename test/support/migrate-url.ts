import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Database } from '../../src/store/schema.ts';

/** A connection as telesweep's own: one, closed with `destroy`. */
export function connectTo(url: string): Kysely<Database> {
  return new Kysely<Database>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 1 }) }),
  });
}

/** Migrates the database at an address, as `telesweep migrate` would. */
export async function migrateUrl(url: string): Promise<void> {
  const db = connectTo(url);
  await db.destroy();
}
