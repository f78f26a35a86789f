import { type QueryExecutorProvider, sql } from 'kysely';
import type { Catalogue } from './catalogue.ts';
import { type Comparison, columnSql, compare, planColumns, withComments } from './column-steps.ts';
import { planIndex } from './index-steps.ts';
import { matches, ownIndexPrefix } from './standing-index.ts';
import type { StandingTable } from './standing-table.ts';
import { joinPlans, type Plan, quoteName, quoteText, type Step } from './step.ts';
import type { WantedTable } from './wanted-table.ts';

/** Plans a table that does not stand. */
export async function planNewTable(catalogue: Catalogue, wanted: WantedTable, schema: string): Promise<Plan> {
  const table = `${quoteName(schema)}.${wanted.name}`;
  const lines = [
    ...wanted.columns.map(columnSql),
    `primary key (${wanted.key.join(', ')})`,
    ...(wanted.checks ?? []).map((check) => `check (${check})`),
  ];
  const create = `create table ${table} (\n  ${lines.join(',\n  ')}\n)${wanted.storage ? ` ${wanted.storage}` : ''}`;
  const steps: Step[] = [
    { what: `create table ${schema}.${wanted.name}`, sql: withComments(create, table, wanted.columns) },
  ];
  const { filling } = wanted;
  if (filling) {
    const rows = filling.rows.map((row) => `(${row.map((value) => quoteText(String(value))).join(', ')})`);
    steps.push({
      what: `fill table ${schema}.${wanted.name} with ${filling.what}`,
      sql: `insert into ${table} (${filling.columns.join(', ')}) values\n  ${rows.join(',\n  ')}`,
    });
  }
  const indexes = await catalogue.ownIndexes(schema);
  const bare = { oid: '', schema, name: wanted.name, kind: 'r', parent: null, columns: new Map(), parts: [], indexes };
  const plan = planIndexes(wanted, { ...bare, filled: false });
  // What is new in this transaction needs no lock.
  return { steps: [...steps, ...plan.steps.map(({ table: _, ...step }) => step)], problems: plan.problems };
}

/** Plans what a standing table lacks, and names all that keeps it from serving. */
export async function planStandingTable(
  db: QueryExecutorProvider,
  wanted: WantedTable,
  standing: StandingTable,
): Promise<Plan> {
  const columns = await planColumns(db, wanted, standing);
  if (columns.problems.length > 0) return columns;
  const key = await planKey(compare(db, standing), wanted);
  return joinPlans([columns, key, planIndexes(wanted, standing)]);
}

/** Plans the indexes of a table that stands, or of one that is to be made. */
function planIndexes(wanted: WantedTable, standing: StandingTable): Plan {
  const indexes = wanted.indexes ?? [];
  const problems = indexes.flatMap(({ columns }) =>
    columns
      .map((column) => column.replace(/ desc$/, ''))
      .filter((column) => standing.columns.get(column)?.virtual)
      .map(
        (column) =>
          `${standing.schema}.${standing.name}.${column} is a virtual generated column; expected a stored one`,
      ),
  );
  if (problems.length > 0) return { steps: [], problems: [...new Set(problems)] };
  return { steps: indexes.flatMap((index) => planIndex(index, standing)), problems: [] };
}

/**
 * An index and no primary key, which would forbid nulls that a bot may write; and a unique one only where the jobs cannot do
 * without, because a bot may write rows alike.
 */
async function planKey(comparison: Comparison, wanted: WantedTable): Promise<Plan> {
  const { standing, name } = comparison;
  const need = { name: `${ownIndexPrefix}${wanted.name}_key`, columns: wanted.key };
  const unique = { ...need, unique: true };
  if (standing.indexes.some((index) => index.table === standing.oid && index.valid && matches(index, unique))) {
    return { steps: [], problems: [] };
  }
  // A partitioned table has no unique index without the columns that part it.
  if (!wanted.keyRequired || standing.kind === 'p') return { steps: planIndex(need, standing), problems: [] };
  if (await keyHolds(comparison, wanted)) return { steps: planIndex(unique, standing), problems: [] };
  const problem = `${name} has rows that share or lack ${wanted.key.join(', ')}; expected each to have its own`;
  return { steps: [], problems: [`${problem}: mend these rows`] };
}

/** Whether the rows that stand keep the key, a new identity column counted in. */
async function keyHolds({ db, standing, table }: Comparison, wanted: WantedTable): Promise<boolean> {
  if (!wanted.key.every((column) => standing.columns.has(column))) return true;
  const columns = sql.join(wanted.key.map((column) => sql.ref(column)));
  const { rows } = await sql`
    select from ${sql.raw(table)} group by ${columns}
    having count(*) > 1 or num_nulls(${columns}) > 0 limit 1`.execute(db);
  return rows.length === 0;
}
