import { formatAge, formatCount } from '../../output/format.ts';
import { renderTable } from '../../output/table.ts';
import type { FailedCount, FailedItem } from '../../store/failed-items.ts';

export function itemsOf(counts: readonly FailedCount[]): number {
  return counts.reduce((sum, count) => sum + count.items, 0);
}

/** What `failed list` prints for people. */
export function listText(counts: readonly FailedCount[], items: readonly FailedItem[], width: number): string {
  const total = itemsOf(counts);
  if (total === 0) return 'No failed items.\n';
  const summary = renderTable(
    ['job', 'reason', 'items', 'oldest'],
    counts.map(({ job, reason, items: n, oldest_seconds }) => [job, reason, formatCount(n), formatAge(oldest_seconds)]),
    { maxWidth: width },
  );
  const detailed = items.some(({ detail }) => detail !== null);
  const list = renderTable(
    ['job', 'item', 'chat', 'reason', 'age', ...(detailed ? ['in its own words'] : [])],
    items.map((item) => [
      item.job,
      item.item,
      item.chat_id ?? '',
      item.reason,
      formatAge(item.age_seconds),
      ...(detailed ? [item.detail ?? ''] : []),
    ]),
    { maxWidth: width },
  );
  const more = total > items.length ? `… and ${formatCount(total - items.length)} older: raise --limit.\n` : '';
  return `${summary}\n${list}${more}`;
}

/** What a retry leaves as it is, why, and the way out; empty where it leaves nothing. */
export function leftText(counts: readonly FailedCount[]): string {
  const left = counts.filter(({ hopeless }) => hopeless > 0);
  const noLedger = left.filter(({ reason }) => reason === 'no_ledger');
  const tooOld = left.filter(({ reason }) => reason !== 'no_ledger');
  const lines: string[] = [];
  if (tooOld.length > 0) {
    lines.push(
      `Left as they are: ${formatCount(hopelessOf(tooOld))} past 48 hours, which Telegram never deletes. Drop them:`,
    );
    lines.push(...tooOld.map(dropCommand));
  }
  if (noLedger.length > 0) {
    lines.push(
      `Left as they are: ${formatCount(hopelessOf(noLedger))} without a ledger. Fill broadcast_messages, or drop them:`,
    );
    lines.push(...noLedger.map(dropCommand));
  }
  return lines.map((line) => `${line}\n`).join('');
}

function dropCommand({ job, reason }: FailedCount): string {
  return `  telesweep failed drop --job ${job} --reason ${reason}`;
}

/** Items that a retry would only fail again. */
export function hopelessOf(counts: readonly FailedCount[]): number {
  return counts.reduce((total, { hopeless }) => total + hopeless, 0);
}
