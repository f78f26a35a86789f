import type { QueryExecutorProvider } from 'kysely';
import type { StandingIndex } from './standing-index.ts';
import { readSchema, type StandingSchema, type StandingTable } from './standing-table.ts';

/** What a plan looks at. It changes nothing, so that each schema is read once, however many migrations ask for its tables. */
export class Catalogue {
  readonly db: QueryExecutorProvider;
  readonly #names: readonly string[];
  readonly #schemas = new Map<string, Promise<StandingSchema>>();

  /** @param names of all tables that a migration may ask for */
  constructor(db: QueryExecutorProvider, names: readonly string[]) {
    this.db = db;
    this.#names = names;
  }

  /** Null where no relation has the name. */
  async table(schema: string, name: string): Promise<StandingTable | null> {
    if (!this.#names.includes(name)) throw new Error(`the catalogue is not read for tables of the name ${name}`);
    return (await this.#read(schema)).tables.get(name) ?? null;
  }

  /** The schema's indexes that carry telesweep's mark. */
  async ownIndexes(schema: string): Promise<readonly StandingIndex[]> {
    return (await this.#read(schema)).ownIndexes;
  }

  #read(schema: string): Promise<StandingSchema> {
    const known = this.#schemas.get(schema) ?? readSchema(this.db, schema, this.#names);
    this.#schemas.set(schema, known);
    return known;
  }
}
