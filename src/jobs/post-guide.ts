import type { Job } from '../job/job.ts';
import { anyChannelWithoutGuide, guideBacklog, guideOfSlot, guideTotals } from '../store/guide-due.ts';
import { type GuideCounts, guideCounts } from './post-guide/counts.ts';
import { cronEvery } from './post-guide/cron-every.ts';

/** Posts one guide a slot to every channel, round and round. */
export const postGuide: Job<GuideCounts> = {
  name: 'post-guide',
  summary: 'post the next guide to every channel',
  token: 'GUIDE_BOT_TOKEN',
  requires: ['GUIDE_BOT_TOKEN', 'GUIDE_CHAT_IDS'],
  counts: guideCounts,
  cron: ({ guideIntervalMs }) => cronEvery(guideIntervalMs),
  maxRuntime: '10m',
  force: 'post the next guide now, outside the slots',
  optional: {
    isUsed: ({ guideChatIds }) => guideChatIds.length > 0,
    missing: 'GUIDE_CHAT_IDS is missing, so post-guide has no channel',
  },
  namesGuide: true,
  keepsFailed: 'listed',
  mark: '📢',
  due: (settings, { force }) => (force ? { text: 'true', values: [] } : anyChannelWithoutGuide(settings)),
  backlog: guideBacklog,
  idle: guideOfSlot,
  guideTotals,
  message: (counts, guideId) => {
    const guide = guideId ? `guide ${guideId}` : 'no guide';
    const had = counts.already_posted ? `, ${counts.already_posted} had it already` : '';
    return `Posted ${guide} to ${counts.posted} ${counts.posted === 1 ? 'channel' : 'channels'}, ${counts.failed} failed${had}`;
  },
  run: async (context) => (await import('./post-guide/post.ts')).postToChannels(context),
  plan: async (context) => (await import('./post-guide/plan.ts')).planPosts(context),
};
