import type { PostgresCursor, PostgresPoolClient, PostgresQueryResult } from 'kysely';

/** As much of a driver's result as Kysely reads. */
export interface DriverResult {
  command: string;
  rowCount: number | null;
  rows: unknown[];
}

/** One connection in the shape that Kysely's dialect asks of a pool's client. */
export class PoolClient implements PostgresPoolClient {
  readonly #run: (text: string, values: readonly unknown[]) => Promise<DriverResult>;
  readonly release: () => void;

  constructor(run: (text: string, values: readonly unknown[]) => Promise<DriverResult>, release: () => void) {
    this.#run = run;
    this.release = release;
  }

  query<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(
    text: string | PostgresCursor<R>,
    values: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof text !== 'string') throw new Error('telesweep reads no cursors');
    // Kysely's caller names the rows of its own statement; what a bot may have written is checked where it is read.
    return this.#run(text, values) as Promise<PostgresQueryResult<R>>;
  }
}
