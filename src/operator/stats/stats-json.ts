import type { Period } from './periods.ts';
import type { Stats } from './read-stats.ts';

/** What `stats --json` prints. Shares are parts of 1; null is what cannot be told. */
export interface StatsJson {
  bot: string;
  schema: string;
  time_zone: string;
  by: string;
  /** The database's clock. */
  now: string;
  counted_since: string | null;
  periods: (Period & {
    figures: Readonly<Record<string, number | null>>;
    before: Readonly<Record<string, number | null>>;
    incomplete: readonly { why: string; text: string; figures: readonly string[] }[];
  })[];
}

export function statsJson({ bot, schema, timeZone, by, now, countedSince, periods }: Stats): StatsJson {
  return {
    bot,
    schema,
    time_zone: timeZone,
    by,
    now: now.toISOString(),
    counted_since: countedSince,
    periods: periods.map(({ start, end, over, figures, before, incomplete }) => ({
      start,
      end,
      over,
      figures,
      before,
      incomplete,
    })),
  };
}
