import type { MetricsSample } from '../../src/output/metrics-sample.ts';
import type { Summary } from '../../src/process/summary.ts';

/** The metrics of a good pass of delete-due, but for what is given. */
export function sampleOf({
  summary = {},
  ...rest
}: Partial<Omit<MetricsSample, 'summary'>> & { summary?: Partial<Summary> } = {}): MetricsSample {
  return {
    summary: {
      job: 'delete-due',
      run_id: 'run-1',
      outcome: 'ok',
      stop_reason: 'done',
      dry_run: false,
      started_at: '2026-01-02T03:04:05.000Z',
      duration_ms: 812,
      counts: { records: 3, messages_deleted: 15 },
      telegram: { calls: 7, rate_limited: 1 },
      left: { due: 2, oldest_due_seconds: 65 },
      ...summary,
    },
    exitCode: 0,
    nearDeadline: 4,
    pausedUntil: null,
    guidesPosted: null,
    ...rest,
  };
}

/** The metrics of a pass that broke off. */
export function failedSample(): MetricsSample {
  return sampleOf({
    summary: {
      outcome: 'failed',
      stop_reason: 'error',
      started_at: '2026-01-02T04:00:00.000Z',
      left: { due: 0, oldest_due_seconds: 0 },
    },
    exitCode: 69,
    nearDeadline: null,
  });
}
