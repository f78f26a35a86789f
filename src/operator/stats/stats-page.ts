/** The page of `stats --html`: it needs no network and no script, and may load nothing. */
import { formatTime } from '../../output/clock-text.ts';
import { version } from '../../process/version.ts';
import { chart } from './chart.ts';
import { type Figure, type Group, groups } from './figures.ts';
import { formatChange, formatFigure } from './format-figure.ts';
import { html, Markup } from './html.ts';
import { noteOf } from './incomplete.ts';
import { pageMark } from './page-mark.ts';
import { pageStyle } from './page-style.ts';
import { nameOf } from './period-name.ts';
import { isIncomplete, type Stats, type StatsPeriod } from './read-stats.ts';

/** Charts of several figures in one, each figure a part of the whole. What is not here has a chart of its own. */
const stacks: readonly { title: string; parts: readonly (readonly [name: string, color: string])[] }[] = [
  {
    title: 'Tokens that were used',
    parts: [
      ['tokens_verified', 'c4'],
      ['tokens_bypassed', 'c2'],
    ],
  },
  {
    title: 'Messages of due records',
    parts: [
      ['messages_deleted', 'c1'],
      ['messages_gone', 'c3'],
      ['messages_failed', 'c6'],
    ],
  },
  {
    title: 'Records by how late they were',
    parts: [
      ['late_within_1m', 'c4'],
      ['late_within_5m', 'c5'],
      ['late_within_1h', 'c2'],
      ['late_over_1h', 'c6'],
    ],
  },
  {
    title: 'Messages of broadcasts',
    parts: [
      ['broadcast_messages_deleted', 'c1'],
      ['broadcast_messages_failed', 'c6'],
    ],
  },
  {
    title: 'Guide posts',
    parts: [
      ['guides_posted', 'c1'],
      ['guides_uncertain', 'c2'],
      ['guides_failed', 'c6'],
    ],
  },
];

/** They have a tile and a column: a chart would say no more than one that stands beside them. */
const withoutChart = new Set([
  'users_growth',
  'broadcast_messages_too_old',
  'users_banned',
  'chats_unreachable',
  'broadcast_messages_gone',
  'broadcast_chats_unreachable',
]);

