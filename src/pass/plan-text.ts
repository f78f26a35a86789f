import type { Plan } from '../job/job.ts';
import { formatCount, formatDuration } from '../output/format.ts';
import { renderTable } from '../output/table.ts';
import type { Summary } from '../process/summary.ts';

const nothing = { calls: 0, seconds: 0 };

/** A dry run for a person: what would be done, a sample of what would go, and what it would cost. @param width columns */
export function renderPlan(summary: Summary, { sample, failed = 0 }: Plan, width: number): string {
  const { job, left, estimate: { calls, seconds } = nothing } = summary;
  const counts = Object.entries(summary.counts).filter(([, n]) => n > 0);
  const lines = [`${job}: a pass now would do this (nothing was changed)`];
  for (const [key, n] of counts) lines.push(`  ${key.replaceAll('_', ' ').padEnd(20)} ${formatCount(n).padStart(12)}`);
  if (failed > 0) lines.push(`  ${failed === 1 ? '1 item' : `${formatCount(failed)} items`} would fail: exit code 1`);
  else if (counts.length === 0) {
    lines.push(`  nothing: ${left.due === 0 ? 'nothing is due' : 'what is due waits after a failure'}`);
  }
  if (calls > 0) lines.push(`  ${formatCount(calls)} calls to Telegram, about ${formatDuration(seconds * 1000)}`);
  const table = sample.rows.length === 0 ? '' : `\n${renderTable(sample.columns, sample.rows, { maxWidth: width })}`;
  return `${lines.join('\n')}\n${table}`;
}
