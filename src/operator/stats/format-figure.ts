/** Figures as people write them. */
import { formatCount } from '../../output/format.ts';
import type { Figure } from './figures.ts';

/** `1,234`, `12.3M` from ten million on, `12.5 %`, `1.2 GB`; empty where nothing is known. */
export function formatFigure({ unit }: Pick<Figure, 'unit'>, value: number | null): string {
  if (value === null) return '';
  switch (unit) {
    case 'count':
      return formatWhole(value);
    case 'mean':
      return Math.abs(value) < 99.95 ? String(Number(value.toFixed(1))) : formatWhole(value);
    case 'share':
      return `${percent(value)} %`;
    case 'bytes':
      return formatBytes(value);
  }
}

function formatWhole(value: number): string {
  const whole = Math.round(value);
  const size = Math.abs(whole);
  const sign = whole < 0 ? '-' : '';
  if (size < 10_000_000) return `${sign}${formatCount(size)}`;
  const [unit, of] = size < 999_950_000 ? (['M', 1e6] as const) : (['G', 1e9] as const);
  return `${sign}${(size / of).toFixed(1)}${unit}`;
}

/** Only all of it is 100, and only nothing of it is 0. */
function percent(share: number): string {
  const rounded = Number((share * 100).toFixed(1));
  if (rounded === 100 && share < 1) return '>99.9';
  return rounded === 0 && share > 0 ? '<0.1' : String(rounded);
}

function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Against the one before: `+12 %`, `-0.4 %`, of shares `+1.2 pt` (points of a hundred); empty where it cannot be told. */
export function formatChange({ unit }: Pick<Figure, 'unit'>, value: number | null, before: number | null): string {
  if (value === null || before === null || value === before) return value === null || before === null ? '' : '=';
  if (unit === 'share') return `${signed((value - before) * 100)} pt`;
  // A part of nothing, or of a loss, says nothing.
  if (before <= 0) return '';
  const ratio = value / before;
  return ratio >= 10 ? `×${formatCount(ratio)}` : `${signed((ratio - 1) * 100)} %`;
}

function signed(value: number): string {
  const text =
    Math.abs(value) < 9.95 ? String(Number(Math.abs(value).toFixed(1))) : formatCount(Math.round(Math.abs(value)));
  return `${text === '0' ? '±' : value < 0 ? '-' : '+'}${text}`;
}
