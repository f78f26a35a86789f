/** What became of a slot's posts, as the part of a tick that writes it. */
import { sql } from 'kysely';
import { addToTotals, isOfOtherName, type LastGuide, type PostState, postFigures } from './guide-posts.ts';
import type { TickWrites } from './tick.ts';

/**
 * `claim`: the intent to post, with the chat's id: by then it is known which chat a lost answer leaves in doubt. `release`: it is
 * proven that nothing was sent. `finish`: what became of a claimed post. `unsent`: it failed before it was claimed.
 */
export interface GuidePostWrite {
  chatId: string;
  change: 'claim' | 'release' | 'finish' | 'unsent';
  /** The chat's id where it is another than the configured one. */
  sentTo: string | null;
  state: Exclude<PostState, 'posting'>;
  messageId: number | null;
  error: string | null;
}

/**
 * Only a failed post is claimed again; a chat that was posted to under another of its names gets no second post; and a pass that
 * lost its lease gets no claim.
 */
export function guidePostWrites(slot: string, guide: LastGuide, writes: readonly GuidePostWrite[]): TickWrites {
  const at = sql`${slot}::timestamptz`;
  return {
    expressions: sql`
    asked as materialized (
      select (n - 1)::int as n, chat_id, change, sent_to, state, message_id, error from unnest(
        ${writes.map(({ chatId }) => chatId)}::text[], ${writes.map(({ change }) => change)}::text[],
        ${writes.map(({ sentTo }) => sentTo)}::text[], ${writes.map(({ state }) => state)}::text[],
        ${writes.map(({ messageId }) => messageId)}::bigint[], ${writes.map(({ error }) => error)}::text[]
      ) with ordinality as asked (chat_id, change, sent_to, state, message_id, error, n)
    ), claimed as (
      insert into telesweep.guide_posts as post (schema_name, slot, chat_id, guide_id, position, state, sent_to)
      select $schema, ${at}, chat_id, ${guide.id}::text, ${guide.position}::bigint, 'posting', sent_to from asked
      where change = 'claim' and exists (select from lease) and not exists (
        select from telesweep.guide_posts as other where other.schema_name = $schema and other.slot = ${at} and ${isOfOtherName})
      on conflict (schema_name, slot, chat_id) do update
        set guide_id = excluded.guide_id, position = excluded.position, state = 'posting',
            message_id = null, error = null, sent_to = excluded.sent_to
        where post.state = 'failed'
      returning chat_id
    ), released as (
      update telesweep.guide_posts as post set state = 'failed', error = 'nothing was sent yet'
      from asked where change = 'release' and post.schema_name = $schema and post.slot = ${at} and post.chat_id = asked.chat_id and post.state = 'posting'
      returning post.chat_id
    ), finished as (
      update telesweep.guide_posts as post
      set state = asked.state, message_id = asked.message_id, error = asked.error, sent_to = coalesce(asked.sent_to, post.sent_to)
      from asked where change = 'finish' and post.schema_name = $schema and post.slot = ${at} and post.chat_id = asked.chat_id
      returning post.chat_id, post.state
    ), unsent as (
      insert into telesweep.guide_posts as post (schema_name, slot, chat_id, guide_id, position, state, error)
      select $schema, ${at}, chat_id, ${guide.id}::text, ${guide.position}::bigint, 'failed', error from asked where change = 'unsent'
      on conflict (schema_name, slot, chat_id) do update
        set guide_id = excluded.guide_id, position = excluded.position, error = excluded.error
        where post.state = 'failed'
      returning chat_id, state
    ), post as (
      select state from finished union all select state from unsent
    ), counted as (${addToTotals})`,
    done: sql`
      select n from asked where chat_id in (select chat_id from claimed union all select chat_id from released
        union all select chat_id from finished union all select chat_id from unsent)`,
    // One that was written down otherwise meanwhile is no concern of this pass any more.
    gone: sql`select n from asked where change in ('release', 'unsent', 'finish')`,
    kept: sql`select null::int as n where false`,
    ...(writes.some(({ change }) => change === 'finish' || change === 'unsent') && { figures: postFigures }),
  };
}
