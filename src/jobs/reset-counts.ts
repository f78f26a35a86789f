import type { Job } from '../job.ts';
import { anyPastCounter, counterBacklog } from '../store/due.ts';
import { sweepBatches } from './sweep-batches.ts';

/** Deletes the counters of days before today, so that readers may make tokens again. Today's are never touched. */
export const resetCounts: Job = {
  name: 'reset-counts',
  summary: 'delete the token counters of days before today',
  token: null,
  requires: [],
  countKeys: ['deleted'],
  mark: '🔄',
  due: (settings) => ({ text: anyPastCounter, values: [settings.timeZone] }),
  backlog: (settings) => ({ text: counterBacklog, values: [settings.timeZone] }),
  message: (counts) => `Token counts reset completed: deleted ${counts.deleted ?? 0} counters`,

  async run(context) {
    const { countPastCounters, deletePastCounters } = await import('../store/token-counters.ts');
    const { db, now } = context;
    const { timeZone } = context.settings;
    const total = await countPastCounters(db, now, timeZone);
    return sweepBatches(context, total, (from, rows) => deletePastCounters(db, now, timeZone, from, rows));
  },

  async plan({ db, now, limit, counts, settings: { timeZone } }) {
    const { countPastCounters, samplePastCounters } = await import('../store/token-counters.ts');
    counts.deleted = Math.min(await countPastCounters(db, now, timeZone), limit ?? Number.POSITIVE_INFINITY);
    const sample = counts.deleted === 0 ? [] : await samplePastCounters(db, now, timeZone, 10);
    return {
      counts,
      estimate: { calls: 0, seconds: 0 },
      sample: {
        columns: ['date', 'users', 'tokens'],
        rows: sample.map((row) => [row.date, String(row.users), row.tokens]),
      },
    };
  },
};
