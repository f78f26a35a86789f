/** Figures by stretch of time: what was counted in `telesweep.daily`, and what of the same days stands still in the bots' tables. */
import type { Connection } from './connect.ts';
import { dailyMetrics } from './daily-metrics.ts';
import { instantText, readInstant } from './instant.ts';

/** What a reader must know before it asks for figures. Days are `YYYY-MM-DD` in TIMEZONE. */
export interface DailyFrame {
  schema: string;
  now: Date;
  today: string;
  /** The first day of which what was done is counted, from some moment of it on; null where there is none yet. */
  countedSince: string | null;
  hasUsers: boolean;
}

/** Metrics whose days may precede the first count. */
const ofEarlierDays = dailyMetrics.filter(({ day }) => day === 'made' || day === 'past').map(({ name }) => name);

export async function readDailyFrame(connection: Connection, timeZone: string): Promise<DailyFrame> {
  const [row] = await connection.query<{
    schema: string;
    now: string;
    today: string;
    counted_since: string | null;
    has_users: boolean;
  }>(
    `select $schema as schema, ${instantText('now()')} as now, to_char(now() at time zone $1::text, 'YYYY-MM-DD') as today,
            (select to_char(day, 'YYYY-MM-DD') from telesweep.daily
             where schema_name = $schema and metric <> all($2::text[]) order by day limit 1) as counted_since,
            to_regclass('$bots.users') is not null as has_users`,
    [timeZone, ofEarlierDays],
  );
  if (row === undefined) throw new Error('the look at the daily figures returned no row');
  const { schema, now, today, counted_since: countedSince, has_users: hasUsers } = row;
  return { schema, now: readInstant(now), today, countedSince, hasUsers };
}

/** Stretches of time that follow each other without a gap. Days are `YYYY-MM-DD`. */
export interface Stretches {
  /** The first day of each, in order. */
  starts: readonly string[];
  lastDay: string;
}

export interface CountedMetric {
  /** Which of the stretches, from 0. */
  stretch: number;
  metric: string;
  sum: number;
  /** Of `lastDay`, the last that has it. */
  last: number;
  lastDay: string;
}

/** `$1` are the starts, `$2` the last day. */
const stretchOf = (day: string): string => `width_bucket(${day}, $1::date[]) - 1`;

/** As PostgreSQL sends it: a float would have as few digits as the session likes. */
type AsText<T> = { [K in keyof T]: T[K] extends number ? string : T[K] };

/** What `telesweep.daily` holds of the stretches. */
export async function readCounted(connection: Connection, { starts, lastDay }: Stretches): Promise<CountedMetric[]> {
  const rows = await connection.query<AsText<CountedMetric>>(
    `select (${stretchOf('day')})::text as stretch, metric, sum(value)::text as sum,
            (array_agg(value order by day desc))[1]::text as last, to_char(max(day), 'YYYY-MM-DD') as "lastDay"
     from telesweep.daily
     where schema_name = $schema and day between ($1::date[])[1] and $2::date
     group by 1, 2`,
    [[...starts], lastDay],
  );
  return rows.map(({ metric, stretch, sum, last, lastDay: dayOfLast }) => ({
    metric,
    stretch: Number(stretch),
    sum: Number(sum),
    last: Number(last),
    lastDay: dayOfLast,
  }));
}

/** Tokens by the day on which they were made, removed or not. */
export interface TokenFigures {
  stretch: number;
  verified: number;
  bypassed: number;
  /** All that are known: those not used among them, which stand for ever. */
  known: number;
  /** Of these, not used and not expired. */
  open: number;
  /** On days with counters what these tell, on the others what is known. */
  made: number;
  /** Users with a counter, once for each day. */
  userDays: number;
  counterDays: number;
}

/**
 * Joins what was removed with what stands, in one pass over each table. Which day an instant falls on the database decides; the bounds
 * of the scan are a day wider, because a clock that changes at midnight shows it twice or never.
 */
export async function readTokenFigures(
  connection: Connection,
  { starts, lastDay }: Stretches,
  timeZone: string,
): Promise<TokenFigures[]> {
  const rows = await connection.query<AsText<TokenFigures>>(
    `with removed as (
       select day, sum(value) filter (where metric = 'tokens_verified') as verified,
              sum(value) filter (where metric = 'tokens_bypassed') as bypassed,
              sum(value) filter (where metric = 'token_users') as users,
              sum(value) filter (where metric = 'tokens_generated') as generated
       from telesweep.daily
       where schema_name = $schema and day between ($1::date[])[1] and $2::date
         and metric in ('tokens_verified', 'tokens_bypassed', 'token_users', 'tokens_generated')
       group by day
     ), standing as (
       select (created_at at time zone $3::text)::date as day, count(*) as tokens,
              count(*) filter (where status = 'verified') as verified,
              count(*) filter (where status = 'bypassed') as bypassed,
              count(*) filter (where status = 'not_used' and expires_at > now()) as open
       from $bots.tokens
       where created_at >= (($1::date[])[1] - 1)::timestamp at time zone $3::text
         and created_at < ($2::date + 2)::timestamp at time zone $3::text
       group by 1
     ), counters as (
       select date as day, count(*) as users, sum(token_generated) as generated
       from $bots.token_generator_count where date between ($1::date[])[1] and $2::date
       group by 1
     ), daily as (
       select day, coalesce(removed.verified, 0) + coalesce(standing.verified, 0) as verified,
              coalesce(removed.bypassed, 0) + coalesce(standing.bypassed, 0) as bypassed,
              coalesce(removed.verified, 0) + coalesce(removed.bypassed, 0) + coalesce(tokens, 0) as known,
              coalesce(open, 0) as open, coalesce(removed.users, 0) + coalesce(counters.users, 0) as users,
              coalesce(removed.generated, 0) + coalesce(counters.generated, 0) as generated
       from removed full join standing using (day) full join counters using (day)
       where day between ($1::date[])[1] and $2::date
     )
     select (${stretchOf('day')})::text as stretch, sum(verified)::text as verified, sum(bypassed)::text as bypassed,
            sum(known)::text as known, sum(open)::text as open,
            sum(case when users > 0 then generated else known end)::text as made,
            sum(users)::text as "userDays", (count(*) filter (where users > 0))::text as "counterDays"
     from daily group by 1`,
    [[...starts], lastDay, timeZone],
  );
  return rows.map((row) => ({
    stretch: Number(row.stretch),
    verified: Number(row.verified),
    bypassed: Number(row.bypassed),
    known: Number(row.known),
    open: Number(row.open),
    made: Number(row.made),
    userDays: Number(row.userDays),
    counterDays: Number(row.counterDays),
  }));
}
