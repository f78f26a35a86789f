/** The figures as a table for a person. */
import { renderTable } from '../src/report/table.ts';
import type { Figure, Target } from './figure.ts';

const columns = ['measured', 'value', 'against', 'ratio', 'target', 'met'];

export function tableOf(figures: readonly Figure[]): string {
  const groups = [...new Set(figures.map(({ group }) => group))];
  const rows = groups.flatMap((group) => [[group], ...figures.filter((figure) => figure.group === group).map(rowOf)]);
  return renderTable(columns, rows, { maxWidth: 120 });
}

function rowOf({ what, value, unit, base, ratio, target, met }: Figure): string[] {
  return [
    `· ${what}`,
    `${round(value)} ${unit}`.trimEnd(),
    base === undefined ? '' : `${base.what}: ${round(base.value)} ${unit}`.trimEnd(),
    ratio === undefined ? '' : ratio.toFixed(2),
    target === undefined ? '' : textOf(target),
    met === undefined ? '' : met ? 'yes' : 'NO',
  ];
}

/** Three digits that count. */
function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

function textOf({ most, least }: Target): string {
  return most === undefined ? `at least ${least}` : `at most ${most}`;
}
