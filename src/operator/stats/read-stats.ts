import type { Settings } from '../../settings/settings.ts';
import type { Connection } from '../../store/connect.ts';
import {
  type CountedMetric,
  type DailyFrame,
  readCounted,
  readDailyFrame,
  readTokenFigures,
} from '../../store/daily.ts';
import { Counted, type Figure, figuresOf } from './figures.ts';
import { type Gap, judge, textOf, type Why } from './incomplete.ts';
import { type Period, periodBefore, type Stretch } from './periods.ts';

/** A stretch of time with its figures, each beside that of the one before. By the figures' names; null where it cannot be told. */
export interface StatsPeriod extends Period {
  figures: Readonly<Record<string, number | null>>;
  before: Readonly<Record<string, number | null>>;
  incomplete: readonly Gap[];
}

export interface Stats {
  /** NAME, else the schema. */
  bot: string;
  schema: string;
  timeZone: string;
  by: Stretch;
  now: Date;
  countedSince: string | null;
  /** In the order in which they are shown. */
  figures: readonly Figure[];
  /** Oldest first. */
  periods: readonly StatsPeriod[];
}

/** @param choose the stretches that are asked for, oldest first, without a gap and at least one */
export interface StatsRequest {
  by: Stretch;
  choose(today: string): readonly Period[];
}

/** Reads the figures. Call it in a read-only transaction: what was removed and what stands must be of one moment. */
export async function readStats(connection: Connection, settings: Settings, request: StatsRequest): Promise<Stats> {
  const { timeZone, name } = settings;
  const { by, choose } = request;
  const frame = await readDailyFrame(connection, timeZone);
  const asked = choose(frame.today);
  const [first] = asked;
  if (first === undefined) throw new Error('no stretch of time was asked for');
  const periods = [periodBefore(by, first, frame.today), ...asked];
  const span = { starts: periods.map(({ start }) => start), lastDay: periods.at(-1)?.end ?? first.end };
  const metrics: CountedMetric[][] = periods.map(() => []);
  for (const metric of await readCounted(connection, span)) metrics[metric.stretch]?.push(metric);
  const tokens = new Map(
    (await readTokenFigures(connection, span, timeZone)).map((figures) => [figures.stretch, figures]),
  );
  const counted = metrics.map((ofPeriod, n) => new Counted(ofPeriod, tokens.get(n) ?? null));
  const figures = figuresOf(counted);
  const told = periods.map((period, n) => tell(period, figures, counted[n], counted[n - 1] ?? null, by, frame));
  return {
    bot: name ?? frame.schema,
    schema: frame.schema,
    timeZone,
    by,
    now: frame.now,
    countedSince: frame.countedSince,
    figures,
    periods: told.slice(1).map((one, n) => ({ ...one, before: told[n]?.figures ?? {} })),
  };
}

function tell(
  period: Period,
  figures: readonly Figure[],
  counted: Counted = new Counted([], null),
  before: Counted | null,
  by: Stretch,
  frame: DailyFrame,
): Omit<StatsPeriod, 'before'> {
  const judged = figures.map((figure) => ({
    name: figure.name,
    ...judge(figure, period, counted, figure.of(counted, before), frame),
  }));
  const reasons = new Map<Why, string[]>();
  for (const { name, why } of judged) if (why !== null) reasons.set(why, [...(reasons.get(why) ?? []), name]);
  return {
    ...period,
    figures: Object.fromEntries(judged.map(({ name, value }) => [name, value])),
    incomplete: [...reasons].map(([why, names]) => ({ why, text: textOf(why, by, counted, frame), figures: names })),
  };
}

/** Whether a figure of the stretch is not the whole truth. */
export const isIncomplete = ({ incomplete }: StatsPeriod, { name }: Figure): boolean =>
  incomplete.some(({ figures }) => figures.includes(name));
