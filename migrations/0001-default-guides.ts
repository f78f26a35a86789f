import type { WantedTable } from '../src/tables/wanted-table.ts';

/** The guides of a new table. Their addresses are examples: an operator puts real ones in. */
export const defaultGuides: NonNullable<WantedTable['filling']> = {
  what: 'the four default guides',
  columns: ['id', 'position', 'title', 'description', 'url'],
  rows: [
    [
      'trading-fundamentals',
      1,
      'Trading Fundamentals',
      'Markets, orders and positions: what moves a price, and what to know before the first trade.',
      'https://example.com/guides/trading-fundamentals',
    ],
    [
      'chart-analysis',
      2,
      'Chart Analysis',
      'How to read trends, support and resistance on a chart, and where a pattern misleads.',
      'https://example.com/guides/chart-analysis',
    ],
    [
      'risk-management',
      3,
      'Risk Management',
      'How much to stake on one trade, where to put a stop, and how to outlast a losing streak.',
      'https://example.com/guides/risk-management',
    ],
    [
      'entry-exit',
      4,
      'Entry/Exit',
      'When to open a position and when to close it: plans made before the trade, not during it.',
      'https://example.com/guides/entry-exit',
    ],
  ],
};
