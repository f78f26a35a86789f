import type { JobContext } from '../../job.ts';
import { coalesce } from '../../store/coalesce.ts';
import {
  type DeferredRecord,
  deferRecords,
  type FailedRecord,
  failRecords,
  markMessagesDeleted,
  removeRecords,
  startNotices,
  takeBackNotices,
} from '../../store/pending-deletions.ts';
import type { Claim } from '../../telegram/bot.ts';
import type { Failure, Work } from './record.ts';

/** What somebody's lock keeps from being written gets so many more chances, so far apart. */
const lockedTries = 10;
const lockedPauseMs = 100;

/** Writes down what became of records, in bulk while calls go on. */
export interface Settle {
  failed: number;
  succeeded: number;
  /** Commits that Telegram answered for all messages of the record. */
  messagesDeleted(id: string): Promise<void>;
  /** The intent to send the record's notice. */
  claim(id: string): Claim;
  done(id: string): void;
  fail(work: { id: string }, failure: Failure): void;
  /** Leaves the record for a later pass, after a growing wait. */
  defer(work: Work): void;
  /** Waits until all is written. @throws what a statement threw */
  drain(): Promise<void>;
}

export function createSettle({ db, runId, counts, log }: JobContext): Settle {
  const mark = coalesce<string>((ids) => markMessagesDeleted(db, ids));
  const start = coalesce<string>((ids) => startNotices(db, runId, ids));
  const takeBack = coalesce<string>((ids) => takeBackNotices(db, ids));
  const remove = coalesce<string>((ids) => removeRecords(db, ids));
  const fail = coalesce<FailedRecord>((failures) => failRecords(db, failures));
  const defer = coalesce<DeferredRecord>((records) => deferRecords(db, records));

  /** Records with an intent of this pass. Those of another pass, which may have taken over, are left alone. */
  const claimed = new Set<string>();

  const underWay = new Set<Promise<unknown>>();
  let failure: { error: unknown } | null = null;
  const track = (promise: Promise<unknown>): void => {
    const tracked = promise
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  };

  type Write = () => Promise<boolean>;
  let locked: Write[] = [];
  const write = async (one: Write): Promise<void> => {
    if (!(await one())) locked.push(one);
  };
  const writeLocked = async (): Promise<void> => {
    for (let tries = 0; locked.length > 0 && tries < lockedTries; tries++) {
      await new Promise((resolve) => setTimeout(resolve, lockedPauseMs));
      const again = locked;
      locked = [];
      await Promise.all(again.map(write));
    }
  };

  const settle: Settle = {
    failed: 0,
    succeeded: 0,
    async messagesDeleted(id) {
      await mark(id);
    },
    claim: (id) => ({
      async commit() {
        const started = await start(id);
        if (started) claimed.add(id);
        return started;
      },
      async takeBack() {
        await write(() => takeBack(id));
        claimed.delete(id);
      },
    }),
    done(id) {
      settle.succeeded++;
      counts.records = (counts.records ?? 0) + 1;
      track(write(() => remove(id)));
    },
    fail({ id }, reason) {
      settle.failed++;
      log.warn({ record: id, failure: reason }, `record ${id} is given up: ${reason}`);
      const record = { id, failure: reason, claimed: claimed.has(id) };
      track(write(() => fail(record)));
    },
    defer({ record: { id, attempts } }) {
      counts.deferred = (counts.deferred ?? 0) + 1;
      const record = { id, attempts, claimed: claimed.has(id) };
      track(write(() => defer(record)));
    },
    async drain() {
      while (underWay.size > 0) await Promise.all(underWay);
      if (failure !== null) throw failure.error;
      await writeLocked();
    },
  };
  return settle;
}
