import { type Kysely, sql } from 'kysely';
import { isSweptToken } from './due.ts';
import { deleteRange, type RangeDeleted, type RangeOptions, type SweptTable } from './range-delete.ts';
import type { Database } from './schema.ts';

const due = (now: string) => sql`${sql.raw(isSweptToken)} and expires_at < ${now}::timestamptz`;

const sweptTokens = (now: string): SweptTable => ({ table: 'tokens', column: 'expires_at', due: due(now) });

/** Deletes the next tokens that were used and have expired, in the order of their expiry. */
export function deleteUsedTokens(db: Kysely<Database>, now: string, options: RangeOptions): Promise<RangeDeleted> {
  return deleteRange(db, sweptTokens(now), options);
}

export async function countUsedTokens(db: Kysely<Database>, now: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from tokens where ${due(now)}`.execute(db);
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
    select unique_id::text, created_by::text, status, expires_at::text from tokens
    where ${due(now)} order by tokens.expires_at limit ${rows}`.execute(db);
  return result.rows;
}
