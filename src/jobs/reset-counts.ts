import type { Job } from '../job/job.ts';
import { anyPastCounter, anyPastCounterAt, counterBacklog } from '../store/due.ts';
import { instantLiteral } from '../store/instant.ts';
import { rowCounts, sweepBatches } from './sweep-batches.ts';

/** Deletes the counters of days before today, so that readers may make tokens again. Today's are never touched. */
export const resetCounts: Job<typeof rowCounts> = {
  name: 'reset-counts',
  summary: 'delete the token counters of days before today',
  token: null,
  requires: [],
  counts: rowCounts,
  cron: () => '0 0 * * *',
  maxRuntime: '55m',
  mark: '🔄',
  due: (settings) => ({ text: anyPastCounter, values: [settings.timeZone] }),
  dueSince: ({ timeZone }, began) => ({ text: anyPastCounterAt(instantLiteral(began)), values: [timeZone] }),
  backlog: (settings) => ({ text: counterBacklog, values: [settings.timeZone] }),
  message: (counts) => `Token counts reset completed: deleted ${counts.deleted} counters`,

  async run(context) {
    const { countPastCounters, deletePastCounters, lookForKeptCounters } = await import('../store/token-counters.ts');
    const { asksForEachRow } = await import('../store/row-triggers.ts');
    const { briefCount } = await import('../store/brief-count.ts');
    const { db, now, settings } = context;
    const today = { now, timeZone: settings.timeZone };
    return sweepBatches(context, {
      asksForEachRow: () => asksForEachRow(db, '$bots.token_generator_count'),
      deleteRange: (range) => deletePastCounters(db, today, range),
      count: () => briefCount(db, (transaction) => countPastCounters(transaction, today)),
      lookAgain: () => lookForKeptCounters(db, today),
    });
  },

  async plan({ db, now, limit, counts, settings }) {
    const { countPastCounters, samplePastCounters } = await import('../store/token-counters.ts');
    const today = { now, timeZone: settings.timeZone };
    counts.deleted = Math.min(await countPastCounters(db, today), limit ?? Number.POSITIVE_INFINITY);
    const sample = counts.deleted === 0 ? [] : await samplePastCounters(db, today, 10);
    return {
      calls: 0,
      sample: {
        columns: ['date', 'users', 'tokens'],
        rows: sample.map((row) => [row.date, String(row.users), row.tokens]),
      },
    };
  },
};
