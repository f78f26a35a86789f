/** Ledger rows that no pass will touch, because somebody else removed their broadcast: for `doctor` and `status`. */

import type { Mistakes } from './bots-mistakes.ts';
import type { Connection } from './connect.ts';
import { deletable } from './deletable.ts';

/** From one broadcast to the next by the index of what is due, without reading a ledger of millions. */
export async function readOrphans(connection: Connection): Promise<Mistakes> {
  const [row] = await connection.query<{ rows: number; ids: string[] | null }>(
    `with recursive ledger (id) as (
       select min(broadcast_id)::bigint from $bots.broadcast_messages where failed_at is null
       union all
       select (select min(broadcast_id)::bigint from $bots.broadcast_messages where failed_at is null and broadcast_id > ledger.id)
       from ledger where ledger.id is not null
     ), orphan as (
       select ledger.id from ledger where ledger.id is not null
         and not exists (select from $bots.broadcasts where id = ledger.id)
         and not exists (select from telesweep.finished_broadcasts as finished
           where finished.schema_name = $schema and finished.broadcast_id = ledger.id and finished.finished_at > now() - ${deletable})
     )
     select (select count(*)::int from orphan join $bots.broadcast_messages as message
               on message.broadcast_id = orphan.id and message.failed_at is null) as rows,
            (select (array_agg(id::text order by id))[1:5] from orphan) as ids`,
  );
  return { rows: row?.rows ?? 0, ids: row?.ids ?? [] };
}
