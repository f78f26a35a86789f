import type { MetricsSample } from './metrics-sample.ts';

/** Where metrics go; either, both or none. */
export interface MetricsTarget {
  /** METRICS_TEXTFILE_DIR: where node_exporter's textfile collector looks. */
  dir: string | null;
  pushgatewayUrl: string | null;
}

/**
 * Hands the pass's metrics to Prometheus and returns warnings without secrets: a full disk or a dead gateway is no reason for
 * a good pass to fail. Never throws. A dry run, or a pass that found the job taken, did nothing and changes nothing here.
 */
export async function writeMetrics(target: MetricsTarget, sample: MetricsSample): Promise<string[]> {
  const { dir, pushgatewayUrl } = target;
  if (dir === null && pushgatewayUrl === null) return [];
  if (sample.summary.dry_run || sample.summary.stop_reason === 'busy') return [];
  try {
    const { renderMetrics } = await import('./metrics-text.ts');
    const text = await renderMetrics(sample);
    const warnings = await Promise.all([
      dir === null ? null : toTextfile(dir, sample.summary.job, text),
      pushgatewayUrl === null ? null : toPushgateway(pushgatewayUrl, sample.summary.job, text),
    ]);
    return warnings.filter((warning) => warning !== null);
  } catch (error) {
    return [`metrics: ${error instanceof Error ? error.name : 'unknown error'}`];
  }
}

async function toTextfile(dir: string, job: string, text: string): Promise<string | null> {
  const { writeTextfile } = await import('./metrics-textfile.ts');
  return writeTextfile(dir, job, text);
}

async function toPushgateway(url: string, job: string, text: string): Promise<string | null> {
  const { pushMetrics } = await import('./metrics-push.ts');
  return pushMetrics(url, job, text);
}
