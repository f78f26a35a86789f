/** How PostgreSQL carries out the statements that the program really sends. */

import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Connection } from '../../src/store/connect.ts';
import { databaseError } from '../../src/store/database-error.ts';
import { withNames } from '../../src/store/names.ts';
import { PoolClient } from '../../src/store/pool-client.ts';
import type { Database } from '../../src/store/schema.ts';

/** A step of a plan that read a table or an index. */
export interface Scan {
  how: string;
  table: string | null;
  index: string | null;
  /** Pages of the index and the table, those of the steps below included. */
  pages: number;
}

export interface SentStatement {
  sql: string;
  scans: Scan[];
  sorts: number;
}

export interface PlanWatch {
  db: Kysely<Database>;
  connection: Connection;
  /** What was sent so far, in order. */
  sent: SentStatement[];
  /** Called with each statement before it runs. */
  onStatement: ((sql: string) => Promise<void>) | null;
  /** False: the statements run without being looked at. */
  looks: boolean;
  close(): Promise<void>;
}

/** One connection. Each statement runs twice: first to see its plan at work, which is rolled back. */
export async function watchPlans(url: string, { looks = true } = {}): Promise<PlanWatch> {
  const client = new pg.Client(url);
  await client.connect();

  const run = async (template: string, values: readonly unknown[] = []): Promise<pg.QueryResult> => {
    const text = withNames(template, { zone: 'UTC', setting: null, schema: 'public' });
    await watch.onStatement?.(text);
    if (watch.looks) watch.sent.push(await look(client, text, values));
    try {
      return await client.query(text, [...values]);
    } catch (error) {
      throw databaseError(error);
    }
  };
  const dialect = new PostgresDialect({
    pool: {
      async connect() {
        return new PoolClient(run, () => {});
      },
      async end() {},
    },
  });
  const watch: PlanWatch = {
    db: new Kysely<Database>({ dialect }),
    connection: {
      query: async (text, values) => (await run(text, values)).rows,
      kysely: async () => watch.db,
      schema: async () => 'public',
      knowSchema: () => {},
      close: async () => {},
    },
    sent: [],
    onStatement: null,
    looks,
    close: () => client.end(),
  };
  return watch;
}

/** Figures are put in order before they are written. */
const few = 20;

async function look(client: pg.Client, text: string, values: readonly unknown[]): Promise<SentStatement> {
  await client.query('begin');
  let rows: { 'QUERY PLAN': { Plan: PlanNode }[] }[];
  try {
    ({ rows } = await client.query(`explain (analyze, buffers, format json) ${text}`, [...values]));
  } catch (error) {
    throw databaseError(error);
  } finally {
    await client.query('rollback');
  }
  const nodes = rows.flatMap((row) => row['QUERY PLAN'].flatMap(({ Plan }) => nodesOf(Plan)));
  return {
    sql: text,
    scans: nodes.flatMap((node) => scanOf(node)),
    sorts: nodes.filter(
      (node) => /^(Incremental )?Sort$/.test(String(node['Node Type'])) && Number(node['Actual Rows']) > few,
    ).length,
  };
}

type PlanNode = Record<string, unknown>;

function nodesOf(plan: PlanNode): PlanNode[] {
  const below = Array.isArray(plan.Plans) ? plan.Plans : [];
  return [plan, ...below.flatMap(nodesOf)];
}

function scanOf(node: PlanNode): Scan[] {
  const how = String(node['Node Type']);
  if (node['Actual Loops'] === 0) return [];
  if (!how.endsWith('Scan') || how === 'Subquery Scan' || how === 'CTE Scan') return [];
  const text = (key: string): string | null => (typeof node[key] === 'string' ? node[key] : null);
  const pages = Number(node['Shared Hit Blocks']) + Number(node['Shared Read Blocks']);
  return [{ how, table: text('Relation Name'), index: text('Index Name'), pages }];
}
