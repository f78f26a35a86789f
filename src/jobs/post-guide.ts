import type { Job } from '../job.ts';
import { anyChannelWithoutGuide, guideBacklog, guideOfSlot, guideTotals } from '../store/guide-due.ts';

/** Posts one guide a slot to every channel, round and round. */
export const postGuide: Job = {
  name: 'post-guide',
  summary: 'post the next guide to every channel',
  token: 'GUIDE_BOT_TOKEN',
  requires: ['GUIDE_BOT_TOKEN', 'GUIDE_CHAT_IDS'],
  countKeys: ['posted', 'already_posted', 'failed', 'uncertain'],
  mark: '📢',
  due: (settings, { force }) => (force ? { text: 'true', values: [] } : anyChannelWithoutGuide(settings)),
  backlog: guideBacklog,
  idle: guideOfSlot,
  guideTotals,
  message: (counts, guideId) => {
    const guide = guideId ? `guide ${guideId}` : 'no guide';
    const had = counts.already_posted ? `, ${counts.already_posted} had it already` : '';
    return `Posted ${guide} to ${counts.posted ?? 0} ${counts.posted === 1 ? 'channel' : 'channels'}, ${counts.failed ?? 0} failed${had}`;
  },
  async run(context) {
    const { postToChannels } = await import('./post-guide/post.ts');
    return postToChannels(context);
  },
  async plan(context) {
    const { planPosts } = await import('./post-guide/plan.ts');
    return planPosts(context);
  },
};
