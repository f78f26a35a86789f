/** Times as people read them, in their own time zone. */

/** Year, month, day, hour and minute, each as text with its leading zeros. */
function partsOf(date: Date, timeZone: string): Record<'year' | 'month' | 'day' | 'hour' | 'minute', string> {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const found = { year: '', month: '', day: '', hour: '', minute: '' };
  for (const { type, value } of format.formatToParts(date)) {
    if (type === 'year' || type === 'month' || type === 'day' || type === 'hour' || type === 'minute') {
      found[type] = value;
    }
  }
  return found;
}

/** `2026-01-31 14:35` */
export function formatTime(date: Date, timeZone: string): string {
  const { year, month, day, hour, minute } = partsOf(date, timeZone);
  return `${year}-${month}-${day} ${hour}:${minute}`;
}

/** As much of it as tells it from now: `14:35` today, `02-01 14:35` this year. */
export function formatTimeNear(date: Date, now: Date, timeZone: string): string {
  const text = formatTime(date, timeZone);
  const today = formatTime(now, timeZone);
  if (text.slice(0, 10) === today.slice(0, 10)) return text.slice(11);
  return text.slice(0, 5) === today.slice(0, 5) ? text.slice(5) : text;
}
