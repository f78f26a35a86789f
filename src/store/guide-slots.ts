/**
 * Slots as text for statements, so that the database's clock and its knowledge of time zones decide alone. Free of
 * Kysely, because the statement that opens a pass asks for the slot too.
 *
 * A slot begins whenever the zone's clock shows a multiple of the interval, counted from 00:00 of each day, and lasts until
 * the next one begins: so each time at which cron, systemd or Kubernetes start a pass for a multiple has a slot of its own.
 * Where the clock goes forward, a slot whose beginning is left out begins at the change; one that is left out as a whole does
 * not come that day. Where it goes back, a multiple that is shown twice begins two slots, each with its guide; a slot that
 * merely contains what is shown twice is so much longer.
 */

export interface SlotRule {
  /** An SQL expression: `$1::text`. */
  zone: string;
  intervalMs: number;
}

const dayMs = 86_400_000;

/** What the zone's clock is ahead of UTC. */
export const offsetAt = (moment: string, zone: string): string =>
  `((${moment} at time zone ${zone}) - (${moment} at time zone 'UTC'))`;

/** The last multiple up to a local time. */
const multipleUpTo = (
  local: string,
  intervalMs: number,
): string => `(date_trunc('day', ${local}) + interval '1 second' *
  (${intervalMs / 1000} * floor(extract(epoch from ${local} - date_trunc('day', ${local})) / ${intervalMs / 1000}))::float8)`;

/** When that multiple was, if the clock did not change since. */
const unchangedSince = (moment: string, { zone, intervalMs }: SlotRule): string => {
  const local = `(${moment} at time zone ${zone})`;
  return `(${moment} - (${local} - ${multipleUpTo(local, intervalMs)}))`;
};

/** When the slot of an instant began: an SQL expression. @param now an SQL expression */
export function slotStart(now: string, rule: SlotRule): string {
  const { zone, intervalMs } = rule;
  // All changes of a clock since 1972 were at a whole minute of UTC.
  const lastBeforeChange = `
    select min(minute) - interval '1 microsecond' as moment
    from generate_series(date_trunc('minute', plain, 'UTC'), given.moment, interval '1 minute') as minute
    where ${offsetAt('minute', zone)} = ${offsetAt('given.moment', zone)}`;
  return `(
    select case when ${offsetAt('plain', zone)} = ${offsetAt('given.moment', zone)} then plain
           else (select case when ${multipleUpTo(`(given.moment at time zone ${zone})`, intervalMs)} > before.moment at time zone ${zone}
                             then before.moment + interval '1 microsecond' else ${unchangedSince('before.moment', rule)} end
                 from (${lastBeforeChange}) as before) end
    from (select ${now} as moment) as given cross join lateral (select ${unchangedSince('given.moment', rule)} as plain) as last)`;
}

/** A select of `start`: the slot of an instant and those after it, `count` in all. */
export function slotsFrom(now: string, rule: SlotRule, count: number): string {
  const { zone, intervalMs } = rule;
  const last = Math.ceil(dayMs / intervalMs) - 1;
  const days = Math.ceil(count / (last + 1)) + 2;
  // A multiple that is shown twice is its second time to PostgreSQL; by the clock of a day before it is the first. A slot that
  // begins at a change ends with a multiple, so that the moment before one finds it.
  return `
    select distinct start from (
      select ${slotStart('near.moment', rule)} as start
      from (select day + interval '1 second' * (${intervalMs / 1000} * n)::float8 as local
            from generate_series(date_trunc('day', ${now} at time zone ${zone}) - interval '1 day',
                                 date_trunc('day', ${now} at time zone ${zone}) + ${days} * interval '1 day', interval '1 day') as day
            cross join generate_series(0, ${last}) as n) as multiple
      cross join lateral (select local at time zone ${zone} as shown) as second
      cross join lateral (values (shown), (local at time zone 'UTC' - ${offsetAt("(shown - interval '24 hours')", zone)})) as time (shown)
      cross join lateral (values (time.shown), (time.shown - interval '1 microsecond')) as near (moment)) as slot
    where start >= ${slotStart(now, rule)}
    order by start limit ${count}`;
}
