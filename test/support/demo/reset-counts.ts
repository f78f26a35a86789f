import { type RowKind, rowsSection } from './rows-section.ts';
import type { Section } from './section.ts';

interface CounterKind extends RowKind {
  daysAgo: number;
}

const kinds: readonly CounterKind[] = [
  { name: 'counters of today', daysAgo: 0, rows: 240, stays: true },
  { name: 'counters of yesterday', daysAgo: 1, rows: 310, stays: false },
  { name: 'counters of a month ago', daysAgo: 30, rows: 120, stays: false },
];

const day = '(now() at time zone $1::text)::date - $2::int';

/** Counters of past days go; what is today is decided by TIMEZONE. */
export function resetCountsSection(): Section {
  return rowsSection({
    job: 'reset-counts',
    remark: 'at midnight',
    heading: ({ timeZone }) => `token_generator_count: past days go, by TIMEZONE=${timeZone}`,
    kinds,
    insert: (stage, { daysAgo, rows }) =>
      stage.query(
        `insert into token_generator_count (user_id, date, token_generated)
         select 7000000000 + n, ${day}, 1 + n % 5 from generate_series(1, $3::int) as n`,
        [stage.timeZone, daysAgo, rows],
      ),
    where: ({ timeZone }, { daysAgo }) => ['token_generator_count', `date = ${day}`, [timeZone, daysAgo]],
  });
}
