import { type Kysely, type QueryExecutorProvider, sql } from 'kysely';
import { botsTables } from '../../../migrations/0001-bots-tables.ts';
import { everyOwnTable } from '../../../migrations/every-own-table.ts';
import { migrations } from '../../../migrations/index.ts';
import { SettingsError } from '../../process/errors.ts';
import type { Database } from '../../store/schema.ts';
import {
  type BotsSchema,
  chooseBotsSchema,
  findRelations,
  namedSchema,
  readSearchPath,
} from '../../tables/bots-schema.ts';
import { Catalogue } from '../../tables/catalogue.ts';
import type { Step } from '../../tables/step.ts';
import { pinSession, tryAgain } from './brief-lock.ts';

/** One change that was made, or would be. */
export interface MigrationStep extends Step {
  migration: string;
}

export interface MigrationPlan {
  /** The schema of the bots' tables. */
  place: BotsSchema;
  /** In order: those of the one transaction, then those apart from it. */
  steps: MigrationStep[];
  /** For people: what stays, and what stands elsewhere under the same names. */
  notes: string[];
}

/**
 * Plans what leads to the newest state, or all the way down, in a read-only transaction.
 * @param setting SCHEMA; null where the search path tells
 * @throws SettingsError naming every table and column that keeps a standing table from serving
 * @throws UnavailableError when somebody locks a table against reading for long
 */
export async function planMigration(
  db: Kysely<Database>,
  down: boolean,
  setting: string | null,
): Promise<MigrationPlan> {
  const attempt = (): Promise<MigrationPlan> =>
    db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (tx) => {
        await pinSession(tx);
        return planWithin(tx, down, setting);
      });
  return (await tryAgain(db, attempt, { tries: 10, pauseMs: 200 }, undefined, () => {})) ?? attempt();
}

const tableNames = [...everyOwnTable, ...botsTables].map(({ name }) => name);

/** The same within a transaction that stands. */
export async function planWithin(
  db: QueryExecutorProvider,
  down: boolean,
  setting: string | null,
): Promise<MigrationPlan> {
  const catalogue = new Catalogue(db, tableNames);
  const unknown = await readUnknown(catalogue);
  if (unknown !== null) {
    throw new SettingsError([
      `the database was migrated by a later telesweep (${unknown}); expected that version or one after it`,
    ]);
  }
  // No job reads what is unread: another program's table of that name says nothing of the bot's.
  const names = botsTables.filter(({ unread }) => !unread).map(({ name }) => name);
  const path = await readSearchPath(db);
  const found = await findRelations(db, names);
  const place = setting === null ? chooseBotsSchema(path, found) : await namedSchema(db, path, found, setting);
  if (Array.isArray(place)) throw new SettingsError(place);
  const steps: MigrationStep[] = [];
  const problems: string[] = [];
  // Whoever names the schema knows of the others.
  const notes = down || setting !== null ? [] : tellOthers(found, place.schema);
  for (const migration of down ? migrations.toReversed() : migrations) {
    const plan = await (down ? migration.down(catalogue, place.schema) : migration.up(catalogue, place.schema));
    steps.push(...plan.steps.map((step) => ({ migration: migration.name, ...step })));
    problems.push(...plan.problems);
    notes.push(...(plan.notes ?? []));
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return { place, steps: [...steps.filter(({ apart }) => !apart), ...steps.filter(({ apart }) => apart)], notes };
}

/** A migration that this version does not know; null where there is none. */
async function readUnknown(catalogue: Catalogue): Promise<string | null> {
  if (!(await catalogue.table('telesweep', 'migrations'))) return null;
  const { rows } = await sql<{ name: string }>`
    select name from telesweep.migrations where name <> all(${migrations.map(({ name }) => name)}::text[])
    order by name desc limit 1`.execute(catalogue.db);
  return rows[0]?.name ?? null;
}

/** Tables of the names that no job sees: a second set by mistake, or another bot's. */
function tellOthers(found: Awaited<ReturnType<typeof findRelations>>, schema: string): string[] {
  const behind = found.filter((relation) => relation.schema !== schema && relation.place !== null);
  const told = behind.map((relation) => `${relation.schema}.${relation.name}`);
  const notes =
    told.length === 0 ? [] : [`behind ${schema} on the search path, and seen by no job: ${told.join(', ')}`];
  const makesFirst = !found.some((relation) => relation.schema === schema);
  const away = found.filter(({ name, place }) => name === 'pending_deletions' && place === null);
  if (makesFirst && away.length > 0) {
    const schemas = away.map((relation) => relation.schema).join(', ');
    notes.push(`pending_deletions stands in ${schemas} as well, which the search path does not name`);
  }
  return notes;
}

/** What keeps a record of the migrations; done again it does no harm. */
export function recordSql(): string {
  const names = migrations.map(({ name }) => `('${name}')`).join(', ');
  return `insert into telesweep.migrations (name) values ${names} on conflict (name) do nothing`;
}

/** Tables that steps change and that the role may not: only their owner may. */
export async function findUnowned(db: QueryExecutorProvider, steps: readonly Step[]): Promise<string[]> {
  const tables = [...new Set(steps.flatMap(({ table }) => table ?? []))];
  const { rows } = await sql<{ name: string; owner: string; role: string }>`
    select relname as name, pg_get_userbyid(relowner) as owner, current_user as role
    from unnest(${tables}::text[]) as wanted join pg_class on pg_class.oid = to_regclass(wanted)
    where not pg_has_role(relowner, 'usage')`.execute(db);
  return rows.map(({ name, owner, role }) => {
    const problem = `the database role lacks a right: must be owner of table ${name}, which belongs to ${owner}`;
    return `${problem}: grant ${owner} to ${role}, or migrate as ${owner}`;
  });
}
