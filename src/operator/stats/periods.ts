/** Stretches of the calendar. A day is a date, whatever the clock of the zone does in it, so its change is no concern here. */

export const stretches = ['day', 'week', 'month'] as const;
export type Stretch = (typeof stretches)[number];

/** Whole days, `YYYY-MM-DD`, the last one included. */
export interface Period {
  start: string;
  end: string;
  /** Its last day has ended. */
  over: boolean;
}

const dayMs = 86_400_000;

const msOf = (day: string): number => Date.parse(`${day}T00:00:00Z`);
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** @param days negative for earlier ones */
export function addDays(day: string, days: number): string {
  return dayOf(msOf(day) + days * dayMs);
}

/** The first day of the stretch that holds a day. Weeks begin on Monday. */
function startOf(stretch: Stretch, day: string): string {
  switch (stretch) {
    case 'day':
      return day;
    case 'week':
      return addDays(day, -((new Date(msOf(day)).getUTCDay() + 6) % 7));
    case 'month':
      return `${day.slice(0, 8)}01`;
  }
}

/** The first day of the stretch after the one that begins on this day. */
function nextStart(stretch: Stretch, start: string): string {
  switch (stretch) {
    case 'day':
      return addDays(start, 1);
    case 'week':
      return addDays(start, 7);
    case 'month':
      return startOf('month', addDays(start, 31));
  }
}

/** The stretch that holds a day. */
export function periodOf(stretch: Stretch, day: string, today: string): Period {
  const start = startOf(stretch, day);
  const end = addDays(nextStart(stretch, start), -1);
  return { start, end, over: end < today };
}

/** From the one that holds the first day to the one that holds today, oldest first, each of them whole. */
export function periodsFrom(stretch: Stretch, first: string, today: string): Period[] {
  const periods: Period[] = [];
  for (let start = startOf(stretch, first); start <= today; start = nextStart(stretch, start))
    periods.push(periodOf(stretch, start, today));
  return periods;
}

/** The one before. */
export function periodBefore(stretch: Stretch, { start }: Period, today: string): Period {
  return periodOf(stretch, addDays(start, -1), today);
}
