/** Rows as bots write them, many at once. */
import type { Database } from './database.ts';

interface DueRecords {
  count: number;
  /** The chat of the first record; each further record has the next one, where they are not all of one. */
  chatId: number;
  ofOneChat?: boolean;
  /** Of each record. */
  messages?: number;
  /** Their messages are deleted and their notices owed. */
  owed?: boolean;
}

/** Records of three messages if not told otherwise, sent an hour ago and due since a minute. Work goes in the order in which they are added. */
export async function addDueRecords(
  db: Database,
  { count, chatId, ofOneChat = false, messages = 3, owed = false }: DueRecords,
): Promise<void> {
  await db.query(
    `insert into pending_deletions
       (user_id, chat_id, message_ids, unique_id, created_at, delete_at, messages_deleted_at)
     select i, $2::bigint + case when $3 then 0 else i end, array(select $5 * i + j from generate_series(1, $5::int) as j), 'file_' || i,
            now() - interval '1 hour', now() - interval '1 minute', case when $4 then now() - interval '30 seconds' end
     from generate_series(0, $1::int - 1) as i`,
    [count, chatId, ofOneChat, owed, messages],
  );
  await db.query('vacuum (analyze) pending_deletions');
}
