/** What is due for `post-guide`, as text for statements. Free of Kysely, because the statement that opens a pass asks it. */

import { offsetAt, type SlotRule, slotStart } from './guide-slots.ts';
import type { SqlFragment } from './sql-fragment.ts';

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

/**
 * The slot of an instant as it is written down. 0.1.0 counted elapsed time, so that its slots of a day with a change of the
 * clock began elsewhere: one that reaches into this slot is this slot, and nobody gets a second guide on the day of an upgrade.
 * A forced post has fractions of a second, and counts for no slot.
 */
export function writtenSlot(moment: string, settings: SlotSettings): string {
  const rule = slotRule(settings);
  const { zone, intervalMs } = rule;
  const day = (instant: string): string => `date_trunc('day', ${instant} at time zone ${zone})`;
  return `(
    select case when ${offsetAt(moment, zone)} = ${offsetAt(`(${moment} - interval '26 hours')`, zone)} then present.start
      else coalesce((
        select max(post.slot) from telesweep.guide_posts as post
        where post.schema_name = $schema and post.slot <= ${moment} and post.slot > present.start - ${intervalMs / 1000} * interval '1 second'
          and ${day('post.slot')} = ${day(moment)} and date_trunc('second', post.slot, 'UTC') = post.slot
          and post.slot <> ${slotStart('post.slot', rule)}), present.start) end
    from (select ${slotStart(moment, rule)} as start) as present)`;
}

/** A post after which the channel gets no other in its slot. A lost answer is not repeated. */
const isSettledPost = `state in ('posted', 'uncertain')`;

/** Channels that have no settled post in the slot of `now()`. */
const channelsWithout = (settings: SlotSettings): string => `
  from (select ${writtenSlot('now()', settings)} as start) as slot
  cross join unnest($2::text[]) as channel (id)
  where not exists (
    select from telesweep.guide_posts as post
    where post.schema_name = $schema and post.slot = slot.start and ${isSettledPost}
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
  const start = writtenSlot('now()', settings);
  return {
    text: `
      select json_build_object('already_posted', count(distinct channel.id) filter (where post.state = 'posted')) as counts,
             max(post.guide_id) as guide_id
      from unnest($2::text[]) as channel (id)
      join telesweep.guide_posts as post on lower(post.chat_id) = lower(channel.id) or post.sent_to = channel.id
      where post.schema_name = $schema and post.slot = ${start}`,
    values: values(settings),
  };
}

/** Guide posts so far by status, those of which there was none yet included. */
export const guideTotals = `
  select known.status, coalesce(total, 0)::float8 as total
  from unnest('{posted,failed,uncertain}'::text[]) with ordinality as known (status, n) left join telesweep.guide_totals
    on schema_name = $schema and guide_totals.status = known.status
  order by n`;
