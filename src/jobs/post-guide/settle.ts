import { failPosts, finishPost, type PostResult } from '../../store/guide-posts.ts';
import type { Round } from './channel.ts';

const words = { posted: 'posted to', failed: 'not posted to', uncertain: 'may or may not have reached' } as const;

/** Writes down, counts and tells what became of one channel's post. */
export async function finish(
  { context, slot, guide }: Pick<Round, 'context' | 'slot' | 'guide'>,
  chatId: string,
  result: PostResult,
): Promise<void> {
  await finishPost(context.db, { slot, chatId }, result);
  tell({ context, guide }, chatId, result);
}

/** Writes down, counts and tells that a channel was not posted to before an intent was committed. */
export async function failUnsent(
  { context, slot, guide }: Pick<Round, 'context' | 'slot' | 'guide'>,
  chatId: string,
  error: string,
): Promise<void> {
  await failPosts(context.db, slot, guide, [chatId], error);
  tell({ context, guide }, chatId, { state: 'failed', error });
}

function tell({ context, guide }: Pick<Round, 'context' | 'guide'>, chatId: string, result: PostResult): void {
  const { counts, log, progress } = context;
  const { state, error = null, messageId = null } = result;
  counts[state] = (counts[state] ?? 0) + 1;
  progress.advance(1);
  const fields = {
    guide_id: guide.id,
    chat_id: chatId,
    status: state,
    ...(messageId === null ? {} : { message_id: messageId }),
    ...(error === null ? {} : { error }),
  };
  const repeated = state === 'uncertain' ? ' and is not repeated' : '';
  const text = `guide ${guide.id} ${words[state]} ${chatId}${repeated}${error === null ? '' : `: ${error}`}`;
  if (state === 'posted') log.info(fields, text);
  else log.warn(fields, text);
}

/** Tells of a channel that got the guide, or may have got it, under another of its names. */
export function noteSameChat({ context, guide }: Pick<Round, 'context' | 'guide'>, chatId: string): void {
  const { counts, log, progress } = context;
  counts.already_posted = (counts.already_posted ?? 0) + 1;
  progress.advance(1);
  log.warn(
    { guide_id: guide.id, chat_id: chatId, status: 'already_posted' },
    `GUIDE_CHAT_IDS names the chat ${chatId} twice; take one out`,
  );
}
