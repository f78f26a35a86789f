import type { JobMetrics, Metrics, Total } from '../output/metrics-sample.ts';
import type { Backlog } from '../process/summary.ts';
import type { Settings } from '../settings/settings.ts';
import type { Connection } from '../store/connect.ts';
import { readRecords } from '../store/metrics.ts';
import { readBacklog } from '../store/runs.ts';
import type { TotalName } from '../store/totals.ts';
import { botOf } from './bot-of.ts';
import type { Job } from './job.ts';

/**
 * Reads all that metrics tell of the jobs.
 * @param backlog where it is known already; a count of millions takes its time
 */
export async function readMetrics(
  connection: Connection,
  settings: Settings,
  jobs: readonly Job[],
  backlog: Backlog | null = null,
): Promise<Metrics> {
  const asked = jobs.map((job) => ({ job: job.name, botId: botOf(job, settings) }));
  const { schema, readAt, records } = await readRecords(connection, asked);
  const told: JobMetrics[] = [];
  for (const [index, job] of jobs.entries()) {
    const record = records[index];
    if (record === undefined) throw new Error(`the records have no row for ${job.name}`);
    told.push({
      job: job.name,
      botId: asked[index]?.botId ?? null,
      ...record,
      totals: withZeros(record.totals, job, asked[index]?.botId ?? null),
      backlog: backlog ?? (await readBacklog(connection, job.backlog(settings))),
      nearDeadline: await readNear(connection, job),
      guidePosts: await readPosts(connection, job),
    });
  }
  return { name: settings.name, schema, readAt, jobs: told };
}

/** A counter that begins with its first event has no increase that Prometheus could see: what can come stands at 0 before. */
function withZeros(totals: readonly Total[], { counts }: Job, botId: string | null): Total[] {
  const known: readonly (readonly [TotalName, string])[] = [
    ...Object.keys(counts).map((key) => ['items', key] as const),
    ...['ok 0', 'partial 1', 'failed 1'].map((label) => ['passes', label] as const),
    ...(botId === null ? [] : (['calls', 'rate_limited'] as const).map((name) => [name, ''] as const)),
  ];
  const missing = known.filter(
    ([name, label]) => !totals.some((total) => total.name === name && total.label === label && total.botId === botId),
  );
  return [...totals, ...missing.map(([name, label]) => ({ botId, name, label, value: 0 }))];
}

async function readNear(connection: Connection, { nearDeadline }: Job): Promise<number | null> {
  if (nearDeadline === undefined) return null;
  const [row] = await connection.query<{ near: number }>(nearDeadline);
  return row?.near ?? null;
}

async function readPosts(connection: Connection, { guideTotals }: Job): Promise<Record<string, number> | null> {
  if (guideTotals === undefined) return null;
  const rows = await connection.query<{ status: string; total: number }>(guideTotals);
  return Object.fromEntries(rows.map(({ status, total }) => [status, total]));
}
