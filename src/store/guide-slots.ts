/**
 * Slots as text for statements, so that the database's clock and its knowledge of time zones decide alone. Free of
 * Kysely, because the statement that opens a pass asks for the slot too.
 *
 * Slots are counted in elapsed time from local midnight. Every day has the same number of them: the last one ends at the
 * next midnight, whatever its length, so a change of the clock makes it longer or shorter and no other.
 */

export interface SlotRule {
  /** An SQL expression: `$1::text`. */
  zone: string;
  intervalMs: number;
}

const dayMs = 86_400_000;

/** The number of the last slot of a day, the first being 0. */
const lastOfDay = (intervalMs: number): number => Math.ceil(dayMs / intervalMs) - 1;

/** The midnights of local days from yesterday on, counted from the day of `now`. Where a midnight comes twice, the first. */
const midnights = (now: string, zone: string, days: number): string => `
  select case when (midnight - interval '1 hour') at time zone ${zone} >= local_midnight
              then midnight - interval '1 hour' else midnight end as midnight
  from (select local_midnight, local_midnight at time zone ${zone} as midnight
        from (select date_trunc('day', ${now} at time zone ${zone}) + n * interval '1 day' as local_midnight
              from generate_series(-1, ${days}) as n) as local) as plain`;

/** When the slot of an instant began: an SQL expression. @param now an SQL expression */
export function slotStart(now: string, { zone, intervalMs }: SlotRule): string {
  const seconds = intervalMs / 1000;
  return `(select midnight + make_interval(secs => (${seconds} *
      least(floor(extract(epoch from ${now} - midnight) / ${seconds}), ${lastOfDay(intervalMs)}))::float8)
    from (select max(midnight) as midnight from (${midnights(now, zone, 1)}) as near where midnight <= ${now}) as today)`;
}

/** A select of `start`: the slot of an instant and those after it, `count` in all. */
export function slotsFrom(now: string, { zone, intervalMs }: SlotRule, count: number): string {
  const last = lastOfDay(intervalMs);
  const days = Math.ceil(count / (last + 1)) + 2;
  return `
    select start from (
      select midnight + make_interval(secs => (${intervalMs / 1000} * n)::float8) as start, next_midnight
      from (select midnight, lead(midnight) over (order by midnight) as next_midnight
            from (${midnights(now, zone, days)}) as day) as day
      cross join generate_series(0, ${last}) as n) as slot
    where start < next_midnight and start >= ${slotStart(now, { zone, intervalMs })}
    order by start limit ${count}`;
}
