import type { Metrics, Teller } from './metrics-sample.ts';

/** Where a pass's metrics go; either, both or none. */
export interface MetricsTarget {
  /** METRICS_TEXTFILE_DIR: where node_exporter's textfile collector looks. */
  dir: string | null;
  pushgatewayUrl: string | null;
}

/**
 * Hands the metrics of a pass's job to Prometheus and returns warnings without secrets: a full disk or a dead gateway is no
 * reason for a good pass to fail. Never throws.
 * @param metrics of that job alone; null for a pass that left no record in the database
 * @param endedAt seconds since 1970
 */
export async function writeMetrics(
  { dir, pushgatewayUrl }: MetricsTarget,
  teller: Teller,
  metrics: Metrics | null,
  endedAt: number,
): Promise<string[]> {
  try {
    const { renderMetrics, renderUnrecorded } = await import('./metrics-text.ts');
    const text = metrics === null ? renderUnrecorded(teller, endedAt) : renderMetrics(metrics);
    const name = metrics === null ? textfileOf.unrecorded(teller) : textfileOf.job(teller);
    const warnings = await Promise.all([
      dir === null ? null : toTextfile(dir, name, text, metrics?.readAt ?? endedAt),
      pushgatewayUrl === null ? null : toPushgateway(pushgatewayUrl, teller, text),
    ]);
    return warnings.filter((warning) => warning !== null);
  } catch (error) {
    return [`metrics: ${error instanceof Error ? error.name : 'unknown error'}`];
  }
}

/**
 * No two files tell the same: node_exporter (1.5 tried) would drop one of each pair and log errors. Nor do two bots write one:
 * no job has `_` in its name, so that a name ends where the rest can begin.
 */
export const textfileOf = {
  job: ({ job, name }: Teller): string => textfile(name, job),
  unrecorded: ({ job, name }: Teller): string => textfile(name, `${job}_unrecorded`),
  health: (name: string | null): string => textfile(name, 'health'),
};

function textfile(name: string | null, rest: string): string {
  return `telesweep_${name === null ? '' : `${name}_`}${rest}.prom`;
}

/** @returns a warning, or null */
export async function toTextfile(dir: string, name: string, text: string, readAt: number): Promise<string | null> {
  const { join } = await import('node:path');
  const { writeTextfile } = await import('./metrics-textfile.ts');
  const wrong = await writeTextfile(join(dir, name), text, readAt);
  return wrong === null ? null : `METRICS_TEXTFILE_DIR: ${wrong}`;
}

async function toPushgateway(url: string, teller: Teller, text: string): Promise<string | null> {
  const { pushMetrics } = await import('./metrics-push.ts');
  return pushMetrics(url, teller, text);
}
