import { type Figure, figuresOf } from './figure.ts';

/** What one item costs at each size, against the smallest: 1 all along where the work grows with the backlog alone. */
export function growth(job: string, item: string, costs: readonly { items: number; ms: number }[]): Figure[] {
  const figure = figuresOf(`${job}, growth`);
  const [first, ...rest] = costs.map(({ items, ms }) => ({ items, us: (ms * 1000) / items }));
  if (first === undefined) return [];
  const name = (items: number) => `a ${item} of ${items.toLocaleString('en')}`;
  const base = { what: name(first.items), value: first.us };
  return rest.map(({ items, us }) => figure(name(items), us, 'µs', { base }));
}
