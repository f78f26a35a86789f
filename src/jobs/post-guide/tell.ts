import type { JobContext } from '../../job/job.ts';
import type { GuidePostWrite } from '../../store/guide-post-writes.ts';
import type { Guide } from '../../store/guides.ts';
import type { GuideCounts } from './counts.ts';

export type PostResult = Pick<GuidePostWrite, 'state' | 'messageId' | 'error' | 'sentTo'>;

const words = { posted: 'posted to', failed: 'not posted to', uncertain: 'may or may not have reached' } as const;

/** Counts and tells what became of one channel's post. */
export function tell(
  { context, guide }: { context: JobContext<GuideCounts>; guide: Guide },
  chatId: string,
  result: PostResult,
): void {
  const { counts, log, progress, tally } = context;
  const { state, error, messageId } = result;
  counts[state] += 1;
  // As `failed list` names them.
  if (state !== 'posted') tally.failed(state);
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
