/** Plain text tables for people. By hand: cli-table3 and table cut a column only at a width that the caller has fixed. */

import stringWidth from 'string-width';
import { printable } from './output.ts';

export interface TableOptions {
  /** Columns of the terminal; without it nothing is cut. */
  maxWidth?: number;
  /** Columns that stand to the right whatever they hold. */
  right?: readonly string[];
}

const gap = '  ';
/** As people see them: an emoji may be made of several. */
const characters = new Intl.Segmenter();
/** A column is not cut below this, unless its content is narrower anyway. */
const leastWidth = 6;

/**
 * Lines of text with aligned columns: numbers to the right, the rest to the left. The widest columns are cut, with `…`,
 * until a line fits. Control characters of a cell are left out, because cells come from outside. Ends in a newline.
 */
export function renderTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  { maxWidth = Number.POSITIVE_INFINITY, right = [] }: TableOptions = {},
): string {
  const cells = [columns, ...rows].map((row) =>
    columns.map((_, index) => printable((row[index] ?? '').replace(/\s+/g, ' '))),
  );
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => stringWidth(row[index] ?? ''))));
  const fitted = fitWidths(widths, maxWidth - gap.length * (columns.length - 1));
  const numeric = columns.map((column, index) => {
    if (right.includes(column)) return true;
    const values = cells.slice(1).map((row) => row[index] ?? '');
    return values.some((value) => value !== '') && values.every((value) => /^(-?[\d,.]+( %)?)?$/.test(value));
  });

  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => pad(cut(cell, fitted[index] ?? 0), fitted[index] ?? 0, numeric[index] === true))
      .join(gap)
      .trimEnd();
  const rule = line(fitted.map((width) => '─'.repeat(width)));
  const [header = [], ...body] = cells;
  return `${[line(header), rule, ...body.map(line)].join('\n')}\n`;
}

/** The text, or as much of it as fits into so many columns with a closing `…`. @internal */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = '';
  let used = 1;
  for (const { segment } of characters.segment(text)) {
    used += stringWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return width < 1 ? '' : `${kept}…`;
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return right ? space + text : text + space;
}

/** Takes from the widest column, one by one, until the sum fits or no column can give. */
function fitWidths(widths: readonly number[], room: number): number[] {
  const fitted = [...widths];
  let excess = fitted.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = Math.max(...fitted);
    if (widest <= leastWidth) break;
    fitted[fitted.lastIndexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return fitted;
}
