/** A kill is a number: its seed says which job dies, where, and under which load. */
import { Random } from '../../support/demo/random.ts';
import type { Load } from './load.ts';
import { loads } from './loads.ts';

/** Where a pass dies: before or after a server did its part, or at any moment. */
export const killPoints = ['statement', 'answered statement', 'call', 'done call', 'moment'] as const;
export type KillPoint = (typeof killPoints)[number];

export interface Kill {
  seed: number;
  load: Load;
  point: KillPoint;
  /** Which statement or call, from 1 on; of moments, which hundredth of a usual pass. */
  n: number;
  items: number;
  /** How many passes die one after another, each somewhere else; only moments go on. */
  inARow: number;
  random: Random;
}

const mostPoints = 100;
const usualItems = 5;

/** Of the plain load, for a walk through every point. */
export function seedOf(load: Load, point: KillPoint, n: number): number {
  return loads.indexOf(load) + loads.length * (killPoints.indexOf(point) + killPoints.length * (n - 1));
}

/** A moment with a load of its own. */
export function randomSeed(load: Load, random: Random): number {
  const round = random.int(1, 400_000) * loads.length * killPoints.length * mostPoints;
  return round + seedOf(load, 'moment', random.int(1, mostPoints));
}

export function killOf(seed: number): Kill {
  const load = loads[seed % loads.length];
  let rest = Math.floor(seed / loads.length);
  const point = killPoints[rest % killPoints.length];
  rest = Math.floor(rest / killPoints.length);
  if (load === undefined || point === undefined)
    throw new Error(`${seed} is no seed; expected a whole number from 0 on`);
  const n = (rest % mostPoints) + 1;
  const isPlain = rest < mostPoints;
  const random = new Random(seed);
  return {
    seed,
    load,
    point,
    n,
    items: isPlain ? usualItems : random.int(1, 12),
    inARow: isPlain || point !== 'moment' ? 1 : random.int(1, 3),
    random,
  };
}
