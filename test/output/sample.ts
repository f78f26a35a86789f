import type { JobMetrics, Metrics } from '../../src/output/metrics-sample.ts';

/** The metrics of delete-due after a pass that deleted, failed and waited, but for what is given. */
export function jobSample(job: Partial<JobMetrics> = {}): JobMetrics {
  return {
    job: 'delete-due',
    botId: '123456789',
    lastSuccess: 1_767_323_045.812,
    lastCompletion: 1_767_323_105.5,
    lastDurationSeconds: 0.812,
    lastExitCode: 1,
    backlog: { due: 2, oldest_due_seconds: 65 },
    nearDeadline: 4,
    pausedUntil: 0,
    totals: [
      { botId: '123456789', name: 'calls', label: '', value: 70 },
      { botId: '123456789', name: 'failed', label: 'too_old', value: 2 },
      { botId: '123456789', name: 'items', label: 'messages_deleted', value: 150 },
      { botId: '123456789', name: 'items', label: 'records', value: 30 },
      { botId: '123456789', name: 'late', label: '2', value: 3 },
      { botId: '123456789', name: 'late', label: '60', value: 4 },
      { botId: '123456789', name: 'late', label: 'inf', value: 1 },
      { botId: '123456789', name: 'late_ms', label: '', value: 400_125 },
      { botId: '123456789', name: 'passes', label: 'ok 0', value: 9 },
      { botId: '123456789', name: 'passes', label: 'failed 70', value: 1 },
      { botId: '123456789', name: 'rate_limited', label: '', value: 1 },
    ],
    guidePosts: null,
    ...job,
  };
}

export function sampleOf(job: Partial<JobMetrics> = {}, readAt = 1_767_323_106): Metrics {
  return { name: null, schema: 'public', readAt, jobs: [jobSample(job)] };
}
