import { condemns } from '../../engine/sighting.ts';
import { WarnFew } from '../../engine/warn-few.ts';
import type { JobContext } from '../../job.ts';
import type { DueCounts } from './counts.ts';
import { type Failure, type RecordChangeWrite, type Work, writeOf } from './record.ts';

/** Counts and says what became of records, and hands it to the writer. Each record is settled once. */
export class RecordEnds {
  failed = 0;
  succeeded = 0;
  readonly #context: JobContext<DueCounts>;
  readonly #put: (write: RecordChangeWrite) => void;
  readonly #warn: WarnFew;

  constructor(context: JobContext<DueCounts>, put: (write: RecordChangeWrite) => void) {
    this.#context = context;
    this.#put = put;
    this.#warn = new WarnFew(context.log);
  }

  count(key: keyof DueCounts, n = 1): void {
    this.#context.counts[key] += n;
  }

  done(work: Pick<Work, 'record' | 'claimed' | 'deleted'>): void {
    this.succeeded++;
    this.count('records');
    this.#context.progress.advance(1);
    this.#put(writeOf(work, 'remove'));
  }

  /** The messages of a record are deleted. @param leaves whether its notice stays in the table for now */
  mark(work: Work, leaves: boolean): void {
    this.#put(writeOf(work, 'mark', { leaves }));
  }

  fail(work: Pick<Work, 'record' | 'claimed' | 'deleted'>, failure: Failure, detail: string | null = null): void {
    this.failed++;
    this.#context.progress.advance(1);
    this.#sayFailed(work.record, failure, detail);
    this.#put(writeOf(work, 'fail', { failure, detail }));
  }

  /** Leaves a record for a later pass, after a growing wait. */
  defer(work: Work, detail: string, refused = false): void {
    const { log, progress } = this.#context;
    const { id, chat_id } = work.record;
    this.count('deferred');
    progress.advance(1);
    log.debug({ record: id, chat_id, detail }, `record ${id} is left for a later pass: ${detail}`);
    this.#put(writeOf(work, 'defer', { detail, refused }));
  }

  /** A refusal beside a witness: enough of them give the record up. */
  refuse(
    work: Work,
    failure: 'forbidden' | 'refused',
    detail: string,
    { undeletable, messages }: { undeletable: boolean; messages: number },
  ): void {
    const { record, chatId } = work;
    const { refusals, refused_for: refusedFor, age } = record;
    if (condemns({ refusals, refusedFor, undeletable, chatId, age })) {
      this.count('messages_failed', messages);
      this.fail(work, failure, detail);
    } else this.defer(work, detail, true);
  }

  /** A notice of which nobody knows whether it arrived: it is not repeated. */
  uncertain(work: Pick<Work, 'record' | 'deleted'>, why: string): void {
    const { id, chat_id, user_id, unique_id } = work.record;
    this.count('notices_uncertain');
    this.#context.log.warn(
      { record: id, chat_id, user_id, unique_id },
      `the notice of record ${id} may or may not have arrived and is not repeated: ${why}`,
    );
    this.done({ ...work, claimed: true });
  }

  /** The database does not let a record go, or be written at all. */
  held(write: RecordChangeWrite, detail: string): void {
    this.failed++;
    if (write.change === 'remove') {
      this.succeeded--;
      this.count('records', -1);
    }
    this.#sayFailed({ id: write.id }, 'held_by_database', detail);
  }

  /** What the first warnings of each reason left out. */
  sumUp(): void {
    this.#warn.sumUp();
  }

  #sayFailed({ id, chat_id }: { id: string; chat_id?: string | null }, failure: Failure, detail: string | null): void {
    const why = detail === null ? failure : `${failure}: ${detail}`;
    this.#warn.warn(
      failure,
      { record: id, chat_id, failure, ...(detail === null ? {} : { detail }) },
      `record ${id} is given up: ${why}`,
    );
  }
}
