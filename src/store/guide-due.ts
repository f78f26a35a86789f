/** What is due for `post-guide`, as text for statements. Free of Kysely, because the statement that opens a pass asks it. */
import type { SqlFragment } from '../job.ts';
import { slotStart } from './guide-slots.ts';

export interface SlotSettings {
  guideChatIds: readonly string[];
  guideIntervalMs: number;
  timeZone: string;
}

/** A post after which the channel gets no other in its slot. A lost answer is not repeated. */
export const isSettledPost = `state in ('posted', 'uncertain')`;

/** Channels that have no settled post in the slot of `now()`. */
const channelsWithout = (intervalMs: number): string => `
  from (select ${slotStart('now()', { zone: '$1::text', intervalMs })} as start) as slot
  cross join unnest($2::text[]) as channel (id)
  where not exists (
    select from telesweep.guide_posts as post
    where post.slot = slot.start and ${isSettledPost}
      and (lower(post.chat_id) = lower(channel.id) or post.sent_to = channel.id))`;

const values = ({ timeZone, guideChatIds }: SlotSettings): readonly unknown[] => [timeZone, [...guideChatIds]];

export function anyChannelWithoutGuide(settings: SlotSettings): SqlFragment {
  return { text: `exists (select ${channelsWithout(settings.guideIntervalMs)})`, values: values(settings) };
}

/** Channels without their guide in this slot; they have been due since it began. */
export function guideBacklog(settings: SlotSettings): SqlFragment {
  return {
    text: `
      select count(*)::int as due, coalesce(max(extract(epoch from now() - slot.start)), 0)::float8 as oldest_due_seconds
      ${channelsWithout(settings.guideIntervalMs)}`,
    values: values(settings),
  };
}

/** What a pass that finds nothing due reports: the slot's guide, and the channels that have it. */
export function guideOfSlot(settings: SlotSettings): SqlFragment {
  const start = slotStart('now()', { zone: '$1::text', intervalMs: settings.guideIntervalMs });
  return {
    text: `
      select count(distinct channel.id) filter (where post.state = 'posted')::int as already_posted,
             max(post.guide_id) as guide_id
      from unnest($2::text[]) as channel (id)
      join telesweep.guide_posts as post on lower(post.chat_id) = lower(channel.id) or post.sent_to = channel.id
      where post.slot = ${start}`,
    values: values(settings),
  };
}

export const guideTotals = `select status, total::float8 as total from telesweep.guide_totals`;
