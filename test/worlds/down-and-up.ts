/** `migrate` again, down and up in a world whose rows stand: nothing to do, then nothing lost. In this process, which costs no start. */
import { expect } from 'vitest';
import { migrateUrl } from '../support/migrate-url.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { shapeOf } from '../support/table-shape.ts';

const tables = ['pending_deletions', 'broadcasts', 'broadcast_messages', 'tokens', 'token_generator_count', 'guides'];

/** @param url the world's address, for `migrate`; `db` looks at what it does */
export async function goDownAndUp(
  db: TestDatabase,
  url: string,
  setPath: string,
  schema: string | null = null,
): Promise<void> {
  expect(await migrateUrl(url, { schema })).toEqual([]);
  const [rows, shape] = [await botsRows(db, setPath), await shapeWithoutNames(db)];

  expect(await migrateUrl(url, { schema, down: true })).not.toEqual([]);
  expect((await shapeOf(db)).filter((line) => /telesweep/.test(line))).toEqual([]);
  expect(await botsRows(db, setPath)).toEqual(rows);

  expect(await migrateUrl(url, { schema })).not.toEqual([]);
  expect(await botsRows(db, setPath)).toEqual(rows);
  expect(await shapeWithoutNames(db)).toEqual(shape);
  expect(await migrateUrl(url, { schema })).toEqual([]);
}

/** An index on parts with rows is built part by part, under other names. */
async function shapeWithoutNames(db: TestDatabase): Promise<string[]> {
  return (await shapeOf(db)).map((line) => line.replace(/ INDEX \S+ ON /, ' INDEX ON ')).sort();
}

/** Every row of the bots' tables, without what telesweep has added. */
function botsRows(db: TestDatabase, setPath: string): Promise<unknown[]> {
  const each = tables.map(
    (table) => `select '${table}' as place, to_jsonb(${table}) - array(select attname::text from pg_attribute
      where attrelid = '${table}'::regclass and col_description(attrelid, attnum) like 'telesweep: %') as row from ${table}`,
  );
  return db.query(`${setPath} set local timezone = 'UTC'; ${each.join(' union all ')} order by place, row`);
}
