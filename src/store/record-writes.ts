/** What became of records of `pending_deletions`, as the part of a tick that writes it. */
import { sql } from 'kysely';
import { retryWaitSeconds } from './retry-wait.ts';
import type { TickWrites } from './tick.ts';

/**
 * `claim`: the intent to send the notice. `release`: it is proven that it was not sent. `mark`: the messages are deleted.
 * `defer`: for a later pass, after a wait that grows. `fail`: kept for the operator, not tried again by itself.
 */
export type RecordChange = 'claim' | 'release' | 'mark' | 'remove' | 'defer' | 'fail';

export interface RecordWrite {
  id: string;
  change: RecordChange;
  /** This pass holds the record's claim. The claim of another pass is left alone, and its record with it. */
  claimed: boolean;
  /** Telegram has answered for all its messages. */
  deleted: boolean;
  /** Its notice was sent: its claim stays, so that nobody sends it again. */
  sent: boolean;
  /** Failed attempts, this one included. */
  attempts: number;
  /** A refusal beside a witness. */
  refused: boolean;
  failure: string | null;
  detail: string | null;
}

/** The row that was found, unless another pass has claimed it; a claim also wants that it is not given up and the lease is held. */
const isOurs = sql`record.id = found.id and record.ctid = found.place
        and (record.notice_started_at is null or found.claimed and found.change <> 'claim')
        and (found.change <> 'claim' or record.failed_at is null and exists (select from lease))`;

/** A trigger that returns the old row lets a claim pass and does not keep it: what counts is what the row holds now. */
const done = sql`select n from removed union all select n from changed where written_at is not null`;

/**
 * Rows are found one by one by their key, locked, and passed over where somebody else holds them; the ctid keeps the key of
 * another part of a partitioned table out. A claim marks the messages as deleted as well.
 */
export function recordWrites(writes: readonly RecordWrite[]): TickWrites {
  const waits = writes.map(({ attempts }) => retryWaitSeconds(attempts));
  return {
    expressions: sql`
    asked as materialized (
      select (n - 1)::int as n, id, change, claimed, deleted, sent, attempts, refused, failure, detail, wait from unnest(
        ${writes.map(({ id }) => id)}::bigint[], ${writes.map(({ change }) => change)}::text[],
        ${writes.map(({ claimed }) => claimed)}::boolean[], ${writes.map(({ deleted }) => deleted)}::boolean[],
        ${writes.map(({ sent }) => sent)}::boolean[], ${writes.map(({ attempts }) => attempts)}::int[],
        ${writes.map(({ refused }) => refused)}::boolean[], ${writes.map(({ failure }) => failure)}::text[],
        ${writes.map(({ detail }) => detail)}::text[], ${waits}::float8[]
      ) with ordinality as asked (id, change, claimed, deleted, sent, attempts, refused, failure, detail, wait, n)
    ), found as materialized (
      select asked.*, record.place from asked cross join lateral (
        select ctid as place from $bots.pending_deletions as record where record.id = asked.id offset 0 for update skip locked) as record
    ), removed as (
      delete from $bots.pending_deletions as record using found
      where found.change = 'remove' and ${isOurs} returning found.n
    ), changed as (
      update $bots.pending_deletions as record
      set messages_deleted_at = case when found.deleted then coalesce(record.messages_deleted_at, now()) else record.messages_deleted_at end,
          notice_started_at = case when found.change = 'claim' then now() when found.claimed and not found.sent then null
            else record.notice_started_at end,
          notice_sent_at = case when found.sent then now() else record.notice_sent_at end,
          attempts = case when found.change in ('defer', 'fail') then found.attempts else record.attempts end,
          refusals = record.refusals + found.refused::int,
          refused_since = case when found.refused then coalesce(record.refused_since, now()) else record.refused_since end,
          next_attempt_at = case found.change when 'fail' then null
            when 'defer' then least(now() + make_interval(secs => found.wait),
              greatest(least(record.created_at, '9999-01-01') + interval '47 hours 50 minutes', now() + interval '30 seconds'))
            else record.next_attempt_at end,
          failed_at = case when found.change = 'fail' then now() else record.failed_at end,
          failure = case when found.change = 'fail' then found.failure else record.failure end,
          failure_detail = case when found.change in ('fail', 'defer') then found.detail else record.failure_detail end
      from found
      where found.change <> 'remove' and ${isOurs}
      returning found.n, case found.change when 'claim' then record.notice_started_at when 'mark' then record.messages_deleted_at
        when 'defer' then record.next_attempt_at when 'fail' then record.failed_at else now() end as written_at
    )`,
    done,
    gone: sql`select n from asked where not exists (select from found where found.n = asked.n)
      and not exists (select from $bots.pending_deletions as record where record.id = asked.id offset 0)`,
    kept: sql`select found.n from found
      where found.n not in (${done})
        and exists (select from $bots.pending_deletions as record where ${isOurs} offset 0)`,
  };
}
