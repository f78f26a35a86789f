import { type Migrated, type MigrateOptions, migrate } from '../../src/operator/migrate/migrate.ts';
import { type MigrationStep, planMigration } from '../../src/operator/migrate/plan-migration.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { type Connection, connect } from '../../src/store/connect.ts';

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
  const { schema = null } = options;
  const env = { DATABASE_URL: url, ...(schema === null ? {} : { SCHEMA: schema }) };
  const { database } = readSettings({ env, requires: [] });
  const openOne = (): Promise<Connection> => connect(database, { statementTimeoutMs: null });
  const connection = await openOne();
  const db = await connection.kysely();
  const open = async () => {
    const other = await openOne();
    return { db: await other.kysely(), close: () => other.close() };
  };
  try {
    if (dryRun) return { ...(await planMigration(db, options.down ?? false, schema)), interrupted: false };
    return await migrate(db, { open, ...options });
  } finally {
    connection.close();
  }
}
