/** The figures as a table for a person. */
import { renderTable } from '../src/output/table.ts';
import type { Figure, Target, Unit } from './figure.ts';

const columns = ['measured', 'value', 'against', 'ratio', 'target', 'met'];

export function tableOf(figures: readonly Figure[]): string {
  const groups = [...new Set(figures.map(({ group }) => group))];
  const rows = groups.flatMap((group) => [[group], ...figures.filter((figure) => figure.group === group).map(rowOf)]);
  return renderTable(columns, rows, { maxWidth: 120 });
}

function rowOf({ what, value, unit, base, before, ratio, target, met }: Figure): string[] {
  return [
    `· ${what}`,
    withUnit(value, unit),
    [
      ...(base === undefined ? [] : [`${base.what}: ${withUnit(base.value, unit)}`]),
      ...(before === undefined ? [] : [`0.1.0: ${withUnit(before, unit)}`]),
    ].join(', '),
    ratio === undefined ? '' : ratio.toFixed(2),
    target === undefined ? '' : textOf(target),
    met === undefined ? '' : met ? 'yes' : 'NO',
  ];
}

function withUnit(value: number, unit: Unit): string {
  return Number.isNaN(value) ? 'not known' : `${round(value)} ${unit}`.trimEnd();
}

/** Three digits that count. */
function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

function textOf({ most, least }: Target): string {
  return most === undefined ? `at least ${least}` : `at most ${most}`;
}
