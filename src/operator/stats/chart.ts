/** Small charts as inline SVG, drawn in a room of 320 by 150 so that their letters stay readable on a telephone. */
import { html, type Markup } from './html.ts';

export interface Series {
  label: string;
  /** Of the page's colours: `c1` to `c6`. */
  color: string;
  values: readonly (number | null)[];
}

export interface Chart {
  /** Different for each chart of a page. */
  id: string;
  title: string;
  /** What the series are drawn over, oldest first. */
  names: readonly string[];
  /** The last one is not over. */
  open: boolean;
  /** Bars are stacked. */
  kind: 'bars' | 'line';
  series: readonly Series[];
  /** From the least to the most; else from 0. */
  zoom: boolean;
  format(value: number): string;
}

const width = 320;
const height = 150;
const plot = { left: 2, right: width - 2, top: 18, bottom: height - 18 };

export function chart(one: Chart): Markup {
  const { id, title, series, names } = one;
  const scale = scaleOf(one);
  const drawn = one.kind === 'bars' ? bars(one, scale) : series.map((each) => line(one, each, scale));
  const legend =
    series.length < 2
      ? null
      : html`<ul class="legend">${series.map(({ label, color }) => html`<li><span class="swatch ${color}"></span>${label}</li>`)}</ul>`;
  return html`<figure>
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">${title}</title>
<desc id="${id}-d">${describe(one)}</desc>
<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${plot.top}" y2="${plot.top}"/>
<line class="axis" x1="${plot.left}" x2="${plot.right}" y1="${plot.bottom}" y2="${plot.bottom}"/>
${drawn}
<text x="${plot.left}" y="${plot.top - 5}">${one.format(scale.most)}</text>
${scale.least === 0 ? null : leastLabel(one, scale)}
<text x="${plot.left}" y="${height - 4}">${names[0] ?? ''}</text>
<text x="${plot.right}" y="${height - 4}" text-anchor="end">${names.length > 1 ? (names.at(-1) ?? '') : ''}</text>
</svg>
${legend}</figure>`;
}

/** At the end where the line is higher. */
function leastLabel({ series, format }: Chart, { least }: Scale): Markup {
  const values = (series[0]?.values ?? []).filter((value) => value !== null);
  const rises = (values[0] ?? 0) < (values.at(-1) ?? 0);
  const [x, anchor] = rises ? [plot.right, 'end'] : [plot.left, 'start'];
  return html`<text x="${x}" y="${plot.bottom - 4}" text-anchor="${anchor}">${format(least)}</text>`;
}

interface Scale {
  least: number;
  most: number;
  y(value: number): number;
}

function scaleOf({ kind, series, names, zoom }: Chart): Scale {
  const totals =
    kind === 'bars'
      ? names.map((_, n) => series.reduce((sum, { values }) => sum + (values[n] ?? 0), 0))
      : series.flatMap(({ values }) => values.filter((value) => value !== null));
  const most = Math.max(...totals, zoom ? Number.NEGATIVE_INFINITY : 0);
  const least = zoom ? Math.min(...totals) : Math.min(0, ...totals);
  const [low, high] = Number.isFinite(most) ? [least, most] : [0, 0];
  const range = high - low;
  return {
    least: low,
    most: high,
    y: (value) =>
      range === 0 && zoom
        ? (plot.top + plot.bottom) / 2
        : plot.bottom - ((value - low) / (range || 1)) * (plot.bottom - plot.top),
  };
}

/** The middle of each column, and how wide it is. */
function columns({ names }: Chart): { middle(n: number): number; step: number } {
  const step = (plot.right - plot.left) / Math.max(1, names.length);
  return { step, middle: (n) => plot.left + step * (n + 0.5) };
}

function bars(one: Chart, scale: Scale): Markup[] {
  const { step, middle } = columns(one);
  // Many thin bars with gaps would blur.
  const wide = step < 3 ? step : Math.min(24, step * 0.8);
  return one.names.map((name, n) => {
    let base = 0;
    const parts = one.series.map(({ values, color }) => {
      const value = values[n] ?? 0;
      const [from, to] = [scale.y(base), scale.y(base + value)];
      base += value;
      const [top, tall] = [Math.min(from, to), Math.abs(from - to)];
      return html`<rect class="${color}" x="${at(middle(n) - wide / 2)}" y="${at(top)}" width="${at(wide)}" height="${at(tall)}"/>`;
    });
    const open = one.open && n === one.names.length - 1;
    return html`<g${open ? html` class="open"` : null}><title>${name}: ${told(one, n)}</title>${parts}</g>
`;
  });
}

/** Broken where nothing is known; what leads to a stretch that is not over is dashed. */
function line(one: Chart, { values, color }: Series, scale: Scale): Markup {
  const { middle } = columns(one);
  const points = values.flatMap((value, n) =>
    value === null ? [] : [{ n, value, x: at(middle(n)), y: at(scale.y(value)) }],
  );
  const solid: string[] = [];
  const dashed: string[] = [];
  for (const [index, { n, x, y }] of points.entries()) {
    const before = points[index - 1];
    if (before?.n !== n - 1) solid.push(`M${x} ${y}`);
    else if (one.open && n === values.length - 1) dashed.push(`M${before.x} ${before.y}L${x} ${y}`);
    else solid.push(`L${x} ${y}`);
  }
  const radius = values.length > 60 ? 1 : 2;
  const dots = points.map(
    ({ n, value, x, y }) =>
      html`<circle class="${color}" cx="${x}" cy="${y}" r="${radius}"><title>${one.names[n] ?? ''}: ${one.format(value)}</title></circle>`,
  );
  return html`<path class="line ${color}" d="${solid.join('')}"/><path class="line dashed ${color}" d="${dashed.join('')}"/>${dots}`;
}

const at = (value: number): string => String(Number(value.toFixed(2)));

function told({ series, format }: Chart, n: number): string {
  const parts = series.map(({ label, values }) => {
    const value = values[n] ?? null;
    const text = value === null ? 'not known' : format(value);
    return series.length === 1 ? text : `${label} ${text}`;
  });
  return parts.join(', ');
}

/** For whoever hears the page: where it began, where it ends, and the least and the most between. */
function describe(one: Chart): string {
  const { names, series, format } = one;
  const ofEach = series.map(({ label, values }) => {
    const known = values.flatMap((value, n) => (value === null ? [] : [{ value, name: names[n] ?? '' }]));
    const [first, last] = [known[0], known.at(-1)];
    if (first === undefined || last === undefined) return `${label}: not known`;
    const numbers = known.map(({ value }) => value);
    const ends = `${format(first.value)} (${first.name}) to ${format(last.value)} (${last.name})`;
    return `${label}: from ${ends}; least ${format(Math.min(...numbers))}, most ${format(Math.max(...numbers))}`;
  });
  return `${ofEach.join('. ')}.`;
}
