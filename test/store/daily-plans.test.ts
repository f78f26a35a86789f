/** `stats` reads millions of tokens and counters once each, and of the daily figures no other days than it is asked for. */
import { expect, test } from 'vitest';
import { readCounted, readDailyFrame, readTokenFigures } from '../../src/store/daily.ts';
import { watchPlans } from '../support/plans.ts';
import { createDatabase } from '../support/postgres.ts';

test('each table is read once, and what was counted by its key', async () => {
  const db = await createDatabase();
  await db.query(`
    insert into tokens (token, created_by, created_at)
    select 't' || n, n, timestamptz '2026-03-30T12:00:00Z' - n * interval '1 minute' from generate_series(1, 20000) as n;
    insert into token_generator_count (user_id, date) select n % 1000, date '2026-03-30' - n / 1000 from generate_series(1, 20000) as n;
    insert into telesweep.daily (schema_name, day, metric, value)
    select schema_name, date '2026-03-30' - n, 'metric_' || m, 1
    from generate_series(0, 700) as n, generate_series(1, 60) as m, (values ('public'), ('other')) as schemas (schema_name);
    analyze`);
  const watch = await watchPlans(db.url);
  try {
    const span = { starts: ['2026-03-16', '2026-03-23'], lastDay: '2026-03-29' };
    await readDailyFrame(watch.connection, 'Europe/Berlin');
    await readCounted(watch.connection, span);
    await readTokenFigures(watch.connection, span, 'Europe/Berlin');
    const scansOf = (table: string) => watch.sent.flatMap(({ scans }) => scans.filter((scan) => scan.table === table));
    expect(watch.sent).toHaveLength(3);
    expect(scansOf('tokens')).toHaveLength(1);
    expect(scansOf('token_generator_count')).toHaveLength(1);
    const daily = scansOf('daily');
    expect(daily).toHaveLength(3);
    const [whole] = await db.query<{ pages: number }>(
      `select (pg_relation_size('telesweep.daily') / current_setting('block_size')::int)::int as pages`,
    );
    // Two weeks of one of two schemas are a hundredth of the rows.
    for (const { how, pages } of daily) {
      expect(how).not.toBe('Seq Scan');
      expect(pages).toBeLessThan((whole?.pages ?? 0) / 10);
    }
  } finally {
    await watch.close();
    await db.drop();
  }
});
