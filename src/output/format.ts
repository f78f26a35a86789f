/** Numbers and times as people read them. What settings accept and print is in duration.ts. */

/** A whole number in groups of three: `1,234`. */
export function formatCount(count: number): string {
  return String(Math.trunc(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A share of a whole, rounded down so that only a finished whole reads `100 %`; `0 %` of nothing. */
export function formatPercent(part: number, whole: number): string {
  const share = whole > 0 ? Math.min(part / whole, 1) : 0;
  return `${Math.floor(share * 100)} %`;
}

/** Items a second: `25/s`, and below ten with one decimal: `2.5/s`. */
export function formatRate(perSecond: number): string {
  return `${perSecond < 9.95 ? String(Number(perSecond.toFixed(1))) : formatCount(Math.round(perSecond))}/s`;
}

/** A stretch of time in its two largest units: `812 ms`, `2.5 s`, `2 min 5 s`, `10 h 58 min`, `3 d 4 h`. */
export function formatDuration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return twoUnits(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return twoUnits(minutes, 60, 'h', 'min');
  return twoUnits(Math.round(minutes / 60), 24, 'd', 'h');
}

/** An age given in seconds, as `formatDuration` writes it: `0 s`, `3 d 4 h`. */
export function formatAge(seconds: number): string {
  return seconds < 1 ? '0 s' : formatDuration(Math.floor(seconds) * 1000);
}

function twoUnits(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size;
  const whole = `${formatCount((amount - rest) / size)} ${large}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}
