import type { JobContext } from '../job/job.ts';
import { WarnFew } from './warn-few.ts';

/** Counts and says what became of a job's rows, and hands it to the writer. Each row is settled once. */
export class Ends<K extends string, W> {
  failed = 0;
  succeeded = 0;
  protected readonly context: JobContext<Record<K | 'deferred', number>>;
  protected readonly put: (write: W) => void;
  readonly #warn: WarnFew;

  constructor(context: JobContext<Record<K | 'deferred', number>>, put: (write: W) => void) {
    this.context = context;
    this.put = put;
    this.#warn = new WarnFew(context.log);
  }

  count(key: K | 'deferred', n = 1): void {
    this.context.counts[key] += n;
  }

  /** What the first warnings of each reason left out. */
  sumUp(): void {
    this.#warn.sumUp();
  }

  /** @param name of the row, in a sentence; @param fields that name it in the log */
  protected sayFailed(name: string, fields: object, failure: string, detail: string | null): void {
    this.failed++;
    this.context.tally.failed(failure);
    const [why, more] = detail === null ? [failure, {}] : [`${failure}: ${detail}`, { detail }];
    this.#warn.warn(failure, { ...fields, failure, ...more }, `${name} is given up: ${why}`);
  }

  /** The database lets nothing be written on the row, not even that it is given up. */
  protected sayHeld(name: string, fields: object, detail: string): void {
    this.failed++;
    this.context.tally.failed('held_by_database');
    const words = `the database does not let ${name} be written, and so it stays as it is: ${detail}`;
    this.#warn.warn('held_by_database', { ...fields, detail }, words);
  }

  protected sayDeferred(name: string, fields: object, detail: string): void {
    this.count('deferred');
    this.context.progress.advance(1);
    this.context.log.debug({ ...fields, detail }, `${name} is left for a later pass: ${detail}`);
  }
}
