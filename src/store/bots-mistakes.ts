/** Rows that a bot wrote and that can only fail: for `doctor`. */

import type { Connection } from './connect.ts';
import { deletable } from './deletable.ts';

export interface Mistakes {
  rows: number;
  /** The first of their ids. */
  ids: string[];
}

const select = 'select count(*)::int as rows, (array_agg(id::text order by id))[1:5] as ids';

/** Waiting rows whose time comes after the 48 hours within which Telegram deletes. */
export function readTooLate(connection: Connection, table: 'broadcasts' | 'pending_deletions'): Promise<Mistakes> {
  return read(
    connection,
    `${select} from $bots.${table}
     where failed_at is null and isfinite(delete_at) and delete_at > created_at + ${deletable}`,
  );
}

/**
 * Broadcasts that expire within a day and have no ledger. One that is some minutes old may still be being sent.
 */
export function readWithoutLedger(connection: Connection): Promise<Mistakes> {
  return read(
    connection,
    `${select} from $bots.broadcasts as broadcast
     where failed_at is null and delete_at <= now() + interval '1 day' and deletion_started_at is null
       and (created_at < now() - interval '10 minutes' or delete_at <= now())
       and not exists (select from $bots.broadcast_messages where broadcast_id = broadcast.id)`,
  );
}

async function read(connection: Connection, text: string): Promise<Mistakes> {
  const [row] = await connection.query<{ rows: number; ids: string[] | null }>(text);
  return { rows: row?.rows ?? 0, ids: row?.ids ?? [] };
}
