import type { Catalogue } from '../src/tables/catalogue.ts';
import type { Plan } from '../src/tables/step.ts';

/**
 * A migration looks at the database and plans what is missing; it changes nothing itself. It is asked again at every
 * `telesweep migrate`, so that a table that a bot dropped and made anew is mended.
 */
export interface Migration {
  name: string;
  /** @param schema of the bots' tables */
  up(catalogue: Catalogue, schema: string): Promise<Plan>;
  /** The way back. Bots' tables, columns and rows stay. */
  down(catalogue: Catalogue, schema: string): Promise<Plan>;
}
