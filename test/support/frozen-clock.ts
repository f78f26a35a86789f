import type { TestDatabase } from './postgres.ts';

/**
 * Stops `now()` in this database at a time such as `2026-01-31T23:59:59Z`, however long the test takes; `setClock` lets it
 * run again. Sessions opened before the first call keep the true clock.
 */
export async function freezeClock(db: TestDatabase, time: string): Promise<void> {
  await db.setClock(time);
  await db.query(`
    create or replace function test_clock.now() returns timestamptz language sql stable
      as $$ select timestamptz '${new Date(time).toISOString()}' $$`);
}
