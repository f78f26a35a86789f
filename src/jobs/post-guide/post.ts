import { SettingsError } from '../../errors.ts';
import type { JobContext, JobResult } from '../../job.ts';
import { failPosts, prunePosts, settleOpenPosts } from '../../store/guide-posts.ts';
import type { Guide } from '../../store/guides.ts';
import { composeGuide, type GuidePost } from '../../telegram/guide-text.ts';
import { postToChannel, type Round } from './channel.ts';
import { chooseGuide, isName, readSlot, type Slot } from './slot.ts';

/** Posts the slot's guide to every channel that does not have it. */
export async function postToChannels(context: JobContext): Promise<JobResult> {
  const { db, limit, stop, counts, progress, settings } = context;
  await reportOpenPosts(context);
  const slot = await readSlot(context);
  counts.already_posted = slot.alreadyPosted;
  const pending = slot.pending.slice(0, limit ?? slot.pending.length);
  // What was found open may have been all that was due.
  if (pending.length === 0) return { failed: 0, succeeded: slot.alreadyPosted, ...guideIdOf(slot) };

  const guide = await chooseGuide(context, slot);
  const post = await composeOrFail(context, slot, guide);
  const bot = await context.bot();
  const message = { text: post.text, parseMode: 'MarkdownV2', button: post.button } as const;
  const round: Round = { context, bot, slot: slot.start, guide, message };
  progress.start(pending.length, 'channels');
  try {
    await postToAll(round, pending.filter(isName));
    await postToAll(
      round,
      pending.filter((chatId) => !isName(chatId)),
    );
  } finally {
    progress.stop();
  }
  bot.checkAnswered();
  await prunePosts(db, { posted: settings.runHistoryDays, failed: settings.failedDays });
  if (pending.length < slot.pending.length) stop.request('limit');
  const { posted = 0, already_posted = 0, uncertain = 0, failed = 0 } = counts;
  return { failed, succeeded: posted + already_posted + uncertain, guide_id: guide.id };
}

/** Posts that a dead pass was about to make: nobody knows whether they arrived, so they are not repeated. */
async function reportOpenPosts({ db, counts, log }: JobContext): Promise<void> {
  for (const { guide_id, chat_id, slot } of await settleOpenPosts(db)) {
    counts.uncertain = (counts.uncertain ?? 0) + 1;
    log.warn(
      { guide_id, chat_id, status: 'uncertain', slot },
      `guide ${guide_id} may or may not have reached ${chat_id} and is not repeated: the pass that was sending it ended before the answer came`,
    );
  }
}

/**
 * The text is checked before the first channel. A guide that Telegram would refuse takes its turn all the same: its
 * slot's posts fail, so that the next slot brings the next guide, and a pass after it was mended posts it.
 * @throws SettingsError that names the guide and all that is wrong with it
 */
async function composeOrFail({ db, counts }: JobContext, slot: Slot, guide: Guide): Promise<GuidePost> {
  const composed = composeGuide(guide);
  if (composed.kind === 'post') return composed.post;
  await failPosts(db, slot.start, guide, slot.pending, composed.problems.join('; '));
  counts.failed = slot.pending.length;
  throw refusedGuide(guide, composed.problems);
}

export function refusedGuide({ id }: Guide, problems: readonly string[]): SettingsError {
  return new SettingsError(problems.map((problem) => `guides: "${id}" cannot be posted: ${problem}`));
}

/** All at once, as the budget lets them. @throws what ends the pass, once no call is under way */
async function postToAll(round: Round, chatIds: readonly string[]): Promise<void> {
  const { stop } = round.context;
  const turns = chatIds.map(async (chatId) => {
    try {
      await postToChannel(round, chatId);
    } catch (error) {
      stop.request('error');
      throw error;
    }
  });
  for (const turn of await Promise.allSettled(turns)) {
    if (turn.status === 'rejected') throw turn.reason;
  }
}

function guideIdOf({ posts }: Slot): { guide_id: string } | object {
  const [post] = posts;
  return post === undefined ? {} : { guide_id: post.guide_id };
}
