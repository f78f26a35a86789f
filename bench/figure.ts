/** What the benchmark hands back: figures, and how several runs become one. */

export type Unit = 'ms' | 's' | 'MiB' | 'calls' | 'statements' | 'connections' | '/s' | 'µs' | '%' | '×' | '';

/** One line of the table and of the JSON file. */
export interface Figure {
  /** The measurement that it belongs to: `idle pass`. */
  group: string;
  what: string;
  value: number;
  unit: Unit;
  /** What the same run measured to compare with, in the same unit. */
  base?: { what: string; value: number };
  /** Value by base. */
  ratio?: number;
  /** What version 0.1.0 came to, on another machine: for a comparison alone, nothing is judged by it. */
  before?: number;
  /** What DESIGN.md asks for, of the ratio where there is one, else of the value. */
  target?: Target;
  /** Left out where nothing was measured: the value is NaN. */
  met?: boolean;
}

export interface Target {
  most?: number;
  least?: number;
}

export interface FigureOptions {
  base?: { what: string; value: number };
  before?: number;
  target?: Target;
}

/** Makes the figures of one measurement. */
export function figuresOf(group: string) {
  return (what: string, value: number, unit: Unit, { base, before, target }: FigureOptions = {}): Figure => {
    const ratio = base === undefined ? undefined : value / base.value;
    const { most = Number.POSITIVE_INFINITY, least = Number.NEGATIVE_INFINITY } = target ?? {};
    const judged = ratio ?? value;
    return {
      group,
      what,
      value,
      unit,
      ...(base && { base }),
      ...(ratio !== undefined && { ratio }),
      ...(before !== undefined && { before }),
      ...(target && { target }),
      ...(target && !Number.isNaN(judged) && { met: judged <= most && judged >= least }),
    };
  };
}

/** The value that all but five in a hundred stay below or reach. */
export function percentile95(values: readonly number[]): number {
  const value = values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1];
  if (value === undefined) throw new Error('no percentile of nothing');
  return value;
}

/** The middle of several runs, so that one disturbed run does not count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (low === undefined || high === undefined) throw new Error('no median of nothing');
  return (low + high) / 2;
}
