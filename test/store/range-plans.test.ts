import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { anyPastCounter, anyUsedToken, counterBacklog, tokenBacklog } from '../../src/store/due.ts';
import type { RangeOptions } from '../../src/store/range-delete.ts';
import { openRun } from '../../src/store/runs.ts';
import { deletePastCounters } from '../../src/store/token-counters.ts';
import { deleteUsedTokens } from '../../src/store/tokens.ts';
import { freezeClock } from '../support/frozen-clock.ts';
import { type PlanWatch, type SentStatement, watchPlans } from '../support/plans.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { sum, sweep } from '../support/ranges.ts';

let db: TestDatabase;
let watch: PlanWatch;
const now = '2026-06-15T12:00:00.000000Z';

describe('the plans', () => {
  const isDelete = ({ sql }: SentStatement): boolean => sql.trimStart().startsWith('with gone as (delete');
  const scansOf = (table: string) =>
    watch.sent.flatMap(({ scans }) => scans.filter((scan) => scan.table === table || scan.index?.includes(table)));
  const waysOf = (table: string): string[] =>
    [...new Set(scansOf(table).map(({ how, index }) => `${how} ${index ?? ''}`.trimEnd()))].sort();

  /** What the index names may be gathered first. */
  const isByIndex = (way: string, index: string): boolean =>
    way === 'Bitmap Heap Scan' ||
    way === 'Tid Scan' ||
    ['Index Scan', 'Index Only Scan', 'Bitmap Index Scan'].includes(way.replace(` ${index}`, ''));

  beforeAll(async () => {
    db = await createDatabase();
    await freezeClock(db, now);
    // What has expired was rarely used, and what was used has rarely expired. The planner takes the two for independent:
    // it would look for any row that is both in the table itself.
    await db.query(`
      insert into tokens (token, unique_id, created_by, status, expires_at)
        select md5(n::text), 'file_' || n, n % 1000, case when n % 10 = 0 or n > 60000 then 'verified' else 'not_used' end,
               timestamptz '${now}' + (n - 60000) * interval '1 second'
        from generate_series(1, 100000) n;
      insert into token_generator_count (user_id, date)
        select 1000 + n % 2000, date '2026-06-15' - 49 + n / 2000 from generate_series(0, 99999) n;`);
    await db.query('vacuum analyze tokens');
    await db.query('vacuum analyze token_generator_count');
    watch = await watchPlans(db.url);
  });
  beforeEach(() => {
    watch.sent.length = 0;
  });
  afterAll(async () => {
    await watch.close();
    await db.drop();
  });

  const utc = { now, timeZone: 'UTC' };
  const tables = [
    {
      table: 'tokens',
      index: 'telesweep_tokens_expired',
      due: 5_999,
      deleteRange: (range: RangeOptions) => deleteUsedTokens(watch.db, now, range),
      questions: { due: { text: anyUsedToken, values: [] }, backlog: { text: tokenBacklog, values: [] }, botId: null },
      job: 'cleanup-tokens',
    },
    {
      table: 'token_generator_count',
      index: 'telesweep_token_generator_count_date',
      due: 98_000,
      deleteRange: (range: RangeOptions) => deletePastCounters(watch.db, utc, range),
      questions: { due: { text: anyPastCounter, values: ['UTC'] }, backlog: { text: counterBacklog, values: ['UTC'] } },
      job: 'reset-counts',
    },
  ] as const;

  test.each(tables)('the opening statement counts nothing of $table where something is due', async (which) => {
    const { table, questions, job } = which;
    const opening = await openRun(watch.connection, job, `first run of ${job}`, { ...questions, botId: null });
    expect(opening).toMatchObject({ acquired: true, due: true, backlog: null });
    await db.query('truncate telesweep.leases, telesweep.runs');
    // The way down to the first entry. To count what is due would be 20 pages more at least.
    expect(scansOf(table).length).toBeGreaterThan(0);
    expect(Math.max(...scansOf(table).map(({ pages }) => pages))).toBeLessThan(8);
  });

  test.each(tables)('an exact range of $table, and one with a locked row, read the index', async (which) => {
    const { index, deleteRange } = which;
    for (const deleted of [300, 300]) {
      expect(await deleteRange({ from: { at: 'start' }, rows: 300, exact: true })).toMatchObject({ deleted });
    }
    expect(watch.sent.filter(isDelete)).toHaveLength(2);
    for (const { scans } of watch.sent.filter(isDelete)) {
      expect(scans.map(({ how }) => how)).toContain('Tid Scan');
      expect(scans.map((scan) => scan.index)).toContain(index);
    }
  });

  test.each(
    tables,
  )('a sweep of $table reads its index, no more of it than a range holds, and sorts nothing', async (which) => {
    const { table, index, due, deleteRange } = which;
    const rows = 1_000;
    const [{ before = 0 } = {}] = await db.query<{ before: number }>(`select count(*)::int as before from ${table}`);
    const deleted = await sweep(deleteRange, rows);
    expect(sum(deleted)).toBeGreaterThan(due - 700);
    expect(before - sum(deleted)).toBe(100_000 - due);
    expect(Math.max(...deleted)).toBeLessThanOrEqual(rows);
    expect(deleted.length).toBeLessThan((due / rows) * 2 + 5);

    expect(waysOf(table).filter((way) => !isByIndex(way, index))).toEqual([]);
    expect(watch.sent.map(({ sorts }) => sorts)).toEqual(watch.sent.map(() => 0));
    // A thousand rows and their entries; to read the index on to the end of what is due would be hundreds more.
    const pages = watch.sent
      .filter(isDelete)
      .map(({ scans }) => Math.max(...scans.filter((scan) => scan.index === index).map((scan) => scan.pages)));
    expect(pages).toHaveLength(deleted.length);
    expect(Math.max(...pages)).toBeLessThan(table === 'tokens' ? 250 : 40);
  });

  // The statistics still speak of the rows that the sweep before has deleted.
  test.each(tables)('the opening statement asks the index of $table, also when nothing is due', async (which) => {
    const { table, index, questions, job } = which;
    const opening = await openRun(watch.connection, job, `run of ${job}`, { ...questions, botId: null });
    expect(opening).toMatchObject({ due: false, backlog: { due: 0, oldest_due_seconds: 0 } });
    expect(watch.sent).toHaveLength(1);
    expect(waysOf(table).length).toBeGreaterThan(0);
    expect(waysOf(table).filter((way) => !isByIndex(way, index))).toEqual([]);
  });

  test.each(tables)('what is left in $table is counted by the index', async ({ table, index, questions }) => {
    const { text, values } = questions.backlog;
    await watch.connection.query(text, values);
    expect(waysOf(table).length).toBeGreaterThan(0);
    expect(waysOf(table).filter((way) => !isByIndex(way, index))).toEqual([]);
  });
});
