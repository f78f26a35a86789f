import type { JobContext } from '../../job.ts';
import type { Bot } from '../../telegram/bot.ts';
import { deleteMessages, type Fate } from '../../telegram/delete-messages.ts';
import type { Notices } from './notices.ts';
import type { Failure, Work } from './record.ts';
import type { Settle } from './settle.ts';

/** After so many refusals for want of rights, an operator has to look. One sighting condemns no chat. */
const mostForbidden = 5;

export interface Sweep {
  context: JobContext;
  bot: Bot;
  settle: Settle;
  notices: Notices;
}

/** All due records of one chat: their messages in as few calls as can be, then the notice of each. */
export async function sweepChat(sweep: Sweep, chatId: string, works: readonly Work[]): Promise<void> {
  const { context, bot, settle, notices } = sweep;
  const undeleted = works.filter(({ record }) => !record.messages_deleted);
  const ids = [...new Set(undeleted.flatMap((work) => work.deleteIds))];
  const fates = await deleteMessages(bot, chatId, ids);
  countFates(context, fates);

  if ([...fates.values()].some((fate) => fate.kind === 'chat_unreachable')) {
    context.counts.chats_unreachable = (context.counts.chats_unreachable ?? 0) + 1;
    for (const { record } of works) settle.done(record.id);
    return;
  }

  const deleted: Work[] = [];
  for (const work of works) {
    const verdict = work.record.messages_deleted ? 'deleted' : judgeFates(work, fates);
    if (verdict === 'stopped') continue;
    if (verdict === 'deleted') deleted.push(work);
    else if (verdict === 'later') settle.defer(work);
    else {
      context.counts.messages_failed = (context.counts.messages_failed ?? 0) + work.badIds;
      settle.fail(work.record, verdict);
    }
  }
  if (context.settings.notice === 'none') {
    for (const { record } of deleted) settle.done(record.id);
    return;
  }
  // From here on a kill costs the notice alone, never a second round of deletions past the 48 hours.
  await Promise.all(deleted.map(({ record }) => (record.messages_deleted ? null : settle.messagesDeleted(record.id))));
  for (const work of deleted) {
    if (context.stop.reason !== null) return;
    if ((await notices.give(work)) === 'chat_unreachable') {
      context.counts.chats_unreachable = (context.counts.chats_unreachable ?? 0) + 1;
      for (const { record } of deleted.slice(deleted.indexOf(work) + 1)) settle.done(record.id);
      return;
    }
  }
}

function countFates({ counts }: JobContext, fates: ReadonlyMap<number, Fate>): void {
  for (const fate of fates.values()) {
    if (fate.kind === 'deleted') counts.messages_deleted = (counts.messages_deleted ?? 0) + 1;
    else if (fate.kind === 'gone') counts.messages_gone = (counts.messages_gone ?? 0) + 1;
    else if (fate.kind === 'undeletable' || fate.kind === 'refused') {
      counts.messages_failed = (counts.messages_failed ?? 0) + 1;
    }
  }
}

/** One record's verdict from the fates of its messages; a passing failure of one keeps the whole record for later. */
function judgeFates(work: Work, fates: ReadonlyMap<number, Fate>): 'deleted' | 'later' | 'stopped' | Failure {
  const own = work.deleteIds.map((id) => fates.get(id)).filter((fate) => fate !== undefined);
  if (own.some((fate) => fate.kind === 'stopped')) return 'stopped';
  const later = own.find((fate) => fate.kind === 'later');
  if (later !== undefined) {
    return later.reason === 'forbidden' && work.record.attempts + 1 >= mostForbidden ? 'forbidden' : 'later';
  }
  // Within its 48 hours a message that can't be deleted lacks the right to; that is for the operator to mend.
  if (own.some((fate) => fate.kind === 'undeletable')) return 'forbidden';
  if (own.some((fate) => fate.kind === 'refused')) return 'refused';
  return work.badIds > 0 ? 'bad_message_id' : 'deleted';
}
