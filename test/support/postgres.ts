/** A database for each test file, cloned from the template that `global-setup.ts` migrated. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { migrateUrl } from './migrate-url.ts';

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /** Runs one statement, or several without parameters, and returns the last one's rows. A `bigint` comes back as text. */
  query<Row = Record<string, unknown>>(sql: string, params?: unknown[]): Promise<Row[]>;
  /**
   * Moves what `now()` and `clock_timestamp()` give in this database: by an interval (`2 days`, `-47h -59m`), or to a time
   * (`2026-01-31T23:59:59Z`), from which the clock runs on. Sessions opened before the first call keep the true clock.
   */
  setClock(clock: string): Promise<void>;
  /** Removes the database, whoever is connected. */
  drop(): Promise<void>;
}

export interface DatabaseOptions {
  /** False: empty. */
  migrated?: boolean;
  /** A server of the test's own, which it may stop and kill; the run's server by default. */
  server?: { url(database: string): string };
  /** Options of CREATE DATABASE, of an empty database. */
  as?: string;
}

/** Makes a database; `drop` it in `afterAll`. */
export async function createDatabase(options: DatabaseOptions = {}): Promise<TestDatabase> {
  const { migrated = true, server, as = '' } = options;
  const url = server ? (name: string) => server.url(name) : urlOfRun;
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`;
  await administer(
    url('postgres'),
    `create database ${name}${migrated && !server ? ' template telesweep_template' : ` ${as}`}`,
  );
  if (migrated && server) await migrateUrl(url(name));
  return testDatabase(name, url(name), url('postgres'));
}

/** The run's server, the address of one of its databases. */
function urlOfRun(database: string): string {
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${database}`;
  return url.href;
}

function testDatabase(name: string, url: string, adminUrl: string): TestDatabase {
  let pool = makePool(url);
  return {
    name,
    url,
    async query<Row>(sql: string, params?: unknown[]) {
      const result: pg.QueryResult | pg.QueryResult[] = await pool.query(sql, params);
      const last = Array.isArray(result) ? result.at(-1) : result;
      return (last?.rows ?? []) as Row[];
    },
    async setClock(clock) {
      await pool.query(clockSql(name));
      await pool.end();
      pool = makePool(url);
      const shift = /^\d{4}-\d{2}-\d{2}/.test(clock)
        ? '$1::timestamptz - pg_catalog.clock_timestamp()'
        : '$1::interval';
      await pool.query(`update test_clock.clock set shift = ${shift}`, [clock]);
    },
    async drop() {
      await pool.end();
      await administer(adminUrl, `drop database if exists ${name} with (force)`);
    },
  };
}

/** Product code asks the database for the time, so shifting the database's functions moves time without any hook. */
function clockSql(database: string): string {
  return `
    create schema if not exists test_clock;
    create table if not exists test_clock.clock (one boolean primary key default true, shift interval not null);
    insert into test_clock.clock (shift) values ('0') on conflict do nothing;
    create or replace function test_clock.now() returns timestamptz language sql stable
      as 'select pg_catalog.now() + shift from test_clock.clock';
    create or replace function test_clock.clock_timestamp() returns timestamptz language sql volatile
      as 'select pg_catalog.clock_timestamp() + shift from test_clock.clock';
    -- pg_catalog comes first unless it is named.
    alter database ${database} set search_path = public, test_clock, pg_catalog`;
}

function makePool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 2, allowExitOnIdle: true });
  // Without a listener a server that a test kills would end the test process.
  pool.on('error', () => undefined);
  return pool;
}

/** CREATE DATABASE refuses while another session looks at the template, so the whole run waits its turn. */
async function administer(adminUrl: string, sql: string): Promise<void> {
  const client = new pg.Client(adminUrl);
  await client.connect();
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await client.query(sql);
        return;
      } catch (error) {
        const busy = error instanceof pg.DatabaseError && error.code === '55006';
        if (!busy || attempt === 50) throw error;
        await sleep(50);
      }
    }
  } finally {
    await client.end();
  }
}
