/** The fields that the table uses: every minute or hour, some of them, or every so many. */
const fieldPattern = /^(?:\*|\*\/(\d+)|\d+(?:,\d+)*)$/;

interface Times {
  minute: string;
  hour: string;
  /** Of the one day of the week on which it runs; null for every day. */
  weekday: string | null;
}

/** By the numbers of cron. */
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function timesOf(cron: string): Times {
  const [minute = '', hour = '', ...days] = cron.split(' ');
  const ofDays = /^\* \* (?:\*|([0-6]))$/.exec(days.join(' '));
  if (ofDays === null || !fieldPattern.test(minute) || !fieldPattern.test(hour)) {
    throw new Error(`the schedule "${cron}" has no counterpart in systemd here`);
  }
  return { minute, hour, weekday: weekdays[Number(ofDays[1] ?? Number.NaN)] ?? null };
}

/**
 * The times of a day as `OnCalendar=` has them. Source: systemd.time(7), "Calendar Events".
 * @throws Error where the schedule goes by days of the month, or by several of the week
 */
export function onCalendar(cron: string, timeZone: string): string {
  const { minute, hour, weekday } = timesOf(cron);
  return `${weekday === null ? '' : `${weekday} `}*-*-* ${calendarField(hour)}:${calendarField(minute)}:00 ${timeZone}`;
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

/** Seconds from one pass to the next, by the shortest stretch between two. */
export function intervalSeconds(cron: string): number {
  const { weekday } = timesOf(cron);
  const starts = startsOf(cron);
  const [first = 0] = starts;
  const round = (weekday === null ? 1 : 7) * 24 * 60;
  const gaps = starts.map((start, index) => (starts[index + 1] ?? first + round) - start);
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
