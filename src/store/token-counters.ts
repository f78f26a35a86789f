import { type Kysely, sql } from 'kysely';
import { anyDay } from './daily-counts.ts';
import { instantText } from './instant.ts';
import { lookAgain } from './look-again.ts';
import { deleteRange, type RangeDeleted, type RangeOptions } from './range-delete.ts';
import type { Database } from './schema.ts';
import type { Deleted, SweptFigures, SweptTable } from './swept-table.ts';

/** A moment of the database's clock, and the zone that says which day it falls on. */
export interface Today {
  now: string;
  timeZone: string;
}

const due = ({ now, timeZone }: Today) => sql`date < (${now}::timestamptz at time zone ${timeZone}::text)::date`;

/** No bot counts further; a sum of what a column may hold would be no number. */
const mostGenerated = 1_000_000_000;

const figures: SweptFigures = {
  of: sql`date, token_generated`,
  kinds: sql`
    select date, count(*) as n, coalesce(sum(token_generated) filter (where token_generated between 0 and ${sql.lit(mostGenerated)}), 0) as generated
    from gone group by 1`,
  days: `
    select date as day, metric, value
    from kinds cross join lateral (values ('token_users', n), ('tokens_generated', generated)) as figure (metric, value)
    where date ${anyDay}`,
};

const sweptCounters = (today: Today): SweptTable => ({
  table: '$bots.token_generator_count',
  column: 'date',
  due: due(today),
  name: sql`'the counter of user ' || user_id || ' on ' || to_char(date, 'YYYY-MM-DD')`,
  figures,
});

/** Deletes the next counters of days before today, oldest first. */
export function deletePastCounters(db: Kysely<Database>, today: Today, options: RangeOptions): Promise<RangeDeleted> {
  return deleteRange(db, sweptCounters(today), options);
}

/** Those that were asked to go and are still there. */
export function lookForKeptCounters(db: Kysely<Database>, today: Today): Promise<Deleted> {
  return lookAgain(db, sweptCounters(today));
}

export async function countPastCounters(db: Kysely<Database>, today: Today): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from $bots.token_generator_count where ${due(today)}`.execute(db);
  return rows[0]?.n ?? 0;
}

export interface CounterSample {
  date: string;
  users: number;
  tokens: string;
}

/** The days that would go, oldest first. */
export async function samplePastCounters(db: Kysely<Database>, today: Today, days: number): Promise<CounterSample[]> {
  const result = await sql<CounterSample>`
    select ${sql.raw(instantText('date'))} as date, count(*)::int as users, sum(token_generated)::text as tokens
    from $bots.token_generator_count where ${due(today)}
    group by token_generator_count.date order by token_generator_count.date limit ${days}`.execute(db);
  return result.rows;
}
