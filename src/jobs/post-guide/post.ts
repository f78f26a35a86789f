import { Engine } from '../../engine/engine.ts';
import type { Source } from '../../engine/work.ts';
import type { Table } from '../../engine/writer.ts';
import type { JobContext, JobResult } from '../../job/job.ts';
import { SettingsError } from '../../process/errors.ts';
import { guidePostWrites } from '../../store/guide-post-writes.ts';
import { failPosts, prunePosts, settleOpenPosts } from '../../store/guide-posts.ts';
import type { Guide } from '../../store/guides.ts';
import { composeGuide, type GuidePost } from '../../telegram/guide-text.ts';
import { askForId, owe, Post, type PostEngine, type PostWrite, type Round } from './channel.ts';
import type { GuideCounts } from './counts.ts';
import { chooseGuide, isName, readSlot, type Slot } from './slot.ts';

/** Far fewer than there is room for in memory. */
const channelsAtOnce = 1_000;

/** Posts the slot's guide to every channel that does not have it. */
export async function postToChannels(context: JobContext<GuideCounts>): Promise<JobResult> {
  const { db, limit, stop, counts, progress, settings } = context;
  await reportOpenPosts(context);
  const slot = await readSlot(context);
  counts.already_posted = slot.alreadyPosted;
  const pending = slot.pending.slice(0, limit ?? slot.pending.length);
  // What was found open may have been all that was due.
  if (pending.length === 0) return { failed: 0, succeeded: slot.alreadyPosted, ...guideIdOf(slot) };

  const guide = await chooseGuide(context, slot);
  const post = await composeOrFail(context, slot, guide);
  const telegram = await context.telegram();
  const table: Table<PostWrite> = {
    writes: (writes) => guidePostWrites(slot.start, guide, writes),
    merge: (_, later) => later,
    refused: () => null,
  };
  const engine: PostEngine = new Engine(context, telegram, { table, onWritten: ({ next }) => next && owe(next) });
  const message = { text: post.text, parseMode: 'MarkdownV2', button: post.button } as const;
  const round: Round = { context, engine, slot: slot.start, guide, message, served: new Set() };
  for (const name of pending.filter(isName)) engine.call(askForId(round, name));
  engine.addSource(
    new NumberedChannels(
      round,
      pending.filter((chatId) => !isName(chatId)),
    ),
  );
  progress.start(pending.length, 'channels');
  try {
    await engine.run();
  } finally {
    progress.stop();
  }
  await prunePosts(db, { posted: settings.runHistoryDays, failed: settings.failedDays });
  if (pending.length < slot.pending.length) stop.request('limit');
  const { posted, already_posted, uncertain, failed } = counts;
  return { failed, succeeded: posted + already_posted + uncertain, guide_id: guide.id };
}

/** Posts that a dead pass was about to make: nobody knows whether they arrived, so they are not repeated. */
async function reportOpenPosts({ db, counts, log, tally }: JobContext<GuideCounts>): Promise<void> {
  for (const { guide_id, chat_id, slot } of await settleOpenPosts(db)) {
    counts.uncertain += 1;
    tally.failed('uncertain');
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
async function composeOrFail(
  { db, counts, tally }: JobContext<GuideCounts>,
  slot: Slot,
  guide: Guide,
): Promise<GuidePost> {
  const composed = composeGuide(guide);
  if (composed.kind === 'post') return composed.post;
  await failPosts(db, slot.start, guide, slot.pending, composed.problems.join('; '));
  counts.failed = slot.pending.length;
  tally.failed('failed', slot.pending.length);
  throw refusedGuide(guide, composed.problems);
}

export function refusedGuide({ id }: Guide, problems: readonly string[]): SettingsError {
  return new SettingsError(problems.map((problem) => `guides: "${id}" cannot be posted: ${problem}`));
}

/** Names first: a chat that is configured by its id as well is known by then. So many at once as there is room for. */
class NumberedChannels implements Source {
  readonly more = false;
  readonly #round: Round;
  #left: readonly string[];

  constructor(round: Round, chatIds: readonly string[]) {
    this.#round = round;
    this.#left = chatIds;
  }

  get ended(): boolean {
    return this.#left.length === 0;
  }

  wantedAt(now: number): number {
    return this.#round.engine.settled ? now : Number.POSITIVE_INFINITY;
  }

  async step(): Promise<void> {
    const next = this.#left.slice(0, channelsAtOnce);
    this.#left = this.#left.slice(channelsAtOnce);
    for (const chatId of next) owe(new Post(this.#round, chatId));
  }
}

function guideIdOf({ posts }: Slot): { guide_id: string } | object {
  const [post] = posts;
  return post === undefined ? {} : { guide_id: post.guide_id };
}
