import stringWidth from 'string-width';
import { formatTime } from '../../output/clock-text.ts';
import { renderTable } from '../../output/table.ts';
import { wrap } from '../../output/wrap.ts';
import { type Figure, type Group, groups } from './figures.ts';
import { formatChange, formatFigure } from './format-figure.ts';
import { noteOf } from './incomplete.ts';
import { nameOf } from './period-name.ts';
import { isIncomplete, type Stats, type StatsPeriod } from './read-stats.ts';
import { sparkline } from './sparkline.ts';

const gap = 2;
const leastTrend = 6;
const right = ['so far', 'last', 'before', 'change'];

/** What `stats` prints for people: the last stretch that is over beside the one before, and how it came to that. */
export function statsText(stats: Stats, width: number): string {
  const { bot, by, now, timeZone, periods } = stats;
  const whole = periods.filter(({ over }) => over);
  const running = periods.find(({ over }) => !over) ?? null;
  const last = whole.at(-1) ?? null;
  const rows = rowsOf(stats, running, last, whole);
  const columns = ['', ...(running === null ? [] : ['so far']), 'last', 'before', 'change', 'trend'];
  const room = width - trendAt(columns, rows);
  const table = renderTable(
    columns,
    rows.map(({ cells, trend }) => [...cells, trend === null ? '' : tail(trend, Math.max(leastTrend, room))]),
    { maxWidth: width, right },
  );
  const shown = last === null ? '' : `; last: ${nameOf(last, by)}`;
  const head = `${bot} by ${by}${shown}; ${formatTime(now, timeZone)} ${timeZone}`;
  const notes = notesOf(
    stats,
    [running, last].filter((period) => period !== null),
    rows,
  );
  const lines = [...wrap(head, width), '', rows.length === 0 ? 'Nothing was counted.' : table.trimEnd()];
  if (notes.length > 0) lines.push('', '* incomplete:', ...notes.flatMap((note) => indented(note, width)));
  return `${lines.join('\n')}\n`;
}

interface Row {
  figure: Figure | null;
  cells: readonly string[];
  trend: string | null;
}

function rowsOf(
  { figures, periods }: Stats,
  running: StatsPeriod | null,
  last: StatsPeriod | null,
  whole: readonly StatsPeriod[],
): Row[] {
  const cell = (figure: Figure, period: StatsPeriod | null, values = period?.figures): string => {
    const text = formatFigure(figure, values?.[figure.name] ?? null) || '–';
    return period !== null && values === period.figures && isIncomplete(period, figure) ? `${text}*` : text;
  };
  const rowOf = (figure: Figure): Row => {
    const value = last?.figures[figure.name] ?? null;
    const before = last?.before[figure.name] ?? null;
    const cells = [
      ` ${figure.label}`,
      ...(running === null ? [] : [cell(figure, running)]),
      cell(figure, last),
      cell(figure, last, last?.before),
      formatChange(figure, value, before),
    ];
    const values = whole.map((period) => period.figures[figure.name] ?? null);
    return { figure, cells, trend: sparkline(values, figure.standing !== true && figure.unit !== 'share') };
  };
  return (Object.keys(groups) as Group[]).flatMap((group) => {
    // Rows and dead rows of each table stand in the other forms: on a terminal they would take most of it.
    const shown = figures.filter((figure) => figure.group === group && !/^(dead_)?rows:/.test(figure.name));
    const used = shown.some(({ name }) => periods.some((period) => (period.figures[name] ?? 0) !== 0));
    return used ? [{ figure: null, cells: [groups[group]], trend: null }, ...shown.map(rowOf)] : [];
  });
}

/** Where the last column begins. */
function trendAt(columns: readonly string[], rows: readonly Row[]): number {
  const widths = columns
    .slice(0, -1)
    .map((column, n) => Math.max(stringWidth(column), ...rows.map(({ cells }) => stringWidth(cells[n] ?? ''))));
  return widths.reduce((sum, width) => sum + width + gap, 0);
}

/** The latest of it. Its characters are of one column each. */
const tail = (trend: string, room: number): string => trend.slice(-Math.min(room, trend.length));

/** What is not whole of the stretches that are shown; what holds for all of them is said once. */
function notesOf({ by, figures }: Stats, periods: readonly StatsPeriod[], rows: readonly Row[]): string[] {
  const shown = new Set(rows.map(({ figure }) => figure?.name));
  const notes = new Map<string, string[]>();
  for (const period of periods) {
    for (const gap of period.incomplete) {
      // Where nothing of them is shown, these are why.
      const explains = gap.why === 'no_users_table' || gap.why === 'not_counted_yet';
      if (!explains && !gap.figures.some((name) => shown.has(name))) continue;
      const note = noteOf(gap, figures);
      notes.set(note, [...(notes.get(note) ?? []), nameOf(period, by)]);
    }
  }
  return [...notes].map(([note, names]) => (names.length === periods.length ? note : `${names.join(', ')}: ${note}`));
}

function indented(note: string, width: number): string[] {
  return wrap(note, width - 4).map((line, n) => (n === 0 ? `  ${line}` : `    ${line}`));
}
