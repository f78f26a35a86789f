import { Socket, setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import type { Kysely } from 'kysely';
import type { QueryResult } from 'pg';
import Client from 'pg/lib/client.js';
import { monotonicMs } from '../process/clock.ts';
import { codeOf, messageOf, UnavailableError } from '../process/errors.ts';
import type { DatabaseSettings } from '../settings/settings.ts';
import { cancelStatement } from './cancel.ts';
import { databaseError, SerializationError } from './database-error.ts';
import { type Names, withNames } from './names.ts';
import { PoolClient } from './pool-client.ts';
import type { Database } from './schema.ts';
import { wayOut } from './way-out.ts';

/** Source: pg_type. */
const numericOid = 1700;

/** Together with the pauses between them, three tries stay well below the 15 s that a pass may spend. */
const connectTimeoutMs = 3_500;
const pausesBetweenTriesMs = [500, 1_500];

/**
 * For each address of a server that has several but the last. With Node's own 250 ms a far one, or one whose first packet was
 * lost and is sent again after a second, fails with ETIMEDOUT where the last address is of a family that this machine has no way to.
 */
const addressTimeoutMs = 1_500;

/** Between the tries of a patient caller after those. */
const patientPauseMs = 2_000;

/** A statement that takes longer means a server that hangs; a batch takes at most about a second. */
const statementTimeoutMs = 30_000;

/** A statement that another transaction kept from its order is asked again so often, so much later. */
const pausesOutOfOrderMs = [20, 80, 250];

type Row = Record<string, unknown>;

/** What a statement gets once the pass is pressed for time. */
const hurriedTimeoutMs = 1_000;

/** The one database connection of a pass. Statements run one after another, in the order in which they were asked for. */
export interface Connection {
  /** Runs one statement in a transaction of its own. */
  query<R extends Row>(text: string, values?: readonly unknown[]): Promise<R[]>;
  /** Kysely over this connection; loaded at the first call, because an idle pass does without it. */
  kysely(): Promise<Kysely<Database>>;
  /** The schema of the bot's tables; asked for once. */
  schema(): Promise<string>;
  /** What a statement has told of it, so that it is not asked for again. */
  knowSchema(schema: string): void;
  /** Says goodbye and does not wait for the server's: 2 ms. */
  close(): void;
}

/** Does work in which every statement sees the same moment and the database itself refuses a change. */
export async function readOnly<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  await connection.query('begin transaction isolation level repeatable read, read only');
  try {
    return await work();
  } finally {
    await connection.query('rollback').catch(() => {});
  }
}

export interface ConnectOptions {
  /** Null for statements of any length: building an index may take minutes. */
  statementTimeoutMs?: number | null;
  /** Tries on for so long, in milliseconds, where three tries are over before. */
  patienceMs?: number;
  /** Aborts the tries to connect. */
  signal?: AbortSignal;
  /** Aborts when a statement that hangs may keep the pass for a second at most. */
  hardSignal?: AbortSignal;
}

/**
 * Connects to PostgreSQL, in three tries within 15 s, or more for a patient caller. Nothing that PgBouncer's transaction mode loses is used: no
 * session settings, no named statements, no session locks.
 * @throws UnavailableError when the database cannot be reached or refuses the connection
 */
export async function connect(settings: DatabaseSettings, options: ConnectOptions = {}): Promise<Connection> {
  // pg hands no such option on.
  setDefaultAutoSelectFamilyAttemptTimeout(addressTimeoutMs);
  const startedAt = monotonicMs();
  const patientUntil = startedAt + (options.patienceMs ?? 0) - patientPauseMs - connectTimeoutMs;
  const isPatient = (): boolean => monotonicMs() < patientUntil;
  for (let tries = 0; ; tries++) {
    try {
      return await open(settings, options);
    } catch (error) {
      const pause = pausesBetweenTriesMs[tries] ?? (isPatient() ? patientPauseMs : undefined);
      if (pause === undefined || isFinal(error) || options.signal?.aborted) throw unavailable(error, tries + 1);
      await wait(pause, options.signal);
    }
  }
}

