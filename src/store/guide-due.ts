/** What is due for `post-guide`, as text for statements. Free of Kysely, because the statement that opens a pass asks it. */
import type { SqlFragment } from '../job.ts';
import { type SlotRule, slotStart } from './guide-slots.ts';

export interface SlotSettings {
  guideChatIds: readonly string[];
  guideIntervalMs: number;
  timeZone: string;
}

/** The rule of slots for a statement whose `$1` is the time zone. */
export const slotRule = ({ guideIntervalMs }: SlotSettings): SlotRule => ({
  zone: '$1::text',
  intervalMs: guideIntervalMs,
});

/** A post after which the channel gets no other in its slot. A lost answer is not repeated. */
export const isSettledPost = `state in ('posted', 'uncertain')`;

/** Channels that have no settled post in the slot of `now()`. */
const channelsWithout = (settings: SlotSettings): string => `
  from (select ${slotStart('now()', slotRule(settings))} as start) as slot
  cross join unnest($2::text[]) as channel (id)
  where not exists (
    select from telesweep.guide_posts as post
    where post.slot = slot.start and ${isSettledPost}
      and (lower(post.chat_id) = lower(channel.id) or post.sent_to = channel.id))`;

const values = ({ timeZone, guideChatIds }: SlotSettings): readonly unknown[] => [timeZone, [...guideChatIds]];

export function anyChannelWithoutGuide(settings: SlotSettings): SqlFragment {
  return { text: `exists (select ${channelsWithout(settings)})`, values: values(settings) };
}

/** Channels without their guide in this slot; they have been due since it began. */
export function guideBacklog(settings: SlotSettings): SqlFragment {
  return {
    text: `
      select count(*)::int as due, coalesce(max(extract(epoch from now() - slot.start)), 0)::float8 as oldest_due_seconds
      ${channelsWithout(settings)}`,
    values: values(settings),
  };
}

/** What a pass that finds nothing due reports: the slot's guide, and the channels that have it. */
export function guideOfSlot(settings: SlotSettings): SqlFragment {
  const start = slotStart('now()', slotRule(settings));
  return {
    text: `
      select json_build_object('already_posted', count(distinct channel.id) filter (where post.state = 'posted')) as counts,
             max(post.guide_id) as guide_id
      from unnest($2::text[]) as channel (id)
      join telesweep.guide_posts as post on lower(post.chat_id) = lower(channel.id) or post.sent_to = channel.id
      where post.slot = ${start}`,
    values: values(settings),
  };
}

/** Guide posts so far by status, those of which there was none yet included. */
export const guideTotals = `
  select status, coalesce(total, 0)::float8 as total
  from unnest('{posted,failed,uncertain}'::text[]) as known (status) left join telesweep.guide_totals using (status)`;
