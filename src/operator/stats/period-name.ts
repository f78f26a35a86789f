import type { Period, Stretch } from './periods.ts';

const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** What sends the report of such a stretch. */
export function sendCommand(by: string): string {
  return `telesweep stats --send${by === 'week' ? '' : ` --by ${by}`}`;
}

/** `Thu 26 Nov 2026`, `16 – 22 Nov 2026`, `30 Nov – 6 Dec 2026`, `November 2026`. By hand: ICU shortens a month otherwise in each version. */
export function nameOf({ start, end }: Period, by: Stretch): string {
  const [from, to] = [partsOf(start), partsOf(end)];
  switch (by) {
    case 'day':
      return `${from.weekday} ${from.day} ${from.month.slice(0, 3)} ${from.year}`;
    case 'week': {
      const year = from.year === to.year ? '' : ` ${from.year}`;
      const month = from.month === to.month ? '' : ` ${from.month.slice(0, 3)}${year}`;
      return `${from.day}${month} – ${to.day} ${to.month.slice(0, 3)} ${to.year}`;
    }
    case 'month':
      return `${from.month} ${from.year}`;
  }
}

function partsOf(day: string): { year: number; month: string; day: number; weekday: string } {
  const date = new Date(`${day}T00:00:00Z`);
  return {
    year: date.getUTCFullYear(),
    month: months[date.getUTCMonth()] ?? '',
    day: date.getUTCDate(),
    weekday: weekdays[date.getUTCDay()] ?? '',
  };
}
