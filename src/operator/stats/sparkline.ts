const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** A column for each value, from the least to the most of them, or from 0; `·` where nothing is known. */
export function sparkline(values: readonly (number | null)[], fromZero: boolean): string {
  const numbers = values.filter((value) => value !== null);
  const least = fromZero ? Math.min(0, ...numbers) : Math.min(...numbers);
  const range = Math.max(...numbers) - least;
  const bar = (value: number): string => {
    if (range === 0) return value === 0 ? bars[0] : bars[3];
    return bars[Math.min(bars.length - 1, Math.floor(((value - least) / range) * bars.length))] ?? bars[0];
  };
  return values.map((value) => (value === null ? '·' : bar(value))).join('');
}
