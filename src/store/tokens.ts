import { type Kysely, sql } from 'kysely';
import { anyDay } from './daily-counts.ts';
import { isSweptToken } from './due.ts';
import { instantText } from './instant.ts';
import { lookAgain } from './look-again.ts';
import { deletePages, pagesOutOfOrder } from './page-delete.ts';
import { deleteRange, type RangeDeleted, type RangeOptions } from './range-delete.ts';
import type { Database } from './schema.ts';
import type { Deleted, SweptFigures, SweptTable } from './swept-table.ts';

const due = (now: string) => sql`${sql.raw(isSweptToken)} and expires_at < ${now}::timestamptz`;

/**
 * Quarters of an hour are few, and no day begins within one: asking the zone of each row took twice as long. Counting costs 0.5 µs a
 * row all the same, of which three fifths are PostgreSQL's for handing a deleted row on.
 */
const figures: SweptFigures = {
  of: sql`status, created_at`,
  kinds: sql`
    select case when created_at ${sql.raw(anyDay)} then date_bin('15 minutes', created_at, '2000-01-01 00:00Z') end as made,
           count(*) as n, count(*) filter (where status = 'bypassed') as bypassed
    from gone group by 1`,
  days: `
    select (made at time zone $zone)::date as day, metric, sum(value) as value
    from kinds cross join lateral (values ('tokens_verified', n - bypassed), ('tokens_bypassed', bypassed)) as figure (metric, value)
    group by 1, 2`,
};

/** By its `unique_id`: who holds a token may use it. */
const sweptTokens = (now: string): SweptTable => ({
  table: '$bots.tokens',
  column: 'expires_at',
  due: due(now),
  name: sql`'the token of ' || unique_id`,
  figures,
});

/** Deletes the next tokens that were used and have expired, in the order of their expiry. */
export function deleteUsedTokens(db: Kysely<Database>, now: string, options: RangeOptions): Promise<RangeDeleted> {
  return deleteRange(db, sweptTokens(now), options);
}

/** The pages of the table where expiry lies in no order on disk; else null. */
export function tokenPagesOutOfOrder(db: Kysely<Database>): Promise<number | null> {
  return pagesOutOfOrder(db, { table: '$bots.tokens', column: 'expires_at' });
}

/** Deletes the tokens that were used and have expired in some pages of the table. */
export function deleteUsedTokensIn(db: Kysely<Database>, now: string, from: number, to: number): Promise<Deleted> {
  return deletePages(db, sweptTokens(now), from, to);
}

/** Those that were asked to go and are still there. */
export function lookForKeptTokens(db: Kysely<Database>, now: string): Promise<Deleted> {
  return lookAgain(db, sweptTokens(now));
}

export async function countUsedTokens(db: Kysely<Database>, now: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from $bots.tokens where ${due(now)}`.execute(db);
  return rows[0]?.n ?? 0;
}

export interface TokenSample {
  unique_id: string | null;
  created_by: string | null;
  status: string;
  expires_at: string;
}

/** The first that would go. The token itself stays out of it: who holds it may use it. */
export async function sampleUsedTokens(db: Kysely<Database>, now: string, rows: number): Promise<TokenSample[]> {
  const result = await sql<TokenSample>`
    select unique_id::text, created_by::text, status, ${sql.raw(instantText('expires_at'))} as expires_at from $bots.tokens
    where ${due(now)} order by tokens.expires_at limit ${rows}`.execute(db);
  return result.rows;
}
