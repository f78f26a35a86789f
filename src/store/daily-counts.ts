/**
 * Figures of `telesweep.daily` are added to in the statement that does the work, so that a kill neither loses nor doubles any.
 * Free of Kysely, because the statement that closes a pass adds to them as well.
 */
import type { DailyMetricName } from './daily-metrics.ts';

/** What one change of a row adds to figures, where it is carried out. */
export type Figures = { readonly [Name in DailyMetricName]?: number };

export function plus(figures: Figures, more: Figures): Figures {
  const sums = new Map<string, number>();
  for (const [name, value = 0] of [...Object.entries(figures), ...Object.entries(more)]) {
    sums.set(name, (sums.get(name) ?? 0) + value);
  }
  return Object.fromEntries(sums);
}

/**
 * A statement that adds to figures. Whoever adds to several locks them in one order, so that none waits for another in a circle.
 * @param figures a select of `day`, `metric` and `value`, each day and metric once
 */
export function addToDaily(figures: string): string {
  return `
      insert into telesweep.daily as daily (schema_name, day, metric, value)
      select $schema, day, metric, value from (${figures}) as figures where value > 0 and day is not null order by day, metric
      on conflict (schema_name, day, metric) do update set value = daily.value + excluded.value returning 1`;
}

/** Days that a bot can mean: what stands outside of them has no day. */
export const anyDay = `between '0001-01-01' and '9999-12-31'`;

/** Written last of what is looked at once a day: where it stands, the others do. */
export const firstOfDay = 'database_bytes' satisfies DailyMetricName;
