import type { TestDatabase } from './postgres.ts';

/** All that stands outside the system's schemas, one line a thing: schemas, columns, constraints, indexes, comments. */
export async function shapeOf(db: TestDatabase): Promise<string[]> {
  const rows = await db.query<{ line: string }>(`
    with place as (select oid, nspname from pg_namespace where nspname !~ '^pg_|^information_schema$')
    select 'schema ' || nspname as line from place
    union all
    select concat_ws(' ', 'column', attrelid::regclass, attname, format_type(atttypid, atttypmod),
      case when attnotnull then 'not null' end, pg_get_expr(adbin, adrelid), nullif(attidentity, ''),
      col_description(attrelid, attnum))
    from pg_attribute join pg_class on pg_class.oid = attrelid join place on place.oid = relnamespace
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where relkind in ('r', 'p') and attnum > 0 and not attisdropped
    union all
    select concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(pg_constraint.oid))
    from pg_constraint join place on place.oid = connamespace
    union all
    select pg_get_indexdef(indexrelid) from pg_index join pg_class on pg_class.oid = indexrelid
    join place on place.oid = relnamespace
    order by 1`);
  return rows.map(({ line }) => line);
}
