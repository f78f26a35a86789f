/** What became of rows of the ledger, as the part of a tick that writes it. */
import { sql } from 'kysely';
import { retryWaitSeconds } from './retry-wait.ts';
import type { TickWrites } from './tick.ts';

/** `defer`: for a later pass, after a wait that grows. `fail`: kept for the operator, not tried again by itself. */
export type LedgerChange = 'remove' | 'defer' | 'fail';

export interface LedgerWrite {
  broadcastId: string;
  chatId: string;
  messageId: string;
  change: LedgerChange;
  /** Failed attempts, this one included. */
  attempts: number;
  /** A refusal beside a witness. */
  refused: boolean;
  /** Telegram answered for the message: its chat had it. */
  reached: boolean;
  failure: string | null;
  detail: string | null;
}

/**
 * Each row by the index, which the offset holds the planner to: it would read a ledger of 100,000 rows from end to end, 11 ms for
 * a thousand rows instead of 4. Locked ones are passed over. The ctid beside the key, because the tables of a partitioned ledger
 * may use one for another row.
 */
export function ledgerWrites(writes: readonly LedgerWrite[]): TickWrites {
  const sameKey = (other: string) => sql`message.broadcast_id = ${sql.raw(other)}.broadcast_id
      and message.chat_id = ${sql.raw(other)}.chat_id and message.message_id = ${sql.raw(other)}.message_id`;
  const allGo = writes.every(({ change }) => change === 'remove');
  const done = allGo
    ? sql`select n from removed`
    : sql`select n from removed union all select n from changed where written_at is not null`;
  const reaches = writes.some(({ reached }) => reached);
  return {
    ...(reaches && { figures: reachedChats }),
    expressions: sql`
    asked as materialized (
      select (n - 1)::int as n, broadcast_id, chat_id, message_id, change, reached from unnest(
        ${writes.map(({ broadcastId }) => broadcastId)}::bigint[], ${writes.map(({ chatId }) => chatId)}::bigint[],
        ${writes.map(({ messageId }) => messageId)}::bigint[], ${writes.map(({ change }) => change)}::text[],
        ${writes.map(({ reached }) => reached)}::boolean[]
      ) with ordinality as asked (broadcast_id, chat_id, message_id, change, reached, n)
    ), found as materialized (
      select asked.*, message.place from asked cross join lateral (
        select ctid as place from $bots.broadcast_messages as message where ${sameKey('asked')} offset 0 for update skip locked) as message
    ), removed as (
      delete from $bots.broadcast_messages as message using found
      where found.change = 'remove' and ${sameKey('found')} and message.ctid = found.place
      returning found.n, found.broadcast_id, found.chat_id, found.reached
    )${allGo ? sql`` : changedRows(writes, sameKey('found'))}`,
    done,
    gone: sql`select n from asked where not exists (select from found where found.n = asked.n)
      and not exists (select from $bots.broadcast_messages as message where ${sameKey('asked')} offset 0)`,
    kept: sql`select found.n from found where found.n not in (${done})
      and exists (select from $bots.broadcast_messages as message where ${sameKey('found')} and message.ctid = found.place offset 0)`,
  };
}

/** Chats whose last row of a broadcast goes: what is removed here still stands for this statement. Each counts once that way. */
const reachedChats = sql`
      select 'broadcast_chats_reached' as metric, count(*) as value from (
        select broadcast_id, chat_id, count(*) as rows from removed group by 1, 2 having bool_or(reached)) as ended
      cross join lateral (
        select count(*) as rows from (
          select from $bots.broadcast_messages as message
          where message.broadcast_id = ended.broadcast_id and message.chat_id = ended.chat_id offset 0) as message) as standing
      where standing.rows = ended.rows`;

function changedRows(writes: readonly LedgerWrite[], sameKey: ReturnType<typeof sql>) {
  return sql`, told as materialized (
      select (n - 1)::int as n, attempts, refused, failure, detail, wait from unnest(
        ${writes.map(({ attempts }) => attempts)}::int[], ${writes.map(({ refused }) => refused)}::boolean[],
        ${writes.map(({ failure }) => failure)}::text[], ${writes.map(({ detail }) => detail)}::text[],
        ${writes.map(({ attempts }) => retryWaitSeconds(attempts))}::float8[]
      ) with ordinality as told (attempts, refused, failure, detail, wait, n)
    ), changed as (
      update $bots.broadcast_messages as message
      set attempts = told.attempts,
          refusals = message.refusals + told.refused::int,
          refused_since = case when told.refused then coalesce(message.refused_since, now()) else message.refused_since end,
          next_attempt_at = case found.change when 'defer' then least(now() + make_interval(secs => told.wait),
            greatest(least(message.sent_at, '9999-01-01') + interval '47 hours 50 minutes', now() + interval '30 seconds')) end,
          failed_at = case found.change when 'fail' then now() end,
          failure = case found.change when 'fail' then told.failure end,
          failure_detail = told.detail
      from found join told on told.n = found.n
      where found.change <> 'remove' and ${sameKey} and message.ctid = found.place
      returning found.n, case found.change when 'defer' then message.next_attempt_at else message.failed_at end as written_at
    )`;
}
