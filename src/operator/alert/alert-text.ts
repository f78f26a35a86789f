/** The words of alerts: plain text, which Telegram is given without a parse mode. */
import { formatTime } from '../../output/clock-text.ts';
import { formatDuration } from '../../output/format.ts';
import { printable } from '../../output/output.ts';
import type { Sighting } from '../../store/alerts.ts';
import { cut, longestMessage } from '../plain-message.ts';
import type { Ill } from './ill.ts';

/** One thing must not crowd out the others. */
const longestLine = 700;

interface Setting {
  now: Date;
  whose: string;
  timeZone: string;
}

/** A line for each thing, worst first, as many as a message holds. @param still it was told of before */
export function alertText(
  { whose, timeZone }: Setting,
  ills: readonly Ill[],
  seen: ReadonlyMap<string, Sighting>,
  still: boolean,
): string {
  const head = `❌ ${whose}: ${still ? 'still ' : ''}${ills.length} not well`;
  const lines = ills.map((ill) => `• ${cut(lineOf(ill, seen.get(ill.name)?.since ?? null, timeZone), longestLine)}`);
  for (let shown = lines.length; shown > 0; shown--) {
    const left = lines.length - shown;
    const more = left === 0 ? [] : [`… and ${left} more: telesweep doctor`];
    const text = [head, ...lines.slice(0, shown), ...more].join('\n');
    if (text.length <= longestMessage) return text;
  }
  return cut(head, longestMessage);
}

/** The end of an incident. */
export function overText({ whose, now }: Setting, told: readonly string[], openedAt: Date): string {
  const lasted = formatDuration(now.getTime() - openedAt.getTime());
  return cut(`✅ ${whose}: well again after ${lasted}: ${told.join(', ')}`, longestMessage);
}

function lineOf({ name, how, why, wayOut }: Ill, since: Date | null, timeZone: string): string {
  const state = how === null ? name : `${name} is ${how}`;
  const began = since === null ? '' : ` since ${formatTime(since, timeZone)} ${timeZone}`;
  const text = `${state}${began}: ${why}${wayOut === null ? '' : ` → ${wayOut}`}`;
  return printable(text.replace(/\s+/g, ' '));
}