async function open(settings: DatabaseSettings, options: ConnectOptions): Promise<Connection> {
  const client = new Client({
    ...(settings.connectionString === undefined ? {} : { connectionString: settings.connectionString }),
    application_name: settings.applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  });
  // Times come as `numeric`: of a float8 the session's `extra_float_digits` may leave one digit, and slots then lie in the past.
  client.setTypeParser(numericOid, Number);
  let lost: unknown = null;
  client.on('error', (error) => {
    lost ??= error;
  });
  try {
    await client.connect();
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
  const names: Names = { setting: settings.schema ?? null, schema: settings.schema ?? null, zone: settings.timeZone };
  const timeout = options.statementTimeoutMs === undefined ? statementTimeoutMs : options.statementTimeoutMs;

  /** A statement that is a transaction by itself is asked again where another one came between. */
  const run = async (text: string, values: readonly unknown[]): Promise<QueryResult<Row>> => {
    if (/^\s*(begin|start transaction)\b/i.test(text)) inTransaction = true;
    if (/^\s*(commit|rollback)\s*;?\s*$/i.test(text)) inTransaction = false;
    for (const pause of inTransaction ? [] : pausesOutOfOrderMs) {
      try {
        return await runOnce(text, values);
      } catch (error) {
        if (!(error instanceof SerializationError)) throw error;
        await wait(pause, options.hardSignal);
      }
    }
    return runOnce(text, values);
  };

  const runOnce = async (text: string, values: readonly unknown[]): Promise<QueryResult<Row>> => {
    if (lost !== null) throw databaseError(lost);
    try {
      return await withTimeout(client.query<Row>(withNames(text, names), [...values]), timeout, options.hardSignal);
    } catch (error) {
      if (error instanceof StatementTimeout) {
        lost ??= error;
        cancelStatement(client);
      }
      throw databaseError(error);
    }
  };

  let inTransaction = false;
  const turns = new Turns();
  let kysely: Promise<Kysely<Database>> | null = null;
  const query = async <R extends Row>(text: string, values: readonly unknown[] = []): Promise<R[]> => {
    const done = await turns.take();
    try {
      const result = await run(text, values);
      // The caller names the columns of its own statement; what a bot may have written is checked where it is read.
      return result.rows as R[];
    } finally {
      done();
    }
  };
  return {
    query,
    async schema() {
      names.schema ??= (await query<{ schema: string }>('select $schema as schema'))[0]?.schema ?? '';
      return names.schema;
    },
    knowSchema(schema) {
      names.schema = schema;
    },
    kysely() {
      kysely ??= openKysely(turns, run);
      return kysely;
    },
    close() {
      client.end().catch(() => {});
      // A connection that hangs never ends by itself, and none keeps the process.
      if (lost === null) socketOf(client)?.unref();
      else socketOf(client)?.destroy();
    },
  };
}

/** Kysely asks a pool for a client for each statement or transaction: here it gets the one connection, in turn. */
async function openKysely(
  turns: Turns,
  run: (text: string, values: readonly unknown[]) => Promise<QueryResult<Row>>,
): Promise<Kysely<Database>> {
  const { Kysely, PostgresDialect } = await import('kysely');
  return new Kysely<Database>({
    dialect: new PostgresDialect({
      pool: {
        async connect() {
          return new PoolClient(run, await turns.take());
        },
        async end() {},
      },
    }),
  });
}

/** Hands out the connection to one user at a time, first come, first served. */
class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Waits for the turn; the returned function ends it. */
  async take(): Promise<() => void> {
    let end = (): void => {};
    const before = this.#last;
    this.#last = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    return end;
  }
}

/** pg's types keep silent about it. */
function socketOf(client: Client): Socket | null {
  const connection: unknown = Reflect.get(client, 'connection');
  const stream: unknown = connection instanceof Object ? Reflect.get(connection, 'stream') : null;
  return stream instanceof Socket ? stream : null;
}

class StatementTimeout extends Error {}

async function withTimeout<T>(promise: Promise<T>, ms: number | null, hurry?: AbortSignal): Promise<T> {
  const timers: NodeJS.Timeout[] = [];
  let onHurry = (): void => {};
  const expiry = new Promise<never>((_, reject) => {
    const expireAfter = (limit: number): void => {
      timers.push(setTimeout(() => reject(new StatementTimeout(`no answer within ${limit / 1000} s`)), limit));
    };
    onHurry = () => expireAfter(hurriedTimeoutMs);
    if (ms !== null) expireAfter(ms);
    if (hurry?.aborted) onHurry();
    else hurry?.addEventListener('abort', onHurry, { once: true });
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    hurry?.removeEventListener('abort', onHurry);
  }
}

/** Leaves no listener behind: Node warns of many at one signal. */
function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}

/** A wrong password or database name does not get better by trying again, nor does what a pooler does not know. */
function isFinal(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith('28') || code === '3D000' || code === '42501' || code === '08P01';
}

function unavailable(error: unknown, tries: number): UnavailableError {
  const after = tries > 1 ? ` after ${tries} tries` : '';
  const message = messageOf(error);
  return new UnavailableError(`the database cannot be reached${after}: ${message}; ${wayOut(message)}`);
}
