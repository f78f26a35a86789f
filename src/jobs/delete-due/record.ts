import type { DueRecord } from '../../store/pending-deletions.ts';
import { isMessageId } from '../../telegram/delete-messages.ts';

/** Why a record was given up; kept in its `failure`. */
export type Failure = 'too_old' | 'forbidden' | 'refused' | 'bad_message_id' | 'bad_chat_id' | 'no_messages';

/** What is to be done for a due record, after its rows were checked. */
export interface Work {
  record: DueRecord;
  chatId: string;
  /** Distinct ids to delete, in the order in which the bot wrote them. */
  deleteIds: number[];
  /** The message to edit into the notice; null where the notice is sent or there is none. */
  keptId: number | null;
  /** Ids that Telegram cannot know; the record fails once the others are deleted. */
  badIds: number;
}

export type Judged =
  | { kind: 'work'; work: Work }
  | { kind: 'notice_uncertain' }
  | { kind: 'failed'; failure: Failure; messages: number };

/** Decides by its row alone what a pass does with a record; a dry run and a real pass share it. */
export function judgeRecord(record: DueRecord, notice: 'send' | 'edit' | 'none'): Judged {
  const written = record.message_ids ?? [];
  // The intent of an earlier pass stands open: whether its notice arrived cannot be known any more.
  if (record.notice_open) return { kind: 'notice_uncertain' };
  if (record.chat_id === null || record.chat_id === '0') {
    return { kind: 'failed', failure: 'bad_chat_id', messages: written.length };
  }
  if (record.too_old && !record.messages_deleted) {
    return { kind: 'failed', failure: 'too_old', messages: written.length };
  }
  if (written.length === 0) return { kind: 'failed', failure: 'no_messages', messages: 0 };

  const ids = [...new Set(written.map((id) => (id === null ? Number.NaN : Number(id))))];
  const deleteIds = ids.filter(isMessageId);
  const badIds = ids.length - deleteIds.length;
  if (deleteIds.length === 0) return { kind: 'failed', failure: 'bad_message_id', messages: badIds };
  const keptId = notice === 'edit' ? (deleteIds.pop() ?? null) : null;
  return { kind: 'work', work: { record, chatId: record.chat_id, deleteIds, keptId, badIds } };
}
