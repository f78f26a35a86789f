/** How things stand, looked at once a day by the first pass that closes in it. What takes longer than two seconds is left out. */
import type { Connection } from './connect.ts';
import { firstOfDay } from './daily-counts.ts';
import type { DailyMetricName } from './daily-metrics.ts';

const mostMs = 2_000;

interface Figure extends Record<string, unknown> {
  /** `YYYY-MM-DD`; null for today. */
  day: string | null;
  metric: DailyMetricName;
  /** A `bigint` as text. */
  value: string;
}

/**
 * Writes down users, sizes and rows, whatever of them can be told.
 * @param statsDays how far back users are counted by the day on which they joined, where nobody has counted them yet
 */
export async function lookAtDay(connection: Connection, statsDays: number): Promise<void> {
  const figures = [
    ...(await countUsers(connection, statsDays)),
    ...((await briefly<Figure>(connection, tableFigures)) ?? []),
  ];
  // Last, and with the figure by which others know that it is done. Two that look at once have seen the same.
  await connection.query(
    `insert into telesweep.daily (schema_name, day, metric, value)
     select $schema, coalesce(day, $today), metric, value from (
       select * from unnest($1::date[], $2::text[], $3::bigint[]) as figure (day, metric, value)
       union all select $today, '${firstOfDay}', pg_database_size(current_database())) as figures
     order by day, metric on conflict (schema_name, day, metric) do nothing`,
    [figures.map(({ day }) => day), figures.map(({ metric }) => metric), figures.map(({ value }) => value)],
  );
}

/** The bots' tables with their parts. What PostgreSQL never looked at counts by what it saw changing. */
const tableFigures = `
  with recursive part as (
    select pg_class.oid, relname::text as name from pg_class
    where relnamespace = (select oid from pg_namespace where nspname = $schema) and relkind in ('r', 'p')
      and relname in ('users', 'tokens', 'token_generator_count', 'pending_deletions', 'broadcasts', 'broadcast_messages', 'guides')
    union select inhrelid, name from pg_inherits join part on inhparent = part.oid
  ), stood as (
    select name, sum(coalesce(nullif(n_live_tup, 0), greatest(reltuples, 0)))::bigint as rows,
           sum(pg_total_relation_size(part.oid))::bigint as bytes, coalesce(sum(n_dead_tup), 0)::bigint as dead
    from part join pg_class on pg_class.oid = part.oid left join pg_stat_all_tables as stats on stats.relid = part.oid
    where relkind = 'r' group by name
  )
  select null as day, what || ':' || name as metric, value::text from stood
  cross join lateral (values ('rows', rows), ('bytes', bytes), ('dead_rows', dead)) as figure (what, value)`;

/** `users` may be anything, or nothing: it tells what its columns can. */
async function countUsers(connection: Connection, statsDays: number): Promise<Figure[]> {
  const columns = await briefly<{ name: string; type: string }>(
    connection,
    `select attname::text as name, format_type(case when typtype = 'd' then typbasetype else pg_type.oid end, null) as type
     from pg_attribute join pg_type on pg_type.oid = atttypid
     where attrelid = to_regclass('$bots.users') and attnum > 0 and not attisdropped`,
  );
  if (columns === null || columns.length === 0) return [];
  const has = (name: string, type: string): boolean =>
    columns.some((column) => column.name === name && column.type === type);
  const banned = has('is_banned', 'boolean') ? 'count(*) filter (where is_banned)' : 'null::bigint';
  const counted = await briefly<Figure>(
    connection,
    `select null as day, metric, value::text from (select ${banned} as banned, count(*) as users from $bots.users) as counted
     cross join lateral (values ('users_total', users), ('users_banned', banned)) as figure (metric, value) where value is not null`,
  );
  const isDated = has('joined_at', 'timestamp with time zone');
  const joined = isDated ? await briefly<Figure>(connection, usersByDay, [statsDays]) : null;
  return [...(counted ?? []), ...(joined ?? [])];
}

/** A day's new users are known once it is over: the days since the last that was written down, those without any among them. */
const usersByDay = `
  with last as (
    select max(day) as day from telesweep.daily where schema_name = $schema and metric = 'users_new'
  ), counted as (
    select (joined_at at time zone $zone)::date as day, count(*) as users from $bots.users, last
    where joined_at >= (coalesce(last.day, $today - $1::int) - 1)::timestamp at time zone $zone and joined_at <= now()
    group by 1
  )
  select to_char(days.day, 'YYYY-MM-DD') as day, 'users_new' as metric, coalesce(users, 0)::text as value
  from (select coalesce((select day + 1 from last),
          least((select greatest(min(day), $today - $1::int) from counted having count(*) > 0), $today - 1)) as day) as first
  cross join lateral (select first.day + n as day from generate_series(0, $today - 1 - first.day) as n) as days
  left join counted on counted.day = days.day`;

/** @returns null where it fails or takes too long, which is no concern of the pass */
async function briefly<R extends Record<string, unknown>>(
  connection: Connection,
  text: string,
  values: readonly unknown[] = [],
): Promise<R[] | null> {
  await connection.query(
    `begin read only; set local statement_timeout = '${mostMs}'; set local lock_timeout = '${mostMs}'`,
  );
  try {
    return await connection.query<R>(text, values);
  } catch {
    return null;
  } finally {
    await connection.query('rollback');
  }
}
