/** The demo of a job that works on the database alone: kinds of rows, of which some must go and some must stay. */
import { formatCount } from '../../../src/output/format.ts';
import type { RunResult } from '../run.ts';
import { mark } from './screen.ts';
import { type Section, showFindings } from './section.ts';
import { runPass } from './show-pass.ts';
import type { Stage } from './stage.ts';

export interface RowKind {
  name: string;
  rows: number;
  stays: boolean;
}

export interface RowsDemo<Kind extends RowKind> {
  job: string;
  /** When cron runs it. */
  remark: string;
  heading(stage: Stage): string;
  kinds: readonly Kind[];
  /** Writes `kind.rows` rows as a bot does. */
  insert(stage: Stage, kind: Kind): Promise<unknown>;
  /** A condition on the job's table, with the values of its `$1…$n`. */
  where(stage: Stage, kind: Kind): [table: string, condition: string, values: unknown[]];
}

export function rowsSection<Kind extends RowKind>(demo: RowsDemo<Kind>): Section {
  const { job, kinds } = demo;
  let pass: RunResult | null = null;

  async function count(stage: Stage, kind: Kind): Promise<number> {
    const [table, condition, values] = demo.where(stage, kind);
    const text = `select count(*)::int as n from ${table} where ${condition}`;
    const [row] = await stage.query<{ n: number }>(text, values);
    return row?.n ?? 0;
  }

  return {
    async before(stage) {
      for (const kind of kinds) await demo.insert(stage, kind);
      stage.screen.heading(demo.heading(stage));
    },

    async run(stage) {
      pass = await runPass(stage, job, demo.remark);
    },

    async after(stage) {
      let bad = 0;
      const rows: string[][] = [];
      for (const kind of kinds) {
        const left = await count(stage, kind);
        const good = left === (kind.stays ? kind.rows : 0);
        rows.push([kind.name, formatCount(kind.rows), formatCount(left), mark(good)]);
        if (!good) bad++;
      }
      stage.screen.table(['rows', 'before', 'after', ''], rows);
      const toGo = kinds.reduce((sum, kind) => sum + (kind.stays ? 0 : kind.rows), 0);
      const told = pass?.code === 0 && pass.summary?.counts.deleted === toGo;
      return bad + showFindings(stage, [[told, 'the summary counts what is gone']]);
    },
  };
}
