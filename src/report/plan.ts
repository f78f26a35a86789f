import type { Counts, Plan } from '../job.ts';
import { formatCount, formatDuration } from './format.ts';
import { renderTable } from './table.ts';

/** A dry run for a person: what would be done, a sample of what would go, and what it would cost. */
export function renderPlan(job: string, planned: Counts, plan: Plan, columns: number | undefined): string {
  const counts = Object.entries(planned).filter(([, n]) => n > 0);
  const lines = [`${job}: a pass now would do this (nothing was changed)`];
  if (counts.length === 0) lines.push('  nothing: nothing is due');
  else
    for (const [key, n] of counts)
      lines.push(`  ${key.replaceAll('_', ' ').padEnd(20)} ${formatCount(n).padStart(12)}`);
  const { calls, seconds } = plan.estimate;
  if (calls > 0) lines.push(`  ${formatCount(calls)} calls to Telegram, about ${formatDuration(seconds * 1000)}`);
  const sample =
    plan.sample.rows.length === 0
      ? ''
      : `\n${renderTable(plan.sample.columns, plan.sample.rows, { maxWidth: columns })}`;
  return `${lines.join('\n')}\n${sample}`;
}
