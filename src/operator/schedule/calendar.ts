/** The fields that the table uses: every minute or hour, some of them, or every so many. */
const fieldPattern = /^(?:\*|\*\/(\d+)|\d+(?:,\d+)*)$/;

interface Times {
  minute: string;
  hour: string;
}

function timesOf(cron: string): Times {
  const [minute = '', hour = '', ...days] = cron.split(' ');
  if (days.join(' ') !== '* * *' || !fieldPattern.test(minute) || !fieldPattern.test(hour)) {
    throw new Error(`the schedule "${cron}" has no counterpart in systemd here`);
  }
  return { minute, hour };
}

/**
 * The times of a day as `OnCalendar=` has them. Source: systemd.time(7), "Calendar Events".
 * @throws Error where the schedule goes by days
 */
export function onCalendar(cron: string, timeZone: string): string {
  const { minute, hour } = timesOf(cron);
  return `*-*-* ${calendarField(hour)}:${calendarField(minute)}:00 ${timeZone}`;
}

function calendarField(field: string): string {
  const step = fieldPattern.exec(field)?.[1];
  if (field === '*') return '*';
  if (step !== undefined) return `00/${step}`;
  return field
    .split(',')
    .map((value) => value.padStart(2, '0'))
    .join(',');
}

/** Seconds from one pass to the next, by the shortest stretch of the day between two. */
export function intervalSeconds(cron: string): number {
  const starts = startsOf(cron);
  const [first = 0] = starts;
  const gaps = starts.map((start, index) => (starts[index + 1] ?? first + 24 * 60) - start);
  return Math.min(...gaps) * 60;
}

/** The minutes of the day, counted from midnight. */
export function startsOf(cron: string): number[] {
  const { minute, hour } = timesOf(cron);
  return valuesOf(hour, 24).flatMap((h) => valuesOf(minute, 60).map((m) => h * 60 + m));
}

function valuesOf(field: string, size: number): number[] {
  const step = field === '*' ? 1 : Number(fieldPattern.exec(field)?.[1] ?? 0);
  if (step === 0) return field.split(',').map(Number);
  return Array.from({ length: Math.ceil(size / step) }, (_, index) => index * step);
}