export function statsPage(stats: Stats): string {
  const { bot, by, now, timeZone, periods } = stats;
  const last = periods.findLast(({ over }) => over) ?? null;
  const shown = (Object.keys(groups) as Group[]).flatMap((group) => {
    const figures = stats.figures.filter((figure) => figure.group === group);
    const used = figures.some(({ name }) => periods.some((period) => (period.figures[name] ?? 0) !== 0));
    return used ? [section(stats, group, figures, last)] : [];
  });
  const newest =
    last === null ? null : html` The figures in boxes are those of ${nameOf(last, by)}, beside the ${by} before.`;
  const page = html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>${bot} by ${by}, ${formatTime(now, timeZone)}</title>
<style>${new Markup(pageStyle)}</style>
</head>
<body>
<header>
<h1>${bot}</h1>
<p>By ${by}, as of <time datetime="${now.toISOString()}">${formatTime(now, timeZone)}</time> ${timeZone}.${newest}</p>
</header>
<main>
${shown.length === 0 ? html`<p>Nothing was counted.</p>` : shown}
${notes(stats)}
</main>
<footer><p>telesweep ${version}</p></footer>
</body>
</html>
`;
  return `${pageMark}${page.text}`;
}

function section(stats: Stats, group: Group, figures: readonly Figure[], last: StatsPeriod | null): Markup {
  const columns = figures.filter(({ name }) => !/^(dead_)?rows:/.test(name));
  return html`<section aria-labelledby="${group}">
<h2 id="${group}">${groups[group]}</h2>
${last === null ? null : tiles(columns, last)}
<div class="charts">
${charts(stats, columns)}
</div>
${group === 'database' && last !== null ? tablesTable(figures, last) : null}
<details>
<summary>${groups[group]} by ${stats.by}, in figures</summary>
${periodsTable(stats, group, columns)}
</details>
</section>
`;
}

function tiles(figures: readonly Figure[], last: StatsPeriod): Markup {
  return html`<dl class="tiles">
${figures.map(
  (figure) => html`<div><dt>${figure.label}</dt><dd>${value(last, figure)}</dd><dd>${beside(last, figure)}</dd></div>
`,
)}</dl>`;
}

function beside({ figures, before }: StatsPeriod, figure: Figure): Markup {
  const then = before[figure.name] ?? null;
  if (then === null) return html`before: not known`;
  const change = formatChange(figure, figures[figure.name] ?? null, then);
  const shown = change === '' || change === '=' ? null : html` <span>(${change})</span>`;
  return html`<span>before: ${formatFigure(figure, then)}</span>${shown}`;
}

/** With its mark where it is incomplete. */
function value(period: StatsPeriod, figure: Figure): Markup {
  const known = period.figures[figure.name] ?? null;
  const text = known === null ? html`–<span class="unseen"> not known</span>` : html`${formatFigure(figure, known)}`;
  if (!isIncomplete(period, figure)) return text;
  return html`${text}<span aria-hidden="true">*</span><span class="unseen"> incomplete</span>`;
}

function charts(stats: Stats, figures: readonly Figure[]): Markup[] {
  const { periods, by } = stats;
  const of = (name: string): (number | null)[] => periods.map((period) => period.figures[name] ?? null);
  const shared = {
    names: periods.map((period) => nameOf(period, by)),
    open: periods.at(-1)?.over === false,
  };
  const stacked = stacks.flatMap(({ title, parts }) => {
    const found = parts.flatMap(([name, color]) => {
      const figure = figures.find((one) => one.name === name);
      return figure === undefined ? [] : [{ figure, color }];
    });
    const [first] = found;
    if (first === undefined) return [];
    const series = found.map(({ figure, color }) => ({ label: figure.label, color, values: of(figure.name) }));
    const format = (number: number): string => formatFigure(first.figure, number);
    return [chart({ ...shared, id: `chart-${first.figure.name}`, title, kind: 'bars', series, zoom: false, format })];
  });
  const inStacks = new Set(stacks.flatMap(({ parts }) => parts.map(([name]) => name)));
  const single = figures.filter(
    ({ name }) => !inStacks.has(name) && !withoutChart.has(name) && of(name).some((known) => known !== null),
  );
  const own = single.map((figure) => {
    const { name, label, group, unit, standing = false } = figure;
    return chart({
      ...shared,
      id: `chart-${name.replace(':', '-')}`,
      title: `${groups[group]}: ${label}`,
      kind: unit === 'count' && !standing ? 'bars' : 'line',
      series: [{ label, color: 'c1', values: of(name) }],
      zoom: standing,
      format: (number) => formatFigure(figure, number),
    });
  });
  return [...stacked, ...own];
}

/** Newest first. */
function periodsTable({ periods, by }: Stats, group: Group, figures: readonly Figure[]): Markup {
  const title = `${groups[group]} by ${by}`;
  const rows = periods.toReversed().map(
    (
      period,
    ) => html`<tr><th scope="row">${nameOf(period, by)}</th>${figures.map((figure) => html`<td>${value(period, figure)}</td>`)}</tr>
`,
  );
  return html`<div class="scroll" role="region" aria-label="${title}" tabindex="0"><table>
<caption>${title}, newest first; * is incomplete</caption>
<thead><tr><th scope="col">${by}</th>${figures.map(({ label }) => html`<th scope="col">${label}</th>`)}</tr></thead>
<tbody>
${rows}</tbody></table></div>`;
}

/** What the database holds, table by table. */
function tablesTable(figures: readonly Figure[], last: StatsPeriod): Markup | null {
  const names = figures.flatMap(({ name }) => (name.startsWith('bytes:') ? [name.slice('bytes:'.length)] : []));
  if (names.length === 0) return null;
  const cell = (name: string): Markup => {
    const figure = figures.find((one) => one.name === name);
    return html`<td>${figure === undefined ? '' : value(last, figure)}</td>`;
  };
  const change = (name: string): string => {
    const figure = figures.find((one) => one.name === name);
    return figure === undefined ? '' : formatChange(figure, last.figures[name] ?? null, last.before[name] ?? null);
  };
  const rows = names.map(
    (
      name,
    ) => html`<tr><th scope="row">${name}</th>${cell(`bytes:${name}`)}<td>${change(`bytes:${name}`)}</td>${cell(`rows:${name}`)}<td>${change(`rows:${name}`)}</td>${cell(`dead_rows:${name}`)}</tr>
`,
  );
  return html`<div class="scroll" role="region" aria-label="Tables" tabindex="0"><table>
<caption>The bot's tables, with indexes, and how they changed</caption>
<thead><tr><th scope="col">table</th><th scope="col">size</th><th scope="col">change</th><th scope="col">rows</th><th scope="col">change</th><th scope="col">dead rows</th></tr></thead>
<tbody>
${rows}</tbody></table></div>`;
}

function notes({ periods, by, figures }: Stats): Markup | null {
  const byText = new Map<string, string[]>();
  for (const period of periods.toReversed()) {
    for (const gap of period.incomplete) {
      const note = noteOf(gap, figures);
      byText.set(note, [...(byText.get(note) ?? []), nameOf(period, by)]);
    }
  }
  if (byText.size === 0) return null;
  const items = [...byText].map(
    ([text, names]) => html`<li>${spanOf(names, periods.length)}: ${text}</li>
`,
  );
  return html`<section aria-labelledby="incomplete">
<h2 id="incomplete">What is incomplete (*), and why</h2>
<ul class="notes">
${items}</ul>
</section>`;
}

/** @param names newest first */
function spanOf(names: readonly string[], all: number): string {
  const [newest = '', oldest = ''] = [names[0], names.at(-1)];
  if (names.length === all && all > 1) return 'Throughout';
  return names.length < 4 ? names.join('; ') : `${names.length} times, from ${oldest} to ${newest}`;
}
