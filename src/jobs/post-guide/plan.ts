import type { JobContext, Plan } from '../../job/job.ts';
import { composeGuide } from '../../telegram/guide-text.ts';
import type { GuideCounts } from './counts.ts';
import { refusedGuide } from './post.ts';
import { chooseGuide, isName, readSlot } from './slot.ts';

/** Rows of the sample, which shows a terminal's height of channels. */
const sampleSize = 20;

/** What a pass now would post where; no call is made. */
export async function planPosts(context: JobContext<GuideCounts>): Promise<Plan> {
  const { counts, limit } = context;
  const columns = ['guide', 'channel', 'text'];
  const slot = await readSlot(context);
  counts.already_posted = slot.alreadyPosted;
  counts.uncertain = slot.posts.filter(({ state }) => state === 'posting').length;
  const pending = slot.pending.slice(0, limit ?? slot.pending.length);
  if (pending.length === 0) {
    const guideId = slot.posts[0]?.guide_id ?? null;
    return { calls: 0, sample: { columns, rows: [] }, guide_id: guideId };
  }
  const guide = await chooseGuide(context, slot);
  const composed = composeGuide(guide);
  if (composed.kind === 'refused') throw refusedGuide(guide, composed.problems);
  counts.posted = pending.length;
  // A name is asked for its id first.
  const calls = pending.length + pending.filter(isName).length;
  const text = composed.post.spans.map((span) => span.text).join('');
  return {
    calls,
    succeeded: pending.length,
    sample: { columns, rows: pending.slice(0, sampleSize).map((chatId) => [guide.id, chatId, text]) },
    guide_id: guide.id,
  };
}
