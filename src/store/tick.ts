/** The one statement of a sweep's writer: the lease, what happened to rows since the last one, and the next calls. */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { CallCounts, JobName } from '../process/summary.ts';
import { addToDaily, type Figures } from './daily-counts.ts';
import { leaseSeconds } from './runs.ts';
import type { Database } from './schema.ts';

export interface TickRequest {
  job: JobName;
  runId: string;
  /** Moves the lease's end forward; else the lease is only looked at. */
  renew: boolean;
  /** Calls that no statement has added to the figures yet; null for a tick that leaves them to another. */
  made: CallCounts | null;
  botId: string;
  /** Calls to reserve. */
  calls: number;
  /** From one call to the next. */
  intervalSeconds: number;
  /** A pause that Telegram asked for, counted from now; null for none. */
  pauseSeconds: number | null;
  /** The commit must be on disk when it is answered, whatever the role's settings say: it holds a claim. */
  durable: boolean;
  /** How long to wait for a lock that cannot be passed over: that of a foreign key, or the budget's. */
  lockMs: number;
}

export interface TickAnswer {
  leaseHeld: boolean;
  /** The database's clock, milliseconds since 1970. */
  nowMs: number;
  /** When the first of the reserved calls may start, by the database's clock; null where none was reserved. */
  startsAtMs: number | null;
  /** Milliseconds until a pause is over; 0 where there is none. */
  pausedMs: number;
  /** The numbers of the writes that were carried out. */
  done: ReadonlySet<number>;
  /** The numbers of those whose row is not there any more. */
  gone: ReadonlySet<number>;
  /** The numbers of those whose row nobody holds and that stayed as it was all the same: a trigger or a rule kept it so. */
  kept: ReadonlySet<number>;
}

/** Common table expressions that carry out writes, each row under its number `n`. They may ask `exists (select from lease)`. */
export interface TickWrites {
  expressions: RawBuilder<unknown>;
  /** A select of `n`, once for each row that was written. */
  done: RawBuilder<unknown>;
  /** A select of `n` for each row that is not there. */
  gone: RawBuilder<unknown>;
  /** A select of `n` for each row that was found, asked to change, and did not. */
  kept: RawBuilder<unknown>;
  /** A select of `metric` and `value`: what the rows themselves tell for the figures. */
  figures?: RawBuilder<unknown>;
}

/**
 * Carries out writes, and reserves calls for the holder of the lease. The budget's row comes last, because every process
 * of the token waits for it.
 * @throws LockTimeoutError where somebody holds what the writes need; then nothing was done
 */
