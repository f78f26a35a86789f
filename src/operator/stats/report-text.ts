/** The report of a stretch in plain text, which Telegram is given without a parse mode. */
import { printable } from '../../output/output.ts';
import { cut, longestMessage } from '../plain-message.ts';
import type { Figure } from './figures.ts';
import { formatChange, formatFigure } from './format-figure.ts';
import { noteOf } from './incomplete.ts';
import { nameOf } from './period-name.ts';
import type { Stats, StatsPeriod } from './read-stats.ts';

/** A figure with its words behind it; `changed`: beside the stretch before; `if any`: left out where it is 0. */
type Part = readonly [figure: string, words: string, how?: 'changed' | 'if any'];

const lines: readonly (readonly [head: string, parts: readonly Part[]])[] = [
  [
    'Users',
    [
      ['users_total', 'in all', 'changed'],
      ['users_new', 'joined'],
      ['active_users', 'active a day', 'changed'],
      ['users_banned', 'banned', 'if any'],
    ],
  ],
  [
    'Tokens',
    [
      ['tokens_made', 'made', 'changed'],
      ['tokens_verified', 'verified'],
      ['tokens_bypassed', 'bypassed'],
    ],
  ],
  [
    'Rates',
    [
      ['verification_rate', 'of the tokens made were used', 'changed'],
      ['bypass_rate', 'of those were bypassed', 'changed'],
    ],
  ],
  [
    'Messages',
    [
      ['messages_deleted', 'deleted', 'changed'],
      ['messages_failed', 'given up', 'if any'],
      ['on_time_rate', 'of the records within a minute', 'changed'],
    ],
  ],
  [
    'Notices',
    [
      ['notices_sent', 'sent', 'changed'],
      ['notices_uncertain', 'uncertain', 'if any'],
    ],
  ],
  [
    'Broadcasts',
    [
      ['broadcasts_removed', 'removed'],
      ['broadcast_chats_reached', 'chats reached', 'changed'],
      ['broadcast_messages_failed', 'messages given up', 'if any'],
      ['broadcast_messages_too_old', 'of them past 48 hours', 'if any'],
    ],
  ],
  [
    'Guides',
    [
      ['guides_posted', 'posted', 'changed'],
      ['guides_failed', 'failed', 'if any'],
      ['guides_uncertain', 'uncertain', 'if any'],
    ],
  ],
  [
    'Calls',
    [
      ['calls', 'to Telegram', 'changed'],
      ['rate_limited', 'answered with 429', 'if any'],
    ],
  ],
  ['Database', [['database_bytes', '', 'changed']]],
];

const toldOf = new Set(lines.flatMap(([, parts]) => parts.map(([name]) => name)));

export function reportText(stats: Stats, period: StatsPeriod): string {
  const told = lines.flatMap(([head, parts]) => {
    const texts = parts.flatMap((part) => textOf(stats, period, part));
    return texts.some(({ value }) => value !== 0) ? [`${head}: ${texts.map(({ text }) => text).join(', ')}`] : [];
  });
  const tables = growth(stats, period);
  const notes = notesOf(stats, period);
  const text = [
    `📊 ${stats.bot}: ${nameOf(period, stats.by)}`,
    '',
    ...(told.length === 0 ? ['Nothing was done.'] : told),
    ...(tables === null ? [] : [tables]),
    ...(notes.length === 0 ? [] : ['', ...notes]),
  ].join('\n');
  return cut(printable(text), longestMessage);
}

function textOf(stats: Stats, period: StatsPeriod, [name, words, how]: Part): { value: number; text: string }[] {
  const figure = stats.figures.find((one) => one.name === name);
  const value = period.figures[name] ?? null;
  if (figure === undefined || value === null || (how === 'if any' && value === 0)) return [];
  const change = how === 'changed' ? changeOf(figure, period) : '';
  return [{ value, text: `${formatFigure(figure, value)}${words === '' ? '' : ` ${words}`}${change}` }];
}

function changeOf(figure: Figure, { figures, before }: StatsPeriod): string {
  const change = formatChange(figure, figures[figure.name] ?? null, before[figure.name] ?? null);
  return change === '' || change === '=' ? '' : ` (${change})`;
}

const mostTables = 3;

/** The tables that grew most. */
function growth({ figures }: Stats, period: StatsPeriod): string | null {
  const grown = figures
    .filter(({ name }) => name.startsWith('bytes:'))
    .map((figure) => ({
      figure,
      by: (period.figures[figure.name] ?? 0) - (period.before[figure.name] ?? Number.POSITIVE_INFINITY),
    }))
    .filter(({ by }) => by > 0)
    .sort((a, b) => b.by - a.by)
    .slice(0, mostTables)
    .map(({ figure }) => {
      const size = formatFigure(figure, period.figures[figure.name] ?? null);
      return `${figure.label} ${size}${changeOf(figure, period)}`;
    });
  return grown.length === 0 ? null : `Grew most: ${grown.join(', ')}`;
}

function notesOf({ figures }: Stats, { incomplete }: StatsPeriod): string[] {
  const told = figures.filter(({ name }) => name.startsWith('bytes:') || toldOf.has(name));
  const gaps = incomplete.filter((gap) => told.some(({ name }) => gap.figures.includes(name)));
  return gaps.map((gap) => `Incomplete: ${noteOf(gap, told)}`);
}
