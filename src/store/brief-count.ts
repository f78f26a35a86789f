import { type Kysely, sql } from 'kysely';
import { StatementCanceledError } from './database-error.ts';
import type { Database } from './schema.ts';

/** What a progress bar alone wants may take so long, by the server's own clock. */
const mostMs = 2_000;

/** A count for a person's eyes. @returns null where it takes longer than two seconds: the work goes on without */
export async function briefCount(
  db: Kysely<Database>,
  count: (db: Kysely<Database>) => Promise<number>,
): Promise<number | null> {
  try {
    return await db.transaction().execute(async (transaction) => {
      await sql`select set_config('statement_timeout', ${String(mostMs)}, true)`.execute(transaction);
      return count(transaction);
    });
  } catch (error) {
    if (error instanceof StatementCanceledError) return null;
    throw error;
  }
}
