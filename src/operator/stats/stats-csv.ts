import type { Stats } from './read-stats.ts';

/** A line for each figure of each stretch (RFC 4180, but with plain line ends): every figure has its own unit, so a row of its own. */
export function statsCsv({ figures, periods }: Stats): string {
  const rows = periods.flatMap(({ start, end, over, figures: values, before, incomplete }) =>
    figures.map(({ name }) => [
      start,
      end,
      String(over),
      name,
      numberText(values[name]),
      numberText(before[name]),
      incomplete.find((gap) => gap.figures.includes(name))?.text ?? '',
    ]),
  );
  const head = ['start', 'end', 'over', 'figure', 'value', 'before', 'incomplete'];
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

const numberText = (value: number | null | undefined): string => (value == null ? '' : String(value));

const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
