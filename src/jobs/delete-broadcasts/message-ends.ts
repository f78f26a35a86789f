import { condemns } from '../../engine/sighting.ts';
import { WarnFew } from '../../engine/warn-few.ts';
import type { Write } from '../../engine/writer.ts';
import type { JobContext } from '../../job.ts';
import type { LedgerRow } from '../../store/broadcast-messages.ts';
import type { LedgerWrite } from '../../store/ledger-writes.ts';
import type { BroadcastCounts } from './counts.ts';

export type Failure = 'too_old' | 'forbidden' | 'refused' | 'bad_message_id' | 'bad_chat_id' | 'held_by_database';

export interface LedgerRowWrite extends LedgerWrite, Write {}

/** Counts and says what became of ledger rows, and hands it to the writer. Each row is settled once. */
export class MessageEnds {
  failed = 0;
  succeeded = 0;
  readonly #context: JobContext<BroadcastCounts>;
  readonly #put: (write: LedgerRowWrite) => void;
  readonly #warn: WarnFew;

  constructor(context: JobContext<BroadcastCounts>, put: (write: LedgerRowWrite) => void) {
    this.#context = context;
    this.#put = put;
    this.#warn = new WarnFew(context.log);
  }

  count(key: keyof BroadcastCounts, n = 1): void {
    this.#context.counts[key] += n;
  }

  done(row: LedgerRow): void {
    this.succeeded++;
    this.#context.progress.advance(1);
    this.#put(writeOf(row, 'remove', {}));
  }

  fail(row: LedgerRow, failure: Failure, detail: string | null = null): void {
    this.#failed(row, failure, detail);
    this.#context.progress.advance(1);
    this.#put(writeOf(row, 'fail', { failure, detail }));
  }

  /** Leaves a row for a later pass, after a growing wait. */
  defer(row: LedgerRow, detail: string, refused = false): void {
    const { log, progress } = this.#context;
    this.count('deferred');
    progress.advance(1);
    log.debug(fieldsOf(row, { detail }), `${nameOf(row)} is left for a later pass: ${detail}`);
    this.#put(writeOf(row, 'defer', { detail, refused }));
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

  /** What the first warnings of each reason left out. */
  sumUp(): void {
    this.#warn.sumUp();
  }

  #failed(row: LedgerKey, failure: Failure, detail: string | null): void {
    this.failed++;
    this.count('messages_failed');
    const why = detail === null ? failure : `${failure}: ${detail}`;
    const fields = fieldsOf(row, { failure, ...(detail === null ? {} : { detail }) });
    this.#warn.warn(failure, fields, `${nameOf(row)} is given up: ${why}`);
  }
}

type LedgerKey = Pick<LedgerRow, 'broadcast_id' | 'chat_id' | 'message_id'>;

function fieldsOf({ broadcast_id: broadcast, chat_id, message_id }: LedgerKey, more: object): object {
  return { broadcast, chat_id, message_id, ...more };
}

function nameOf({ broadcast_id, chat_id, message_id }: LedgerKey): string {
  return `message ${message_id} of broadcast ${broadcast_id} in chat ${chat_id}`;
}

function writeOf(
  row: LedgerRow,
  change: LedgerWrite['change'],
  { refused = false, failure = null, detail = null }: Partial<Pick<LedgerWrite, 'refused' | 'failure' | 'detail'>>,
): LedgerRowWrite {
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
  };
}

export function keyOf({ broadcast_id, chat_id, message_id }: LedgerKey): string {
  return `${broadcast_id} ${chat_id} ${message_id}`;
}
