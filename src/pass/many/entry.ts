import { badness } from '../../process/exit-code.ts';
import type { Counts, Summary } from '../../process/summary.ts';

/** What became of one bot: its object under `--json`. */
export interface Entry {
  bot: string;
  exit_code: number;
  /** Null where it did not come to a pass. */
  summary: Summary | null;
  /** Why it did not. */
  error?: string;
  /** The time was over before its turn, or a signal came. */
  unreached?: true;
}

/** One entry for a bot that had several turns: what they did together, and how the last of them ended. */
export function joined(before: Entry | undefined, next: Entry & { summary: Summary }): Entry {
  const first = before?.summary;
  if (before === undefined || first == null) return next;
  const { summary } = next;
  const gaveUp = badness(before.exit_code) < badness(next.exit_code);
  return {
    ...next,
    // What the first turn gave up is given up.
    exit_code: gaveUp ? before.exit_code : next.exit_code,
    summary: {
      ...summary,
      outcome: gaveUp && summary.outcome === 'ok' ? 'partial' : summary.outcome,
      started_at: first.started_at,
      duration_ms: first.duration_ms + summary.duration_ms,
      counts: sum(first.counts, summary.counts),
      telegram: {
        calls: first.telegram.calls + summary.telegram.calls,
        rate_limited: first.telegram.rate_limited + summary.telegram.rate_limited,
      },
    },
  };
}

function sum(a: Counts, b: Counts): Counts {
  return Object.fromEntries(Object.entries(b).map(([key, n]) => [key, n + (a[key] ?? 0)]));
}
