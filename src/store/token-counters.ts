import { type Kysely, sql } from 'kysely';
import { deleteRange, type RangeDeleted, type SweptTable } from './range-delete.ts';
import type { Database } from './schema.ts';

/** `now` is the database's clock, which a day's end goes by as the zone has it. */
const due = (now: string, timeZone: string) => sql`date < (${now}::timestamptz at time zone ${timeZone}::text)::date`;

const sweptCounters = (now: string, timeZone: string): SweptTable => ({
  table: sql`token_generator_count`,
  key: sql`(date, user_id)`,
  keyText: sql<string>`date || ' ' || user_id`,
  keyFrom: (text) => {
    const [date = '', userId = ''] = text.split(' ');
    return sql`(${date}::date, ${userId}::bigint)`;
  },
  due: due(now, timeZone),
});

/** Deletes the next `rows` counters of days before today, oldest first. */
export function deletePastCounters(
  db: Kysely<Database>,
  now: string,
  timeZone: string,
  from: string | null,
  rows: number,
): Promise<RangeDeleted> {
  return deleteRange(db, sweptCounters(now, timeZone), from, rows);
}

export async function countPastCounters(db: Kysely<Database>, now: string, timeZone: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from token_generator_count where ${due(now, timeZone)}`.execute(db);
  return rows[0]?.n ?? 0;
}

export interface CounterSample {
  date: string;
  users: number;
  tokens: string;
}

/** The days that would go, oldest first. */
export async function samplePastCounters(
  db: Kysely<Database>,
  now: string,
  timeZone: string,
  days: number,
): Promise<CounterSample[]> {
  const result = await sql<CounterSample>`
    select date::text, count(*)::int as users, sum(token_generated)::text as tokens from token_generator_count
    where ${due(now, timeZone)} group by date order by date limit ${days}`.execute(db);
  return result.rows;
}
