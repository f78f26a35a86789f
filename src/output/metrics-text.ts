import { Counter, Gauge, Registry } from 'prom-client';
import type { MetricsSample } from './metrics-sample.ts';

/**
 * The metrics of one pass in Prometheus's text format. What the pass does not know is left out: the reader keeps the value
 * it has. So a failed pass leaves the last success alone.
 * The job's label is `sweep_job`, because Prometheus puts its own `job` on whatever it scrapes.
 */
export async function renderMetrics(sample: MetricsSample): Promise<string> {
  const { summary, exitCode } = sample;
  const registry = new Registry();
  const labels = { sweep_job: summary.job };
  const registers = [registry];

  const gauge = (name: string, help: string, value: number) =>
    new Gauge({ name: `telesweep_${name}`, help, labelNames: ['sweep_job'], registers }).set(labels, value);

  const finishedAt = Date.parse(summary.started_at) / 1000 + summary.duration_ms / 1000;
  if (exitCode === 0) {
    gauge('last_success_timestamp_seconds', 'When the last pass that exited 0 ended.', finishedAt);
  }
  gauge('last_completion_timestamp_seconds', 'When the last pass ended, however it went.', finishedAt);
  gauge('last_duration_seconds', 'How long the last pass took.', summary.duration_ms / 1000);
  gauge('last_exit_code', 'The exit code of the last pass.', exitCode);
  gauge('last_api_calls', 'Bot API calls of the last pass.', summary.telegram.calls);
  gauge('last_rate_limited_calls', 'Bot API calls of the last pass answered with 429.', summary.telegram.rate_limited);

  const items = new Gauge({
    name: 'telesweep_last_items',
    help: 'What the last pass did, by the keys of its summary.',
    labelNames: ['sweep_job', 'result'],
    registers,
  });
  for (const [result, count] of Object.entries(summary.counts)) items.set({ ...labels, result }, count);

  // A pass that broke off never looked.
  if (summary.stop_reason !== 'error') {
    gauge('backlog_items', 'Due items that the last pass left.', summary.left.due);
    gauge(
      'backlog_oldest_age_seconds',
      'How long the oldest of them had been due at the end of the pass.',
      summary.left.oldest_due_seconds,
    );
    gauge(
      'budget_paused_until_timestamp_seconds',
      'When the pause that Telegram asked for ends; 0 where it asked for none.',
      sample.pausedUntil === null ? 0 : sample.pausedUntil.getTime() / 1000,
    );
  }
  if (sample.nearDeadline !== null) {
    gauge('near_deadline_items', "Due messages close to Telegram's limit of 48 hours.", sample.nearDeadline);
  }
  if (sample.guidesPosted !== null) {
    const posts = new Counter({
      name: 'guides_posts_total',
      help: 'Guide posts so far, by what became of them.',
      labelNames: ['sweep_job', 'status'],
      registers,
    });
    for (const [status, count] of Object.entries(sample.guidesPosted)) posts.inc({ ...labels, status }, count);
  }
  return registry.metrics();
}
