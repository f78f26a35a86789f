import { formatAge, formatCount } from '../report/format.ts';
import { renderTable } from '../report/table.ts';
import type { FailedCount, FailedItem } from '../store/failed-items.ts';

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
    ['job', 'item', 'chat', 'reason', 'age', ...(detailed ? ['Telegram said'] : [])],
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

/** Why a retry leaves items as they are; empty where it leaves none. */
export function hopelessText(counts: readonly FailedCount[]): string {
  const noLedger = sum(counts.filter(({ reason }) => reason === 'no_ledger'));
  const tooOld = sum(counts) - noLedger;
  const lines: string[] = [];
  if (tooOld > 0) {
    lines.push(
      `Left as they are: ${formatCount(tooOld)} past 48 hours. Telegram never deletes those any more; drop them:`,
      '  telesweep failed drop --reason too_old',
    );
  }
  if (noLedger > 0) {
    lines.push(
      `Left as they are: ${formatCount(noLedger)} without a ledger. Fill broadcast_messages and retry, or drop them:`,
      '  telesweep failed drop --reason no_ledger',
    );
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function sum(counts: readonly FailedCount[]): number {
  return counts.reduce((total, { hopeless }) => total + hopeless, 0);
}
