import { type QueryExecutorProvider, sql } from 'kysely';
import type { StandingTable } from './standing-table.ts';
import type { WantedColumn, WantedTable, WantedType } from './wanted-table.ts';

/** One change to the database. */
export interface Step {
  /** For people: `add column public.tokens.status`. */
  what: string;
  sql: string;
}

/** What leads from the standing tables to the wanted ones; where there are problems, nothing may be done. */
export interface Plan {
  steps: Step[];
  problems: string[];
}

/** The types of a standing column that serve as well: everything that telesweep reads and writes fits both. */
export const alsoServes: Record<WantedType, readonly string[]> = {
  bigint: ['integer', 'smallint'],
  'bigint[]': ['integer[]'],
  boolean: [],
  date: [],
  integer: ['smallint', 'bigint'],
  jsonb: [],
  text: ['character varying', 'citext'],
  // A time without its zone means another instant to every session.
  'timestamp with time zone': [],
};

/** The start of the comment that marks a column of telesweep's own. */
export const ownMark = 'telesweep: ';
/** The start of the names of telesweep's own indexes. */
export const ownIndexPrefix = 'telesweep_';

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Plans a table that does not stand. */
export function planNewTable(wanted: WantedTable, schema: string): Plan {
  const table = `${quoteName(schema)}.${wanted.name}`;
  const lines = [
    ...wanted.columns.map(columnSql),
    `primary key (${wanted.key.join(', ')})`,
    ...(wanted.checks ?? []).map((check) => `check (${check})`),
  ];
  const create = `create table ${table} (\n  ${lines.join(',\n  ')}\n)${wanted.storage ? ` ${wanted.storage}` : ''}`;
  const steps = [{ what: `create table ${schema}.${wanted.name}`, sql: withComments(create, table, wanted.columns) }];
  const { filling } = wanted;
  if (filling) {
    const rows = filling.rows.map((row) => `(${row.map((value) => quoteText(String(value))).join(', ')})`);
    steps.push({
      what: `fill table ${schema}.${wanted.name} with ${filling.what}`,
      sql: `insert into ${table} (${filling.columns.join(', ')}) values\n  ${rows.join(',\n  ')}`,
    });
  }
  return { steps: [...steps, ...planIndexes(wanted, schema, new Set())], problems: [] };
}

/** What stands beside what is wanted. */
interface Comparison {
  db: QueryExecutorProvider;
  wanted: WantedTable;
  standing: StandingTable;
  /** `public.tokens`, for people. */
  name: string;
  /** The same for SQL. */
  table: string;
}

/** Plans what a standing table lacks, and names all that keeps it from serving. */
export async function planStandingTable(
  db: QueryExecutorProvider,
  wanted: WantedTable,
  schema: string,
  standing: StandingTable,
): Promise<Plan> {
  const name = `${schema}.${wanted.name}`;
  if (standing.kind !== 'r' && standing.kind !== 'p') {
    const kind = { v: 'a view', m: 'a materialized view', f: 'a foreign table' }[standing.kind] ?? 'no table';
    return { steps: [], problems: [`${name} is ${kind}; expected a table: rename it, or use another search_path`] };
  }
  const problems = wanted.columns.flatMap((column) => typeProblem(name, column, standing));
  if (problems.length > 0) return { steps: [], problems };
  const comparison = { db, wanted, standing, name, table: `${quoteName(schema)}.${wanted.name}` };
  const plans: Plan[] = [];
  for (const column of wanted.columns) {
    const stands = standing.columns.has(column.name);
    plans.push(await (stands ? planDefault(comparison, column) : planNewColumn(comparison, column)));
  }
  plans.push(await planKey(comparison, schema));
  plans.push({ steps: planIndexes(wanted, schema, standing.indexNames), problems: [] });
  return { steps: plans.flatMap((plan) => plan.steps), problems: plans.flatMap((plan) => plan.problems) };
}

function typeProblem(table: string, wanted: WantedColumn, standing: StandingTable): string[] {
  const column = standing.columns.get(wanted.name);
  if (!column || column.baseType === wanted.type || alsoServes[wanted.type].includes(column.baseType)) return [];
  const expected = wanted.type === 'timestamp with time zone' ? `timestamptz (${wanted.type})` : wanted.type;
  return [`${table}.${wanted.name} is ${column.type}; expected ${expected}: change the column, or rename the table`];
}

