import type { Job } from '../job/job.ts';
import { anyUsedToken, anyUsedTokenAt, tokenBacklog } from '../store/due.ts';
import { instantLiteral } from '../store/instant.ts';
import { rowCounts, sweepBatches } from './sweep-batches.ts';

/** Deletes tokens that were used and have expired. A token that nobody used stays, however old. */
export const cleanupTokens: Job<typeof rowCounts> = {
  name: 'cleanup-tokens',
  summary: 'delete tokens that were used and have expired',
  token: null,
  requires: [],
  counts: rowCounts,
  cron: () => '0 0,12 * * *',
  maxRuntime: '55m',
  mark: '🧹',
  due: () => ({ text: anyUsedToken, values: [] }),
  dueSince: (_, began) => ({ text: anyUsedTokenAt(instantLiteral(began)), values: [] }),
  backlog: () => ({ text: tokenBacklog, values: [] }),
  message: (counts) => `Token cleanup completed: deleted ${counts.deleted} tokens`,

  async run(context) {
    const tokens = await import('../store/tokens.ts');
    const { asksForEachRow } = await import('../store/row-triggers.ts');
    const { briefCount } = await import('../store/brief-count.ts');
    const { db, now } = context;
    return sweepBatches(context, {
      asksForEachRow: () => asksForEachRow(db, '$bots.tokens'),
      deleteRange: (range) => tokens.deleteUsedTokens(db, now, range),
      count: () => briefCount(db, (transaction) => tokens.countUsedTokens(transaction, now)),
      lookAgain: () => tokens.lookForKeptTokens(db, now),
      pages: {
        outOfOrder: () => tokens.tokenPagesOutOfOrder(db),
        delete: (from, to) => tokens.deleteUsedTokensIn(db, now, from, to),
      },
    });
  },

  async plan({ db, now, limit, counts }) {
    const { countUsedTokens, sampleUsedTokens } = await import('../store/tokens.ts');
    counts.deleted = Math.min(await countUsedTokens(db, now), limit ?? Number.POSITIVE_INFINITY);
    const sample = await sampleUsedTokens(db, now, Math.min(10, counts.deleted));
    return {
      calls: 0,
      sample: {
        columns: ['unique_id', 'created_by', 'status', 'expired at'],
        rows: sample.map((row) => [row.unique_id ?? '', row.created_by ?? '', row.status, row.expires_at]),
      },
    };
  },
};
