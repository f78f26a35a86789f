import { formatTimeNear } from '../../output/clock-text.ts';
import { renderTable } from '../../output/table.ts';
import type { Budget } from '../../store/budgets.ts';

/** What `budget show` prints for people. */
export function budgetText(budgets: readonly Budget[], now: Date, timeZone: string, width: number): string {
  if (budgets.length === 0) return 'No bot has called Telegram yet.\n';
  const time = (at: Date | null): string => (at === null ? '' : formatTimeNear(at, now, timeZone));
  const table = renderTable(
    ['bot', 'name', 'next call', 'paused until', 'asked at'],
    budgets.map(({ bot_id, name, next_call_at, paused_until, asked_at }) => [
      bot_id,
      name === null ? '' : `@${name}`,
      next_call_at <= now ? 'now' : time(next_call_at),
      time(paused_until),
      paused_until === null ? '' : time(asked_at),
    ]),
    { maxWidth: width },
  );
  const words = budgets.filter(({ held_up }) => held_up).map((budget) => `${inWords(budget, time)}\n`);
  const wayOut = words.length === 0 ? '' : 'telesweep budget clear ends what Telegram did not ask for.\n';
  return `${table}${words.length === 0 ? '' : '\n'}${words.join('')}${wayOut}`;
}

/** What holds a bot up, in a sentence. */
export function inWords(
  { bot_id, paused_until, cooldown_until, next_call_at, asked_at }: Budget,
  time: (at: Date) => string,
): string {
  const until = paused_until ?? cooldown_until;
  if (until === null) {
    return `Bot ${bot_id} makes no call until ${time(next_call_at)}, as reserved: further ahead than any pass reserves, so a clock went back.`;
  }
  const asked = asked_at === null ? '' : `, as a pass was told that ended at ${time(asked_at)}`;
  const leave = cooldown_until === null ? '' : '; until then passes leave at once (75)';
  return `Bot ${bot_id} makes no call until ${time(until)}${asked}${leave}.`;
}
