/** Failed items of every job: what was given up and is kept for the operator. */

import type { JobName } from '../process/summary.ts';
import type { Connection } from './connect.ts';
import { deletable } from './deletable.ts';
import { instantText, readInstant } from './instant.ts';

export interface FailedFilter {
  job: JobName | null;
  reason: string | null;
  /** Given up at least so many seconds ago; 0 for all. */
  olderThanSeconds: number;
}

export interface FailedItem {
  job: JobName;
  /** `record 12`, `broadcast 3`, `broadcast 3 message 77`, `guide intro`. */
  item: string;
  chat_id: string | null;
  reason: string;
  failed_at: Date;
  age_seconds: number;
  /** Telegram's or PostgreSQL's own words, where there were any. */
  detail: string | null;
}

/** Items of one job and reason. */
export interface FailedCount {
  job: JobName;
  reason: string;
  items: number;
  /** As many as a retry would only fail again: past 48 hours, or a broadcast that still has no ledger. */
  hopeless: number;
  oldest_seconds: number;
}

/** What kind of rows can fail, and how they stand in the list. */
interface FailedSource {
  job: JobName;
  from: string;
  failedAt: string;
  reason: string;
  item: string;
  chatId: string;
  detail: string;
  hopeless: string;
}

/** A broadcast that is kept only for its failed messages is told by them. */
export const isFailedBroadcast = `broadcast.failed_at is not null and not exists (
  select from $bots.broadcast_messages where broadcast_id = broadcast.id and failed_at is not null)`;

export const isHopelessRecord = `(record.messages_deleted_at is null and record.created_at <= now() - ${deletable})`;
export const isHopelessMessage = `(message.sent_at <= now() - ${deletable})`;
export const isHopelessBroadcast = `(broadcast.deletion_started_at is null and not exists (
  select from $bots.broadcast_messages where broadcast_id = broadcast.id))`;

/** `$1`: how many days back posts of guides are looked at; of all others, what is kept is told. */
const sources: readonly FailedSource[] = [
  {
    job: 'delete-due',
    from: '$bots.pending_deletions as record where record.failed_at is not null',
    failedAt: 'record.failed_at',
    reason: `coalesce(record.failure, 'unknown')`,
    item: `'record ' || record.id`,
    chatId: 'record.chat_id::text',
    detail: 'record.failure_detail',
    hopeless: isHopelessRecord,
  },
  {
    job: 'delete-broadcasts',
    from: '$bots.broadcast_messages as message where message.failed_at is not null',
    failedAt: 'message.failed_at',
    reason: `coalesce(message.failure, 'unknown')`,
    item: `'broadcast ' || message.broadcast_id || ' message ' || message.message_id`,
    chatId: 'message.chat_id::text',
    detail: 'message.failure_detail',
    hopeless: isHopelessMessage,
  },
  {
    job: 'delete-broadcasts',
    from: `$bots.broadcasts as broadcast where ${isFailedBroadcast}`,
    failedAt: 'broadcast.failed_at',
    reason: `coalesce(broadcast.failure, 'unknown')`,
    item: `'broadcast ' || broadcast.id`,
    chatId: 'null::text',
    detail: 'broadcast.failure_detail',
    hopeless: isHopelessBroadcast,
  },
  {
    job: 'post-guide',
    from: `telesweep.guide_posts as post
      where post.schema_name = $schema and post.state in ('failed', 'uncertain') and post.slot > now() - make_interval(days => $1::int)`,
    failedAt: 'post.slot',
    reason: 'post.state',
    item: `'guide ' || post.guide_id`,
    chatId: 'post.chat_id',
    detail: 'post.error',
    hopeless: 'true',
  },
];

/** `$2` and `$3` of every statement. */
const matches = (source: FailedSource): string =>
  `($2::text is null or ${source.reason} = $2) and ${source.failedAt} <= now() - make_interval(secs => $3::float8)`;

const wanted = ({ job }: FailedFilter): readonly FailedSource[] =>
  sources.filter((source) => job === null || source.job === job);

const valuesOf = (filter: FailedFilter, guideDays: number): unknown[] => [
  guideDays,
  filter.reason,
  filter.olderThanSeconds,
];

/** Failed items by job and reason, most first. */
export async function countFailed(
  connection: Connection,
  filter: FailedFilter,
  guideDays: number,
): Promise<FailedCount[]> {
  const parts = wanted(filter).map(
    (source) => `
    select '${source.job}' as job, ${source.reason} as reason, count(*) as items,
           count(*) filter (where ${source.hopeless}) as hopeless, min(${source.failedAt}) as oldest
    from ${source.from} and ${matches(source)} group by ${source.reason}`,
  );
  const rows = await connection.query<FailedCount & Record<string, unknown>>(
    `select job, reason, sum(items)::float8 as items, sum(hopeless)::float8 as hopeless,
            extract(epoch from now() - min(oldest))::float8 as oldest_seconds, $1::int as days
     from (${parts.join(' union all ')}) as failed group by job, reason order by 3 desc, 1, 2`,
    valuesOf(filter, guideDays),
  );
  return rows.map(({ job, reason, items, hopeless, oldest_seconds }) => ({
    job,
    reason,
    items,
    hopeless,
    oldest_seconds,
  }));
}

/** The items that were given up last, newest first. */
export async function listFailed(
  connection: Connection,
  filter: FailedFilter,
  guideDays: number,
  limit: number,
): Promise<FailedItem[]> {
  const parts = wanted(filter).map(
    (source) => `
    (select '${source.job}' as job, ${source.item} as item, ${source.chatId} as chat_id, ${source.reason} as reason,
            ${source.failedAt} as failed_at, ${source.detail} as detail
     from ${source.from} and ${matches(source)} order by ${source.failedAt} desc limit $4)`,
  );
  const rows = await connection.query<Omit<FailedItem, 'failed_at'> & { failed_at: string }>(
    `select job, item, chat_id, reason, ${instantText('failed_at')} as failed_at, extract(epoch from now() - failed_at)::float8 as age_seconds, detail,
            $1::int as days
     from (${parts.join(' union all ')}) as failed order by failed.failed_at desc, job, item limit $4`,
    [...valuesOf(filter, guideDays), limit],
  );
  return rows.map(({ job, item, chat_id, reason, failed_at, age_seconds, detail }) => ({
    job,
    item,
    chat_id,
    reason,
    failed_at: readInstant(failed_at),
    age_seconds,
    detail,
  }));
}
