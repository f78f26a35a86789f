/** The figures of a stretch of time: what each is made of, once for the table, JSON, CSV, the page and the report. docs/stats.md defines them. */
import type { CountedMetric, TokenFigures } from '../../store/daily.ts';
import type { DailyMetricName } from '../../store/daily-metrics.ts';

export const groups = {
  users: 'Users',
  tokens: 'Tokens',
  deletions: 'Deletions',
  lateness: 'How late',
  losses: 'Losses',
  broadcasts: 'Broadcasts',
  guides: 'Guides',
  calls: 'Calls to Telegram',
  database: 'Database',
} as const;
export type Group = keyof typeof groups;

/** What was counted in a stretch. */
export class Counted {
  readonly tokens: TokenFigures | null;
  readonly #metrics: ReadonlyMap<string, CountedMetric>;

  constructor(metrics: readonly CountedMetric[], tokens: TokenFigures | null) {
    this.#metrics = new Map(metrics.map((metric) => [metric.metric, metric]));
    this.tokens = tokens;
  }

  /** Of what is counted: 0 where nothing was. */
  sum(...names: readonly DailyMetricName[]): number {
    return names.reduce((sum, name) => sum + (this.#metrics.get(name)?.sum ?? 0), 0);
  }

  /** As it was on the last day that has it; null where none has. */
  last(name: DailyMetricName): number | null {
    return this.#metrics.get(name)?.last ?? null;
  }

  /** Whether the last day of the stretch has it. */
  reachesTo(end: string, name: DailyMetricName): boolean {
    return this.#metrics.get(name)?.lastDay === end;
  }

  has(name: DailyMetricName): boolean {
    return this.#metrics.has(name);
  }

  /** Names behind a metric's colon. What is no name of telesweep's own making is passed over. */
  namesOf(prefix: `${string}:`): string[] {
    const pattern = /^[a-z][a-z0-9_]{0,62}$/;
    const names = [...this.#metrics.keys()].filter((name) => name.startsWith(prefix));
    return names.map((name) => name.slice(prefix.length)).filter((name) => pattern.test(name));
  }
}

/** What a figure must be complete: nothing is counted of days before the first pass, and what is made may still change. */
export type Source = 'work' | 'tokens' | 'used tokens' | 'counters' | 'users' | 'look';

export interface Figure {
  name: string;
  group: Group;
  label: string;
  unit: 'count' | 'share' | 'mean' | 'bytes';
  source: Source;
  /** As it stood at the end, not what came together. */
  standing?: true;
  /** What must be known of the last day. */
  toTheEnd?: DailyMetricName;
  /** Null where it cannot be told. */
  of(counted: Counted, before: Counted | null): number | null;
}

const share = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);

const counted = (name: DailyMetricName, group: Group, label: string): Figure => ({
  name,
  group,
  label,
  unit: 'count',
  source: 'work',
  of: (period) => period.sum(name),
});

const lateness = ['late_within_1m', 'late_within_5m', 'late_within_1h', 'late_over_1h'] as const;

/** Never fewer than are known: a bot may have begun to count in the middle of a day, or count days by another zone. */
const madeOf = ({ tokens }: Counted): number => Math.max(tokens?.made ?? 0, tokens?.known ?? 0);
const usedOf = ({ tokens }: Counted): number => (tokens?.verified ?? 0) + (tokens?.bypassed ?? 0);

const failedOf = (period: Counted): number => period.sum('messages_failed', 'broadcast_messages_failed');
const settledOf = (period: Counted): number =>
  failedOf(period) +
  period.sum('messages_deleted', 'messages_gone', 'broadcast_messages_deleted', 'broadcast_messages_gone');

const known: readonly Figure[] = [
  {
    name: 'users_total',
    group: 'users',
    label: 'in all',
    unit: 'count',
    source: 'users',
    standing: true,
    toTheEnd: 'users_total',
    of: (period) => period.last('users_total'),
  },
  {
    name: 'users_growth',
    group: 'users',
    label: 'more than before',
    unit: 'count',
    source: 'users',
    toTheEnd: 'users_total',
    of(period, before) {
      const [now, then] = [period.last('users_total'), before?.last('users_total') ?? null];
      return now === null || then === null ? null : now - then;
    },
  },
  {
    name: 'users_new',
    group: 'users',
    label: 'joined',
    unit: 'count',
    source: 'users',
    toTheEnd: 'users_new',
    of: (period) => (period.has('users_new') ? period.sum('users_new') : null),
  },
  {
    name: 'users_banned',
    group: 'users',
    label: 'banned',
    unit: 'count',
    source: 'users',
    standing: true,
    toTheEnd: 'users_banned',
    of: (period) => period.last('users_banned'),
  },
  {
    name: 'active_users',
    group: 'users',
    label: 'active a day',
    unit: 'mean',
    source: 'counters',
    of: ({ tokens }) => share(tokens?.userDays ?? 0, tokens?.counterDays ?? 0),
  },
  { name: 'tokens_made', group: 'tokens', label: 'made', unit: 'count', source: 'tokens', of: madeOf },
  {
    name: 'tokens_verified',
    group: 'tokens',
    label: 'verified',
    unit: 'count',
    source: 'used tokens',
    of: ({ tokens }) => tokens?.verified ?? 0,
  },
  {
    name: 'tokens_bypassed',
    group: 'tokens',
    label: 'bypassed',
    unit: 'count',
    source: 'used tokens',
    of: ({ tokens }) => tokens?.bypassed ?? 0,
  },
  {
    name: 'verification_rate',
    group: 'tokens',
    label: 'verification rate',
    unit: 'share',
    source: 'used tokens',
    of: (period) => share(usedOf(period), madeOf(period)),
  },
  {
    name: 'bypass_rate',
    group: 'tokens',
    label: 'bypass rate',
    unit: 'share',
    source: 'used tokens',
    of: (period) => share(period.tokens?.bypassed ?? 0, usedOf(period)),
  },
  counted('messages_deleted', 'deletions', 'messages deleted'),
  counted('messages_gone', 'deletions', 'gone already'),
  counted('messages_failed', 'deletions', 'messages given up'),
  counted('chats_unreachable', 'deletions', 'chats unreachable'),
  counted('notices_sent', 'deletions', 'notices sent'),
  counted('notices_uncertain', 'deletions', 'notices uncertain'),
  {
    name: 'on_time_rate',
    group: 'lateness',
    label: 'within a minute',
    unit: 'share',
    source: 'work',
    of: (period) => share(period.sum('late_within_1m'), period.sum(...lateness)),
  },
  counted('late_within_1m', 'lateness', 'records in 1 min'),
  counted('late_within_5m', 'lateness', 'in 1 to 5 min'),
  counted('late_within_1h', 'lateness', 'in 5 min to 1 h'),
  counted('late_over_1h', 'lateness', 'later than 1 h'),
  {
    name: 'loss_rate',
    group: 'losses',
    label: 'loss rate',
    unit: 'share',
    source: 'work',
    of: (period) => share(failedOf(period), settledOf(period)),
  },
  counted('broadcasts_removed', 'broadcasts', 'removed'),
  counted('broadcast_chats_reached', 'broadcasts', 'chats reached'),
  {
    name: 'broadcast_reach',
    group: 'broadcasts',
    label: 'chats a broadcast',
    unit: 'mean',
    source: 'work',
    of: (period) => share(period.sum('broadcast_chats_reached'), period.sum('broadcasts_removed')),
  },
  counted('broadcast_messages_deleted', 'broadcasts', 'messages deleted'),
  counted('broadcast_messages_gone', 'broadcasts', 'gone already'),
  counted('broadcast_messages_failed', 'broadcasts', 'messages given up'),
  counted('broadcast_messages_too_old', 'broadcasts', 'past 48 hours'),
  counted('broadcast_chats_unreachable', 'broadcasts', 'chats unreachable'),
  counted('guides_posted', 'guides', 'posted'),
  counted('guides_failed', 'guides', 'failed'),
  counted('guides_uncertain', 'guides', 'uncertain'),
  counted('calls', 'calls', 'calls'),
  counted('rate_limited', 'calls', 'answered with 429'),
  {
    name: 'database_bytes',
    group: 'database',
    label: 'size',
    unit: 'bytes',
    source: 'look',
    standing: true,
    toTheEnd: 'database_bytes',
    of: (period) => period.last('database_bytes'),
  },
];

/** A word for each reason would be another list to keep: `too_old` reads as it is. */
const reason = (name: string): Figure => counted(`messages_failed:${name}`, 'losses', name.replaceAll('_', ' '));

const ofTables = {
  'bytes:': { unit: 'bytes', label: (table: string) => table },
  'rows:': { unit: 'count', label: (table: string) => `rows of ${table}` },
  'dead_rows:': { unit: 'count', label: (table: string) => `dead rows of ${table}` },
} as const;

const ofTable = (prefix: keyof typeof ofTables, table: string): Figure => {
  const { unit, label } = ofTables[prefix];
  const name = `${prefix}${table}` as const;
  return {
    name,
    group: 'database',
    label: label(table),
    unit,
    source: 'look',
    standing: true,
    toTheEnd: name,
    of: (period) => period.last(name),
  };
};

/** All figures, in order; those by reason and by table as far as something was counted of them. */
export function figuresOf(periods: readonly Counted[]): Figure[] {
  const names = (prefix: `${string}:`): string[] =>
    [...new Set(periods.flatMap((period) => period.namesOf(prefix)))].sort();
  const more = [
    ...names('messages_failed:').map(reason),
    ...(['bytes:', 'rows:', 'dead_rows:'] as const).flatMap((prefix) =>
      names(prefix).map((table) => ofTable(prefix, table)),
    ),
  ];
  return (Object.keys(groups) as Group[]).flatMap((group) =>
    [...known, ...more].filter((figure) => figure.group === group),
  );
}

/** For people: `Users (banned), Tokens`; of many figures the group alone. */
export function labelsOf(figures: readonly Figure[]): string {
  const ofGroup = new Map<Group, string[]>();
  for (const { group, label } of figures) ofGroup.set(group, [...(ofGroup.get(group) ?? []), label]);
  return [...ofGroup]
    .map(([group, labels]) => (labels.length > 3 ? groups[group] : `${groups[group]} (${labels.join(', ')})`))
    .join(', ');
}