export async function runTick(
  db: Kysely<Database>,
  request: TickRequest,
  writes: TickWrites | null,
  /** What each write adds to the figures where it is done. */
  counted: readonly Figures[] = [],
): Promise<TickAnswer> {
  const figures = figuresOf(request, writes, counted);
  const { rows } = await sql<TickRow>`
    with lease as materialized (${leaseOf(request)}),
    settings as materialized (select ${settingsOf(request)} as applied),
    ${writes === null ? sql`` : sql`${writes.expressions},`}
    ${figures === null ? sql`` : sql`figures as materialized (${figures}), noted as (${sql.raw(addTodays)}),`}
    written as materialized (
      select ${writes === null ? sql`null::int[]` : sql`(select array_agg(n) from (${writes.done}) as done)`} as done,
             (select applied from settings) as applied${figures === null ? sql`` : sql`, (select count(*) from noted) as noted`}),
    budget as (${budgetOf(request)})
    select exists (select from lease) as lease_held,
           1000 * extract(epoch from clock_timestamp())::numeric as now,
           (select 1000 * starts_at from budget) as starts_at,
           (select 1000 * paused from budget) as paused,
           (select done from written) as done,
           ${writes === null ? sql`null::int[]` : sql`(select array_agg(n) from (${writes.gone}) as gone)`} as gone,
           ${writes === null ? sql`null::int[]` : sql`(select array_agg(n) from (${writes.kept}) as kept)`} as kept`.execute(
    db,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the tick returned no row');
  return {
    leaseHeld: row.lease_held,
    nowMs: row.now,
    startsAtMs: request.calls > 0 && row.lease_held ? row.starts_at : null,
    pausedMs: Math.max(0, row.paused ?? 0),
    done: new Set(row.done),
    gone: new Set(row.gone),
    kept: new Set(row.kept),
  };
}

interface TickRow {
  lease_held: boolean;
  now: number;
  starts_at: number | null;
  paused: number | null;
  done: number[] | null;
  gone: number[] | null;
  kept: number[] | null;
}

/** Locked against a take-over until the commit: who holds the lease here holds it when its claims count. */
function leaseOf({ job, runId, renew }: TickRequest): RawBuilder<unknown> {
  if (renew) {
    return sql`
      update telesweep.leases set expires_at = clock_timestamp() + make_interval(secs => ${sql.lit(leaseSeconds)})
      where schema_name = $schema and job = ${job} and run_id = ${runId} returning 1 as held`;
  }
  return sql`
      select 1 as held from telesweep.leases
      where schema_name = $schema and job = ${job} and run_id = ${runId} and expires_at > clock_timestamp() for share`;
}

/** Before the budget's row, which others wait for: whoever holds that one waits for nothing any more. */
const addTodays = addToDaily('select $today as day, metric, sum(value) as value from figures group by metric');

function figuresOf(
  { made }: TickRequest,
  writes: TickWrites | null,
  counted: readonly Figures[],
): RawBuilder<unknown> | null {
  const parts: RawBuilder<unknown>[] = [];
  const { calls = 0, rate_limited: limited = 0 } = made ?? {};
  // A 429 is counted when it is answered, which may be when no call leaves any more.
  if (calls + limited > 0) {
    parts.push(sql`select metric, value from (
      values ('calls', ${calls}::bigint), ('rate_limited', ${limited}::bigint)) as made (metric, value)`);
  }
  if (writes !== null) {
    const told = counted.flatMap((figures, n) =>
      Object.entries(figures).map(([name, value = 0]) => ({ n, name, value })),
    );
    const names = [...new Set(told.map(({ name }) => name))];
    const places = new Map(names.map((name, index) => [name, index + 1]));
    if (told.length > 0) {
      parts.push(sql`select (${names}::text[])[place] as metric, value from unnest(
        ${told.map(({ n }) => n)}::int[], ${told.map(({ name }) => places.get(name))}::int[], ${told.map(({ value }) => value)}::bigint[]
      ) as told (n, place, value) where n in (${writes.done})`);
    }
    if (writes.figures !== undefined) parts.push(writes.figures);
  }
  return parts.length === 0 ? null : sql.join(parts, sql` union all `);
}

/** Both hold for this statement alone. A bot's own transaction must not hold up every process of the token. */
function settingsOf({ durable, lockMs }: TickRequest): RawBuilder<unknown> {
  const lockTimeout = sql`set_config('lock_timeout', ${String(lockMs)}, true)`;
  if (!durable) return lockTimeout;
  return sql`${lockTimeout} || case when current_setting('synchronous_commit') = 'off'
      then set_config('synchronous_commit', 'on', true) else '' end`;
}

function budgetOf({ botId, calls, intervalSeconds, pauseSeconds }: TickRequest): RawBuilder<unknown> {
  if (calls === 0 && pauseSeconds === null) {
    return sql`
      select null::numeric as starts_at, extract(epoch from paused_until - clock_timestamp())::numeric as paused
      from telesweep.budgets, written where bot_id = ${botId}::bigint`;
  }
  const reserved = sql`make_interval(secs => case when exists (select from lease) then ${calls * intervalSeconds}::float8 else 0 end)`;
  const pausedUntil = sql`clock_timestamp() + make_interval(secs => ${pauseSeconds}::float8)`;
  // Further ahead than what all jobs together can have reserved means a clock that went back.
  const honest = sql`greatest(clock_timestamp(), budget.paused_until) + make_interval(secs => ${5 + 5 * intervalSeconds}::float8)`;
  return sql`
      insert into telesweep.budgets as budget (bot_id, next_call_at, paused_until)
      select ${botId}::bigint, greatest(clock_timestamp(), ${pausedUntil}) + ${reserved}, ${pausedUntil} from written
      on conflict (bot_id) do update
        set paused_until = greatest(budget.paused_until, excluded.paused_until),
            next_call_at = greatest(case when budget.next_call_at <= ${honest} then budget.next_call_at end,
                                    clock_timestamp(), budget.paused_until, excluded.paused_until) + ${reserved}
      returning extract(epoch from next_call_at - ${reserved})::numeric as starts_at,
                extract(epoch from paused_until - clock_timestamp())::numeric as paused`;
}
