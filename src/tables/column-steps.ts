import { type QueryExecutorProvider, sql } from 'kysely';
import type { StandingColumn, StandingTable } from './standing-table.ts';
import { joinPlans, type Plan, quoteName, quoteText, type Step } from './step.ts';
import type { WantedColumn, WantedTable, WantedType } from './wanted-table.ts';

/** The types of a standing column that serve as well: everything that telesweep reads and writes fits both. @internal */
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

/** What PostgreSQL does to every row while the bot waits is over in a moment for as many. */
const momentaryRows = 100_000;

/** What stands beside what is wanted. */
export interface Comparison {
  db: QueryExecutorProvider;
  standing: StandingTable;
  /** `public.tokens`, for people. */
  name: string;
  /** The same for SQL. */
  table: string;
}

/** Plans the columns alone. */
export async function planColumns(
  db: QueryExecutorProvider,
  wanted: Pick<WantedTable, 'columns'>,
  standing: StandingTable,
): Promise<Plan> {
  const comparison = compare(db, standing);
  if (standing.kind !== 'r' && standing.kind !== 'p') {
    const kind = { v: 'a view', m: 'a materialized view', f: 'a foreign table' }[standing.kind] ?? 'no table';
    const problem = `${comparison.name} is ${kind}; expected a table: rename it, or use another search_path`;
    return { steps: [], problems: [problem] };
  }
  const problems = wanted.columns.flatMap((column) => columnProblem(comparison, column));
  if (problems.length > 0) return { steps: [], problems };
  const plans: Plan[] = [];
  for (const column of wanted.columns) {
    const stands = standing.columns.get(column.name);
    plans.push(await (stands ? planDefault(comparison, column, stands) : planNewColumn(comparison, column)));
  }
  return joinPlans(plans);
}

export function compare(db: QueryExecutorProvider, standing: StandingTable): Comparison {
  const { schema, name } = standing;
  return { db, standing, name: `${schema}.${name}`, table: `${quoteName(schema)}.${quoteName(name)}` };
}

function columnProblem({ standing, name }: Comparison, wanted: WantedColumn): string[] {
  const column = standing.columns.get(wanted.name);
  const expected = wanted.type === 'timestamp with time zone' ? `timestamptz (${wanted.type})` : wanted.type;
  const place = `${name}.${wanted.name}`;
  if (!column) {
    // What the bot's insert, which does not know the column, would have to fill.
    const mayBeLeftOut = !wanted.notNull || wanted.default !== undefined || wanted.identity;
    if (mayBeLeftOut) return [];
    return [`${place} is missing; expected ${expected}: add the column and let the bot fill it, or rename the table`];
  }
  if (wanted.own !== undefined && !column.comment?.startsWith(ownMark)) {
    const problem = `${place} (${column.type}) stands without the comment that marks telesweep's own column (${expected})`;
    const mark = `comment on column ${place} is ${quoteText(ownMark + wanted.own)}`;
    return [`${problem}: rename the column if it is the bot's; if telesweep made it, mark it: ${mark}`];
  }
  if (column.baseType === wanted.type || alsoServes[wanted.type].includes(column.baseType)) return [];
  return [`${place} is ${column.type}; expected ${expected}: change the column, or rename the table`];
}

async function planNewColumn({ db, standing, name, table }: Comparison, column: WantedColumn): Promise<Plan> {
  const add = `alter table ${table} add column ${columnSql(column)}`;
  if (column.identity && standing.filled && (await hasMoreRowsThan(db, table, momentaryRows))) {
    const problem = `${name}.${column.name} is missing; expected ${column.type}, numbered`;
    return {
      steps: [],
      problems: [`${problem}: to number so many rows keeps the bot waiting; in a quiet hour, ${add}`],
    };
  }
  const step = { what: `add column ${name}.${column.name}`, sql: withComments(add, table, [column]), table };
  return { steps: [step], problems: [] };
}

/** Lets a bot leave the column out, as its contract says. A default that stands is left alone. */
async function planDefault(
  { db, standing, name, table }: Comparison,
  column: WantedColumn,
  stands: StandingColumn,
): Promise<Plan> {
  if (stands.hasDefault) return { steps: [], problems: [] };
  const alter = `alter table ${table} alter column ${quoteName(column.name)}`;
  const steps: Step[] = [];
  if (column.default !== undefined) {
    const what = `set default of column ${name}.${column.name}`;
    steps.push({ what, sql: `${alter} set default ${column.default}`, table });
  } else if (column.identity && (await canBeNumbered({ db, standing, name, table }, stands))) {
    const { rows } = await sql<{ start: string }>`
      select coalesce(max(${sql.ref(column.name)}), 0)::bigint + 1 as start from ${sql.raw(table)}`.execute(db);
    const number = `${alter} add generated by default as identity (start with ${rows[0]?.start ?? '1'})`;
    const what = `number column ${name}.${column.name}`;
    steps.push({ what, sql: stands.notNull ? number : `${alter} set not null;\n${number}`, table });
  }
  return { steps, problems: [] };
}

/**
 * PostgreSQL numbers only columns that are never null, and looks at every row to know it; and of partitioned tables only since
 * version 17. A bot whose column is left as it is numbers its rows itself, as before.
 */
async function canBeNumbered({ db, standing, table }: Comparison, column: StandingColumn): Promise<boolean> {
  if (standing.kind === 'p') return false;
  return column.notNull || !(await hasMoreRowsThan(db, table, momentaryRows));
}

export function columnSql(column: WantedColumn): string {
  const parts = [quoteName(column.name), column.type];
  if (column.notNull) parts.push('not null');
  if (column.default !== undefined) parts.push(`default ${column.default}`);
  if (column.identity) parts.push('generated by default as identity');
  return parts.join(' ');
}

export function withComments(statement: string, table: string, columns: readonly WantedColumn[]): string {
  const comments = columns.flatMap(({ name, own }) =>
    own === undefined ? [] : [`comment on column ${table}.${quoteName(name)} is ${quoteText(ownMark + own)}`],
  );
  return [statement, ...comments].join(';\n');
}

async function hasMoreRowsThan(db: QueryExecutorProvider, table: string, rows: number): Promise<boolean> {
  const found = await sql`select from ${sql.raw(table)} limit 1 offset ${rows}`.execute(db);
  return found.rows.length > 0;
}
