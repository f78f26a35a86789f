import type { Write } from '../../engine/writer.ts';
import type { Figures } from '../../store/daily-counts.ts';
import { deletableSeconds } from '../../store/deletable.ts';
import type { DueRecord } from '../../store/pending-deletions.ts';
import type { RecordWrite } from '../../store/record-writes.ts';
import { isMessageId } from '../../telegram/message-id.ts';

/** Why a record was given up; kept in its `failure`. */
export type Failure =
  | 'too_old'
  | 'forbidden'
  | 'refused'
  | 'bad_message_id'
  | 'bad_chat_id'
  | 'no_messages'
  | 'held_by_database';

/** What is to be done for a due record, after its rows were checked. */
export interface Work {
  readonly record: DueRecord;
  readonly chatId: string;
  /** Distinct ids to delete, in the order in which the bot wrote them. */
  readonly ids: number[];
  /** The message to edit into the notice; null where the notice is sent or there is none. */
  keptId: number | null;
  /** Ids that Telegram cannot know; the record fails once the others are deleted. */
  readonly badIds: number;
  /** When its 48 hours are over, by `monotonicMs`. */
  readonly deadline: number;
  /** When its messages were to go, by `monotonicMs`. */
  readonly dueAt: number;
  /** Telegram has answered for all its messages. */
  deleted: boolean;
  /** This pass committed the intent to send its notice. */
  claimed: boolean;
  /** What its next write adds to the figures of the day. */
  figures: Figures;
}

export type Judged =
  | { kind: 'work'; work: Work }
  | { kind: 'notice_uncertain' }
  | { kind: 'notice_sent' }
  | { kind: 'failed'; failure: Failure; messages: number };

/**
 * Decides by its row alone what a pass does with a record; a dry run and a real pass share it.
 * @param readAt when the row was read, by `monotonicMs`
 */
export function judgeRecord(record: DueRecord, notice: 'send' | 'edit' | 'none', readAt: number): Judged {
  const written = record.message_ids ?? [];
  if (record.notice_sent) return { kind: 'notice_sent' };
  // The intent of an earlier pass stands open: whether its notice arrived cannot be known any more.
  if (record.notice_open) return { kind: 'notice_uncertain' };
  if (record.chat_id === null || record.chat_id === '0') {
    return { kind: 'failed', failure: 'bad_chat_id', messages: written.length };
  }
  const secondsLeft = record.age === null ? Number.POSITIVE_INFINITY : deletableSeconds - record.age;
  if (secondsLeft <= 0 && !record.messages_deleted) {
    return { kind: 'failed', failure: 'too_old', messages: written.length };
  }
  if (written.length === 0) return { kind: 'failed', failure: 'no_messages', messages: 0 };

  const ids = [...new Set(written.map((id) => (id === null ? Number.NaN : Number(id))))];
  const possible = ids.filter(isMessageId);
  const badIds = ids.length - possible.length;
  if (possible.length === 0) return { kind: 'failed', failure: 'bad_message_id', messages: badIds };
  // A record that will fail gets no notice, so nothing is kept standing for one.
  const keptId = notice === 'edit' && badIds === 0 ? (possible.pop() ?? null) : null;
  const work = {
    record,
    chatId: record.chat_id,
    ids: possible,
    keptId,
    badIds,
    deadline: readAt + secondsLeft * 1000,
    dueAt: readAt - record.late * 1000,
    deleted: record.messages_deleted,
    claimed: false,
    figures: {},
  };
  return { kind: 'work', work };
}

/** A row as it is written down. */
export type Row = Pick<Work, 'record' | 'claimed' | 'deleted' | 'figures'>;

/** What is written of a record. A write that settles its messages takes the figures with it: each message counts once. */
export function writeOf(
  row: Row,
  change: RecordWrite['change'],
  more: Partial<Pick<RecordChangeWrite, 'refused' | 'failure' | 'detail' | 'sent' | 'leaves'>> = {},
): RecordChangeWrite {
  const { record, claimed, deleted } = row;
  const { sent = false, leaves = true, refused = false, failure = null, detail = null } = more;
  const settles = change === 'mark' || change === 'remove' || change === 'fail';
  const figures = settles ? row.figures : {};
  if (settles) row.figures = {};
  return {
    key: record.id,
    id: record.id,
    change,
    claimed,
    deleted,
    sent,
    attempts: record.attempts + 1,
    refused,
    failure,
    detail,
    durable: change === 'claim',
    // Until then a kill leaves a claim in doubt whose answer is known.
    urgent: claimed,
    releases: change === 'release',
    leaves,
    figures,
  };
}

/** The figure of a record that is late by so many milliseconds; none where it had no time. */
export function lateness(ms: number): Figures {
  const minutes = ms / 60_000;
  if (!Number.isFinite(minutes)) return {};
  if (minutes <= 1) return { late_within_1m: 1 };
  if (minutes <= 5) return { late_within_5m: 1 };
  return minutes <= 60 ? { late_within_1h: 1 } : { late_over_1h: 1 };
}

export interface RecordChangeWrite extends RecordWrite, Write {
  /** Nothing more is done for it but when it is read again. */
  leaves: boolean;
}
