import { Ends } from '../../engine/ends.ts';
import { condemns } from '../../engine/sighting.ts';
import type { Write } from '../../engine/writer.ts';
import type { LedgerRow } from '../../store/broadcast-messages.ts';
import type { Figures } from '../../store/daily-counts.ts';
import type { LedgerWrite } from '../../store/ledger-writes.ts';
import type { BroadcastCounts } from './counts.ts';

export type Failure = 'too_old' | 'forbidden' | 'refused' | 'bad_message_id' | 'bad_chat_id' | 'held_by_database';

export interface LedgerRowWrite extends LedgerWrite, Write {}

// Shared by a million rows.
const none: Figures = {};
const failed: Figures = { broadcast_messages_failed: 1 };
const tooOld: Figures = { broadcast_messages_failed: 1, broadcast_messages_too_old: 1 };

/** What became of ledger rows. */
export class MessageEnds extends Ends<keyof BroadcastCounts, LedgerRowWrite> {
  /** @param reached Telegram answered for the message itself, and not that its chat is gone */
  done(row: LedgerRow, figures: Figures, reached: boolean): void {
    this.succeeded++;
    this.context.progress.advance(1);
    this.put(writeOf(row, 'remove', { figures, reached }));
  }

  fail(row: LedgerRow, failure: Failure, detail: string | null = null): void {
    this.#failed(row, failure, detail);
    this.context.progress.advance(1);
    this.put(writeOf(row, 'fail', { failure, detail, figures: failure === 'too_old' ? tooOld : failed }));
  }

  /** Leaves a row for a later pass, after a growing wait. */
  defer(row: LedgerRow, detail: string, refused = false): void {
    this.sayDeferred(nameOf(row), fieldsOf(row), detail);
    this.put(writeOf(row, 'defer', { detail, refused }));
  }

  /** A refusal beside a witness: enough of them give the row up. */
  refuse(row: LedgerRow, failure: 'forbidden' | 'refused', detail: string, undeletable: boolean): void {
    const { refusals, refused_for: refusedFor, age, chat_id: chatId } = row;
    if (condemns({ refusals, refusedFor, undeletable, chatId, age })) this.fail(row, failure, detail);
    else this.defer(row, detail, true);
  }

  /** The database does not let a row go, or be written at all. */
  held(write: LedgerRowWrite, detail: string): void {
    if (write.change === 'remove') this.succeeded--;
    const { broadcastId: broadcast_id, chatId: chat_id, messageId: message_id } = write;
    this.#failed({ broadcast_id, chat_id, message_id }, 'held_by_database', detail);
  }

  #failed(row: LedgerKey, failure: Failure, detail: string | null): void {
    this.count('messages_failed');
    this.sayFailed(nameOf(row), fieldsOf(row), failure, detail);
  }
}

type LedgerKey = Pick<LedgerRow, 'broadcast_id' | 'chat_id' | 'message_id'>;

function fieldsOf({ broadcast_id: broadcast, chat_id, message_id }: LedgerKey): object {
  return { broadcast, chat_id, message_id };
}

function nameOf({ broadcast_id, chat_id, message_id }: LedgerKey): string {
  return `message ${message_id} of broadcast ${broadcast_id} in chat ${chat_id}`;
}

function writeOf(
  row: LedgerRow,
  change: LedgerWrite['change'],
  more: Partial<Pick<LedgerRowWrite, 'refused' | 'failure' | 'detail' | 'figures' | 'reached'>>,
): LedgerRowWrite {
  const { refused = false, failure = null, detail = null, figures = none, reached = false } = more;
  return {
    key: keyOf(row),
    broadcastId: row.broadcast_id,
    chatId: row.chat_id,
    messageId: row.message_id,
    change,
    attempts: row.attempts + 1,
    refused,
    failure,
    detail,
    durable: false,
    urgent: false,
    releases: false,
    figures,
    reached,
  };
}

export function keyOf({ broadcast_id, chat_id, message_id }: LedgerKey): string {
  return `${broadcast_id} ${chat_id} ${message_id}`;
}
