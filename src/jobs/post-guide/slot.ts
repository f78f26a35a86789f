import type { JobContext } from '../../job/job.ts';
import { SettingsError } from '../../process/errors.ts';
import { readLastGuide, readPostsOfSlot, readSlotStart, type SlotPost } from '../../store/guide-posts.ts';
import { type Guide, readGuides } from '../../store/guides.ts';
import { upcomingGuides } from './rotation.ts';

/** A slot as a pass finds it. */
export interface Slot {
  /** Its start, which is its key; for `--force` the moment itself. ISO 8601 with microseconds. */
  start: string;
  posts: readonly SlotPost[];
  /** Channels without their guide, in the order in which they are tried. */
  pending: readonly string[];
  alreadyPosted: number;
}

export async function readSlot({ db, now, force, settings }: JobContext): Promise<Slot> {
  const start = force ? now : await readSlotStart(db, now, settings);
  const posts = await readPostsOfSlot(db, start);
  const stateOf = (chatId: string): string | undefined =>
    posts.find((post) => post.state !== 'failed' && isPostTo(post, chatId))?.state;
  const pending = settings.guideChatIds.filter((chatId) => stateOf(chatId) === undefined);
  return {
    start,
    posts,
    // Names first: a chat that is configured by its id as well is known by then.
    pending: [...pending.filter(isName), ...pending.filter((chatId) => !isName(chatId))],
    alreadyPosted: settings.guideChatIds.filter((chatId) => stateOf(chatId) === 'posted').length,
  };
}

export function isName(chatId: string): boolean {
  return chatId.startsWith('@');
}

/** Names are the same whatever their case. */
function isPostTo(post: SlotPost, chatId: string): boolean {
  return post.chat_id.toLowerCase() === chatId.toLowerCase() || post.sent_to === chatId;
}

/**
 * The guide of a slot: the one that its channels got or are to get, whatever changed since; in a new slot the one next
 * after the last slot's.
 * @throws SettingsError where there is none
 */
export async function chooseGuide({ db }: Pick<JobContext, 'db'>, slot: Slot): Promise<Guide> {
  const guides = await readGuides(db);
  const begun = slot.posts.find(({ state }) => state !== 'failed') ?? slot.posts[0];
  const guide = guides.find(({ id }) => id === begun?.guide_id);
  if (guide?.enabled) return guide;
  if (begun !== undefined && begun.state !== 'failed') throw withdrawn(begun.guide_id, guide === undefined, slot);
  // Also where no channel got the slot's guide before it was withdrawn.
  const [next] = upcomingGuides(guides, await readLastGuide(db));
  if (next !== undefined) return next;
  const why = guides.length === 0 ? 'there is none' : `all ${guides.length} are disabled`;
  throw new SettingsError([`guides: ${why}; add one with telesweep guides import`]);
}

/** Another guide in its place would be the second one for the slot. */
function withdrawn(id: string, removed: boolean, { pending }: Slot): SettingsError {
  const what = removed ? 'was removed' : 'was disabled';
  const left = `${pending.join(', ')} ${pending.length === 1 ? 'gets' : 'get'} none until the next slot`;
  return new SettingsError([
    `guides: "${id}" ${what} after part of the channels got it; ${left}, unless the guide comes back`,
  ]);
}
