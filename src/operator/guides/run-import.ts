import type { Kysely } from 'kysely';
import { printable } from '../../output/output.ts';
import { UsageError } from '../../process/errors.ts';
import { exitCodes } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { readTextFile } from '../../settings/text-file.ts';
import { readOnly } from '../../store/connect.ts';
import { type Guide, readGuides, removeGuides, writeGuides } from '../../store/guides.ts';
import type { Database } from '../../store/schema.ts';
import { type CommandFlags, runCommand } from '../command.ts';
import { compare, type Difference } from './difference.ts';
import { type Entry, readEntries } from './entries.ts';
import { explainRefusal, heldBack } from './table-refusal.ts';

export interface ImportFlags extends CommandFlags {
  file: string;
  dryRun: boolean;
  /** Remove the guides that the file does not name. */
  replace: boolean;
}

/** `telesweep guides import`: all of the file or nothing. Never throws. @returns the exit code */
export function runGuidesImport(flags: ImportFlags, world: World): Promise<number> {
  return runCommand('guides import', flags, world, [], async ({ connection, print }) => {
    const entries = readFile(flags.file);
    const db = await connection.kysely();
    const difference = flags.dryRun
      ? await readOnly(connection, () => readDifference(db, entries, flags, false))
      : await write(db, entries, flags);
    print(flags.json ? json(difference, flags) : text(difference, flags));
    return exitCodes.ok;
  });
}

function readFile(file: string): Entry[] {
  const read = readTextFile(file);
  if ('reason' in read) throw new UsageError(`${file}: cannot be read: ${read.reason}`);
  const { entries, problems } = readEntries(file, read.text);
  return allRight(file, entries, problems);
}

/** @throws UsageError with every problem, so that one look at the file mends them all */
function allRight<T>(file: string, value: T, problems: readonly string[]): T {
  if (problems.length === 0) return value;
  const lines = problems.map((problem) => `${file}, ${problem}`.replace(/, (holds|is) /, ': $1 '));
  throw new UsageError([...lines, 'nothing was changed'].join('\n'));
}

async function readDifference(
  db: Kysely<Database>,
  entries: readonly Entry[],
  { file, replace }: ImportFlags,
  lock: boolean,
): Promise<Difference> {
  const { difference, problems } = compare(await readGuides(db, { lock }), entries, replace);
  return allRight(file, difference, problems);
}

async function write(db: Kysely<Database>, entries: readonly Entry[], flags: ImportFlags): Promise<Difference> {
  const places = new Map(entries.map(({ id, where }) => [id, `${flags.file}, ${where}`]));
  const placeOf = (id: string): string => places.get(id) ?? '--replace';
  let guides: Guide[] = [];
  try {
    return await db.transaction().execute(async (transaction) => {
      const difference = await readDifference(transaction, entries, flags, true);
      guides = [...difference.added, ...difference.changed.map(({ guide }) => guide)];
      const removed = difference.removed.map(({ id }) => id);
      const written = await writeGuides(transaction, guides);
      const gone = await removeGuides(transaction, removed);
      if (written.length < guides.length)
        throw heldBack(
          guides.map(({ id }) => id),
          written,
          placeOf,
        );
      if (gone.length < removed.length) throw heldBack(removed, gone, placeOf);
      return difference;
    });
  } catch (error) {
    throw await explainRefusal(db, error, guides, placeOf);
  }
}

function json({ added, changed, unchanged, removed }: Difference, { dryRun }: ImportFlags): string {
  const told = {
    dry_run: dryRun,
    added: added.map(({ id }) => id),
    changed: changed.map(({ guide, fields }) => ({ id: guide.id, fields })),
    unchanged: unchanged.map(({ id }) => id),
    removed: removed.map(({ id }) => id),
  };
  return `${JSON.stringify(told)}\n`;
}

function text({ added, changed, unchanged, removed }: Difference, { file, dryRun }: ImportFlags): string {
  const lines = [
    ...added.map(({ id, title }) => `  + ${id}: ${title}`),
    ...changed.map(({ guide, fields }) => `  ~ ${guide.id}: ${fields.join(', ')}`),
    ...removed.map(({ id, title }) => `  - ${id}: ${title}`),
  ];
  const counts = [`${added.length} added`, `${changed.length} changed`, `${unchanged.length} unchanged`];
  if (removed.length > 0) counts.push(`${removed.length} removed`);
  const head = dryRun ? `${file} would be imported (nothing was changed)` : `${file} is imported`;
  return printable(`${[`${head}: ${counts.join(', ')}`, ...lines].join('\n')}\n`);
}
