/** The benchmark's own PostgreSQL, and what its log tells of the statements that telesweep sent. */
import pg from 'pg';
import { migrateUrl } from '../test/support/migrate-url.ts';
import { type PostgresServer, startPostgres } from '../test/support/postgres-server.ts';

export interface Database {
  readonly url: string;
  query<Row = Record<string, unknown>>(sql: string, params?: unknown[]): Promise<Row[]>;
  /** Ends the connection, so that the database can be copied. */
  leave(): Promise<void>;
  drop(): Promise<void>;
}

/** The statements of telesweep in a stretch of the log. */
export interface Statements {
  count: number;
  connections: number;
  /** Each statement is a transaction of its own. */
  longestMs: number;
}

export interface DatabaseServer {
  /** An empty migrated database, or a copy of another one. */
  create(name: string, template?: string): Promise<Database>;
  /** Runs the work and tells what telesweep asked of the server meanwhile. */
  watch<T>(work: () => Promise<T>): Promise<T & { statements: Statements }>;
  dispose(): Promise<void>;
}

/** As a server comes, but for what would disturb one run more than another; the tests' server gives up durability. */
const flags = {
  fsync: 'on',
  full_page_writes: 'on',
  autovacuum: 'off',
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  log_min_duration_statement: '0',
  log_parameter_max_length: '0',
  log_line_prefix: '%p|%a|',
};

export async function startDatabaseServer(): Promise<DatabaseServer> {
  const server = await startPostgres({ flags });
  const admin = await open(server, 'postgres');
  return {
    async create(name, template) {
      await admin.query(`create database ${name}${template ? ` template ${template} strategy file_copy` : ''}`);
      if (template === undefined) await migrateUrl(server.url(name));
      const client = await open(server, name);
      return {
        url: server.url(name),
        async query<Row>(sql: string, params?: unknown[]) {
          // The caller names the columns of its own statement.
          return (await client.query(sql, params)).rows as Row[];
        },
        async leave() {
          await client.end();
        },
        async drop() {
          await client.end();
          await admin.query(`drop database ${name}`);
        },
      };
    },
    async watch(work) {
      const before = server.log().length;
      const result = await work();
      return { ...result, statements: statementsIn(server.log().slice(before)) };
    },
    async dispose() {
      await admin.end();
      await server.dispose();
    },
  };
}

async function open(server: PostgresServer, database: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url(database), application_name: 'bench' });
  // A server that is stopped first, because the benchmark is broken off.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** A statement with parameters is logged once for each of its phases; its execution counts. */
const logged = /^(\d+)\|telesweep[^|]*\|LOG: {2}duration: ([\d.]+) ms {2}(?:statement|execute)/gm;

function statementsIn(log: string): Statements {
  const all = [...log.matchAll(logged)];
  return {
    count: all.length,
    connections: new Set(all.map(([, pid]) => pid)).size,
    longestMs: Math.max(0, ...all.map(([, , ms]) => Number(ms))),
  };
}
