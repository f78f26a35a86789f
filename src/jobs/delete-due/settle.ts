import type { JobContext } from '../../job.ts';
import { coalesce } from '../../store/coalesce.ts';
import {
  deferRecords,
  failRecords,
  markMessagesDeleted,
  removeRecords,
  startNotices,
  takeBackNotices,
} from '../../store/pending-deletions.ts';
import type { Claim } from '../../telegram/bot.ts';
import type { Failure, Work } from './record.ts';

/** A record that a bot holds locked when it is to be removed gets so many more chances, so far apart. */
const removalTries = 10;
const removalPauseMs = 100;

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
  const fail = coalesce<{ id: string; failure: string }>(async (failures) => {
    await failRecords(db, failures);
    return new Set(failures);
  });
  const defer = coalesce<{ id: string; attempts: number }>(async (records) => {
    await deferRecords(db, records);
    return new Set(records);
  });

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

  const locked: string[] = [];
  const removeLocked = async (): Promise<void> => {
    for (let tries = 0; locked.length > 0 && tries < removalTries; tries++) {
      await new Promise((resolve) => setTimeout(resolve, removalPauseMs));
      const removed = await removeRecords(db, locked);
      locked.splice(0, locked.length, ...locked.filter((id) => !removed.has(id)));
    }
  };

  const settle: Settle = {
    failed: 0,
    succeeded: 0,
    async messagesDeleted(id) {
      await mark(id);
    },
    claim: (id) => ({
      commit: () => start(id),
      takeBack: async () => {
        await takeBack(id);
      },
    }),
    done(id) {
      settle.succeeded++;
      counts.records = (counts.records ?? 0) + 1;
      track(
        remove(id).then((removed) => {
          if (!removed) locked.push(id);
        }),
      );
    },
    fail({ id }, reason) {
      settle.failed++;
      log.warn({ record: id, failure: reason }, `record ${id} is given up: ${reason}`);
      track(fail({ id, failure: reason }));
    },
    defer({ record }) {
      counts.deferred = (counts.deferred ?? 0) + 1;
      track(defer({ id: record.id, attempts: record.attempts }));
    },
    async drain() {
      while (underWay.size > 0) await Promise.all(underWay);
      if (failure !== null) throw failure.error;
      await removeLocked();
    },
  };
  return settle;
}
