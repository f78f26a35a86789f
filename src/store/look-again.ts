/** What a sweep asked to go and is still there without a word. */
import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';
import { askAgain, mayKeepInSilence } from './silent-rows.ts';
import { type Deleted, nothingKept, type SweptTable } from './swept-table.ts';

const rowsAtOnce = 1_000;

/** Asks the first due rows of a swept table to go once more, where something of the table may keep them. */
export async function lookAgain(db: Kysely<Database>, swept: SweptTable): Promise<Deleted> {
  const total: Deleted = { deleted: 0, metLock: false, kept: nothingKept };
  if (!(await mayKeepInSilence(db, swept.table))) return total;
  for (;;) {
    const { asked, deleted, kept } = await askAgain(db, swept, sql`true`, rowsAtOnce);
    total.deleted += deleted;
    if (kept.places.length > 0) total.kept = kept;
    if (asked < rowsAtOnce || deleted === 0) return total;
  }
}
