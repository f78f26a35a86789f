/** The table of guides may have rules of its own. Where it refuses an import, the entry or the column at fault is named. */
import { type Kysely, sql } from 'kysely';
import { SettingsError } from '../../process/errors.ts';
import { type Guide, writeGuides } from '../../store/guides.ts';
import { type Refusal, refusalOf } from '../../store/refusal.ts';
import type { Database } from '../../store/schema.ts';

/** What telesweep writes. */
const ownColumns = ['id', 'position', 'title', 'description', 'url', 'enabled', 'markdown'];

/**
 * Finds out who is at fault by writing each guide alone, and takes all of it back.
 * @param placeOf `guides.csv, line 7`
 * @returns what the operator is told; the error itself where it was no refusal of the table
 */
export async function explainRefusal(
  db: Kysely<Database>,
  error: unknown,
  guides: readonly Guide[],
  placeOf: (id: string) => string,
): Promise<unknown> {
  const refusal = refusalOf(error);
  if (refusal === null) return error;
  const ofTable = faultOfTable(refusal);
  if (ofTable !== null) return new SettingsError([ofTable, 'nothing was changed']);
  const refused = await writeOneByOne(db, guides);
  const lines = refused.map(
    ({ id, refusal: { message, key } }) =>
      `${placeOf(id)}: "${id}": the table guides refuses it: ${wordsOf(message, key)}`,
  );
  if (lines.length === 0) lines.push(`the table guides refuses the import: ${wordsOf(refusal.message, refusal.key)}`);
  return new SettingsError([...lines, 'nothing was changed']);
}

/** Names the entries of which a trigger or rule left nothing. */
export function heldBack(
  ids: readonly string[],
  done: readonly string[],
  placeOf: (id: string) => string,
): SettingsError {
  const missing = ids.filter((id) => !done.includes(id));
  const lines = missing.map(
    (id) =>
      `${placeOf(id)}: "${id}": a trigger or rule of the table guides holds the change back; see \\d guides in psql`,
  );
  return new SettingsError([...lines, 'nothing was changed']);
}

/** What no entry can mend. */
function faultOfTable({ code, message, column }: Refusal): string | null {
  if (code === '23502' && column !== null && !ownColumns.includes(column)) {
    return `the column "${column}" of the table guides must not be NULL and has no default, so that no guide can be added; give it a default`;
  }
  const ofEntries = ['22', '23', 'P0', '21'].includes(code.slice(0, 2));
  return ofEntries ? null : `the table guides cannot be written to: ${message}`;
}

async function writeOneByOne(
  db: Kysely<Database>,
  guides: readonly Guide[],
): Promise<{ id: string; refusal: Refusal }[]> {
  const refused: { id: string; refusal: Refusal }[] = [];
  const takeBack = new Error('nothing of this stays');
  const trial = db.transaction().execute(async (transaction) => {
    await sql`set constraints all immediate`.execute(transaction);
    for (const guide of guides) {
      await sql`savepoint one_guide`.execute(transaction);
      try {
        await writeGuides(transaction, [guide]);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === null) throw error;
        refused.push({ id: guide.id, refusal });
        await sql`rollback to savepoint one_guide`.execute(transaction);
      }
    }
    throw takeBack;
  });
  await trial.catch((error: unknown) => {
    if (error !== takeBack) throw error;
  });
  return refused;
}

function wordsOf(message: string, key: string | null): string {
  return key === null ? message : `${message} (${key.replace(/\.$/, '')})`;
}
