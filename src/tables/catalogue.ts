import type { QueryExecutorProvider } from 'kysely';
import { readTable, type StandingTable } from './standing-table.ts';

/** What a plan looks at. It changes nothing, so that each table is read once, however many migrations ask for it. */
export class Catalogue {
  readonly db: QueryExecutorProvider;
  readonly #tables = new Map<string, Promise<StandingTable | null>>();

  constructor(db: QueryExecutorProvider) {
    this.db = db;
  }

  /** Null where no relation has the name. */
  table(schema: string, name: string): Promise<StandingTable | null> {
    const key = JSON.stringify([schema, name]);
    const known = this.#tables.get(key) ?? readTable(this.db, schema, name);
    this.#tables.set(key, known);
    return known;
  }
}
