import { Ends } from '../../engine/ends.ts';
import { condemns } from '../../engine/sighting.ts';
import { plus } from '../../store/daily-counts.ts';
import type { DueCounts } from './counts.ts';
import { type Failure, type RecordChangeWrite, type Row, type Work, writeOf } from './record.ts';

/** What became of records. */
export class RecordEnds extends Ends<keyof DueCounts, RecordChangeWrite> {
  done(work: Row): void {
    this.succeeded++;
    this.count('records');
    this.context.progress.advance(1);
    this.put(writeOf(work, 'remove'));
  }

  /** The messages of a record are deleted. @param leaves whether its notice stays in the table for now */
  mark(work: Work, leaves: boolean): void {
    this.put(writeOf(work, 'mark', { leaves }));
  }

  /** @param messages of it that are given up */
  fail(work: Row, failure: Failure, messages: number, detail: string | null = null): void {
    const { id, chat_id } = work.record;
    this.count('messages_failed', messages);
    work.figures = plus(work.figures, { messages_failed: messages, [`messages_failed:${failure}`]: messages });
    this.context.progress.advance(1);
    this.sayFailed(`record ${id}`, { record: id, chat_id }, failure, detail);
    this.put(writeOf(work, 'fail', { failure, detail }));
  }

  /** Leaves a record for a later pass, after a growing wait. */
  defer(work: Work, detail: string, refused = false): void {
    const { id, chat_id } = work.record;
    this.sayDeferred(`record ${id}`, { record: id, chat_id }, detail);
    this.put(writeOf(work, 'defer', { detail, refused }));
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
      this.fail(work, failure, messages, detail);
    } else this.defer(work, detail, true);
  }

  /** A notice of which nobody knows whether it arrived: it is not repeated. */
  uncertain(work: Omit<Row, 'claimed'>, why: string): void {
    const { id, chat_id, user_id, unique_id } = work.record;
    this.count('notices_uncertain');
    this.context.log.warn(
      { record: id, chat_id, user_id, unique_id },
      `the notice of record ${id} may or may not have arrived and is not repeated: ${why}`,
    );
    this.done({ ...work, claimed: true, figures: plus(work.figures, { notices_uncertain: 1 }) });
  }

  /** The database does not let a record go, or be written at all. */
  held({ id, change }: RecordChangeWrite, detail: string): void {
    if (change === 'remove') {
      this.succeeded--;
      this.count('records', -1);
      this.sayFailed(`record ${id}`, { record: id }, 'held_by_database', detail);
    } else this.sayHeld(`record ${id}`, { record: id }, detail);
  }
}
