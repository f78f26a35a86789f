/** What the jobs have done in all, in `telesweep.totals`: read for metrics, added to by the statement that closes a pass. */
import type { Connection } from './connect.ts';

/**
 * `items` by the keys of the counts; `calls`, `rate_limited` of the Bot API; `failed` items by their reason; `passes` by outcome
 * and exit code, such as `ok 0`; `late` messages by the bucket that they fell into, in seconds, or `inf`; `late_ms` their sum.
 */
export type TotalName = 'items' | 'calls' | 'rate_limited' | 'failed' | 'passes' | 'late' | 'late_ms';

export interface Addition {
  name: TotalName;
  /** Empty for a figure that has none. */
  label: string;
  value: number;
}

/** The schemas whose bots' jobs have run in this database, those that do not stand any more left out. */
export async function readSchemas(connection: Connection): Promise<string[]> {
  const rows = await connection.query<{ schema: string }>(
    `select distinct schema_name as schema from telesweep.totals
     where exists (select from pg_namespace where nspname = schema_name) order by 1`,
  );
  return rows.map(({ schema }) => schema);
}

/**
 * A statement that adds to totals. The order keeps two that close at once from waiting for each other.
 * @param job, botId, and names, labels and values as arrays: SQL expressions such as `$1`
 */
export function addTotals(at: { job: string; botId: string; names: string; labels: string; values: string }): string {
  return `
       insert into telesweep.totals as total (schema_name, bot_id, job, name, label, value, changed_at)
       select $schema, coalesce(${at.botId}::bigint, 0), ${at.job}::text, name, label, value, clock_timestamp()
       from unnest(${at.names}::text[], ${at.labels}::text[], ${at.values}::bigint[]) as added (name, label, value)
       order by name, label
       on conflict (schema_name, bot_id, job, name, label) do update
         set value = total.value + excluded.value, changed_at = excluded.changed_at`;
}