async function planNewColumn({ db, name, table }: Comparison, column: WantedColumn): Promise<Plan> {
  const mayBeEmpty = !column.notNull || column.default !== undefined || column.identity;
  if (!mayBeEmpty && (await hasRows(db, table))) {
    const problem = `${name}.${column.name} is missing and ${name} has rows; expected ${column.type}`;
    return { steps: [], problems: [`${problem}: add the column and fill it`] };
  }
  const add = `alter table ${table} add column ${columnSql(column)}`;
  const step = { what: `add column ${name}.${column.name}`, sql: withComments(add, table, [column]) };
  return { steps: [step], problems: [] };
}

/** Lets a bot leave the column out, as its contract says. A default that stands is left alone. */
async function planDefault({ db, standing, name, table }: Comparison, column: WantedColumn): Promise<Plan> {
  const stands = standing.columns.get(column.name);
  const alter = `alter table ${table} alter column ${quoteName(column.name)}`;
  const steps: Step[] = [];
  if (stands?.hasDefault === false && column.default !== undefined) {
    const sql = `${alter} set default ${column.default}`;
    steps.push({ what: `set default of column ${name}.${column.name}`, sql });
  } else if (stands?.hasDefault === false && column.identity) {
    const { rows } = await sql<{ start: string }>`
      select coalesce(max(${sql.ref(column.name)}), 0)::bigint + 1 as start from ${sql.raw(table)}`.execute(db);
    const number = `${alter} add generated by default as identity (start with ${rows[0]?.start ?? '1'})`;
    // PostgreSQL numbers only columns that are never null.
    const what = `number column ${name}.${column.name}`;
    steps.push({ what, sql: stands.notNull ? number : `${alter} set not null;\n${number}` });
  }
  return { steps, problems: [] };
}

/** A unique index and no primary key, which would forbid nulls that a bot may write. */
async function planKey(comparison: Comparison, schema: string): Promise<Plan> {
  const { wanted, standing, name, table } = comparison;
  const columns = wanted.key.join(', ');
  const index = `${ownIndexPrefix}${wanted.name}_key`;
  const sorted = [...wanted.key].sort().join();
  const stands = standing.indexNames.has(index) || standing.uniqueKeys.some((key) => key.join() === sorted);
  if (stands) return { steps: [], problems: [] };
  // A partitioned table has no unique index without the columns that part it.
  const partitioned = standing.kind === 'p';
  const holds = !partitioned && (await keyHolds(comparison));
  if (!holds && !partitioned && wanted.keyRequired) {
    const problem = `${name} has rows that share or lack ${columns}; expected each to have its own`;
    return { steps: [], problems: [`${problem}: mend these rows`] };
  }
  const kind = holds ? 'unique index' : 'index';
  const step = { what: `create ${kind} ${schema}.${index}`, sql: `create ${kind} ${index} on ${table} (${columns})` };
  return { steps: [step], problems: [] };
}

function planIndexes(wanted: WantedTable, schema: string, standing: ReadonlySet<string>): Step[] {
  return (wanted.indexes ?? [])
    .filter((index) => !standing.has(index.name))
    .map((index) => ({
      what: `create index ${schema}.${index.name}`,
      sql: `create index ${index.name} on ${quoteName(schema)}.${wanted.name} ${index.on}`,
    }));
}

function columnSql(column: WantedColumn): string {
  const parts = [quoteName(column.name), column.type];
  if (column.notNull) parts.push('not null');
  if (column.default !== undefined) parts.push(`default ${column.default}`);
  if (column.identity) parts.push('generated by default as identity');
  return parts.join(' ');
}

function withComments(statement: string, table: string, columns: readonly WantedColumn[]): string {
  const comments = columns.flatMap(({ name, own }) =>
    own === undefined ? [] : [`comment on column ${table}.${quoteName(name)} is ${quoteText(ownMark + own)}`],
  );
  return [statement, ...comments].join(';\n');
}

async function hasRows(db: QueryExecutorProvider, table: string): Promise<boolean> {
  const { rows } = await sql`select from ${sql.raw(table)} limit 1`.execute(db);
  return rows.length > 0;
}

/** Whether the rows that stand keep the key, a new identity column counted in. */
async function keyHolds({ db, wanted, standing, table }: Comparison): Promise<boolean> {
  if (wanted.columns.some((column) => column.identity && !standing.columns.has(column.name))) return true;
  if (!wanted.key.every((column) => standing.columns.has(column))) return !(await hasRows(db, table));
  const columns = sql.join(wanted.key.map((column) => sql.ref(column)));
  const { rows } = await sql`
    select from ${sql.raw(table)} group by ${columns}
    having count(*) > 1 or num_nulls(${columns}) > 0 limit 1`.execute(db);
  return rows.length === 0;
}
