/** The benchmark's own PostgreSQL, and what its log tells of the statements that telesweep sent. */
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../test/support/postgres-server.ts';
import { runNode } from './child.ts';

export interface Database {
  readonly name: string;
  readonly url: string;
  query<Row = Record<string, unknown>>(sql: string, params?: unknown[]): Promise<Row[]>;
  /** Ends the connection, so that the database can be copied. */
  leave(): Promise<void>;
  drop(): Promise<void>;
}

/** The statements of telesweep on one database in a stretch of the log. */
export interface Statements {
  /** Each is a transaction of its own. */
  count: number;
  connections: number;
  longestMs: number;
}

export interface DatabaseServer {
  /** An empty migrated database, or a copy of another one. */
  create(name: string, template?: string): Promise<Database>;
  /** Runs the work and tells what telesweep asked of the database meanwhile. */
  watch<T>(db: Database, work: () => Promise<T>): Promise<T & { statements: Statements }>;
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
  log_line_prefix: '%p|%d|%a|',
};

/** @param telesweep the built command that makes the tables */
export async function startDatabaseServer(telesweep: string): Promise<DatabaseServer> {
  const server = await startPostgres({ flags });
  // One connection, and whoever comes while it is busy waits.
  const admin = new pg.Pool({ ...clientOptions(server, 'postgres'), max: 1 });
  admin.on('error', () => undefined);
  return {
    async create(name, template) {
      await admin.query(`create database ${name}${template ? ` template ${template} strategy file_copy` : ''}`);
      if (template === undefined) await runNode([telesweep, 'migrate'], { env: { DATABASE_URL: server.url(name) } });
      const client = await open(server, name);
      return {
        name,
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
    async watch(db, work) {
      const before = server.log().length;
      const result = await work();
      return { ...result, statements: statementsIn(server.log().slice(before), db.name) };
    },
    async dispose() {
      await admin.end();
      await server.dispose();
    },
  };
}

function clientOptions(server: PostgresServer, database: string): pg.ClientConfig {
  return { connectionString: server.url(database), application_name: 'bench' };
}

async function open(server: PostgresServer, database: string): Promise<pg.Client> {
  const client = new pg.Client(clientOptions(server, database));
  // A server that is stopped first, because the benchmark is broken off.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** A statement with parameters is logged once for each of its phases; its execution counts. */
const logged = /^(\d+)\|(\w+)\|telesweep[^|]*\|LOG: {2}duration: ([\d.]+) ms {2}(?:statement|execute)/gm;

function statementsIn(log: string, database: string): Statements {
  const all = [...log.matchAll(logged)].filter(([, , name]) => name === database);
  return {
    count: all.length,
    connections: new Set(all.map(([, pid]) => pid)).size,
    longestMs: Math.max(0, ...all.map(([, , , ms]) => Number(ms))),
  };
}
