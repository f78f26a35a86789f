import type { JobContext } from '../../job.ts';
import { Batch } from '../../store/batch.ts';
import { deferMessages, failMessages, type LedgerRow, removeMessages } from '../../store/broadcast-messages.ts';
import type { Fate } from '../../telegram/delete-messages.ts';

/** A page: with its read and the budget's share, 2.5 statements for 1,000 messages, where half a page took 3.5. */
const batchSize = 1_000;

/** At 25 calls a second a batch fills in this time. */
const batchAgeMs = 20_000;

/** After so many refusals for want of rights, an operator has to look. One sighting condemns no chat. */
const mostForbidden = 5;

export type Failure = 'too_old' | 'forbidden' | 'refused' | 'bad_message_id' | 'bad_chat_id';

/** Writes down what became of ledger rows, in bulk while calls go on. */
export class Settle {
  failed = 0;
  succeeded = 0;
  readonly #context: JobContext;
  readonly #onWritten: (rows: readonly LedgerRow[]) => void;
  readonly #remove: Batch<LedgerRow>;
  readonly #fail: Batch<LedgerRow & { failure: Failure }>;
  readonly #defer: Batch<LedgerRow>;

  /** @param onWritten told of rows that the table itself now tells not to try again */
  constructor(context: JobContext, onWritten: (rows: readonly LedgerRow[]) => void) {
    const { db } = context;
    this.#context = context;
    this.#onWritten = onWritten;
    this.#remove = this.#batch((rows) => removeMessages(db, rows));
    this.#fail = this.#batch((rows) => failMessages(db, rows));
    this.#defer = this.#batch((rows) => deferMessages(db, rows));
  }

  settle(row: LedgerRow, fate: Fate): void {
    switch (fate.kind) {
      case 'deleted':
      case 'gone':
      case 'chat_unreachable':
        this.succeeded++;
        this.#remove.add(row);
        break;
      case 'undeletable':
        // Within its 48 hours a message that can't be deleted lacks the right to; that is for the operator to mend.
        this.fail(row, 'forbidden');
        break;
      case 'refused':
        this.fail(row, 'refused');
        break;
      case 'later':
        if (fate.reason === 'forbidden' && row.attempts + 1 >= mostForbidden) this.fail(row, 'forbidden');
        else this.#later(row);
        break;
      case 'stopped':
        this.#onWritten([row]);
    }
  }

  fail(row: LedgerRow, failure: Failure): void {
    const { counts, log } = this.#context;
    this.failed++;
    counts.messages_failed = (counts.messages_failed ?? 0) + 1;
    log.debug(
      { broadcast: row.broadcast_id, chat_id: row.chat_id, message_id: row.message_id, failure },
      `message ${row.message_id} of broadcast ${row.broadcast_id} in chat ${row.chat_id} is given up: ${failure}`,
    );
    this.#fail.add({ ...row, failure });
  }

  #later(row: LedgerRow): void {
    const { counts } = this.#context;
    counts.deferred = (counts.deferred ?? 0) + 1;
    this.#defer.add(row);
  }

  /** Waits until all is written. @throws what a statement threw */
  async drain(): Promise<void> {
    await Promise.all([this.#remove.drain(), this.#fail.drain(), this.#defer.drain()]);
  }

  #batch<T extends LedgerRow>(write: (rows: readonly T[]) => Promise<void>): Batch<T> {
    return new Batch<T>(batchSize, batchAgeMs, async (rows) => {
      await write(rows);
      this.#onWritten(rows);
    });
  }
}
