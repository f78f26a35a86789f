import type { JobName } from '../job.ts';
import type { Connection } from './connect.ts';

/** Names the pass whose lease must still hold when calls are reserved. */
export interface LeaseHolder {
  job: JobName;
  runId: string;
}

export interface Reservation {
  /** When the first reserved call may start, by the database's clock: milliseconds since 1970. */
  startsAtMs: number;
  /** The database's clock when it answered. */
  nowMs: number;
  leaseHeld: boolean;
}

/**
 * Reserves the next `calls` calls of a bot in one statement; what every process of the token has reserved before, and
 * a pause that Telegram asked for, come first.
 * @param intervalSeconds from one call to the next
 */
export async function reserveCalls(
  connection: Connection,
  botId: string,
  calls: number,
  intervalSeconds: number,
  holder: LeaseHolder,
): Promise<Reservation> {
  const [row] = await connection.query<{ starts_at: number; now: number; lease_held: boolean }>(
    `insert into telesweep.budgets as budget (bot_id, next_call_at)
     values ($1, clock_timestamp() + make_interval(secs => $2))
     on conflict (bot_id) do update
       set next_call_at = greatest(budget.next_call_at, clock_timestamp(), budget.paused_until) + make_interval(secs => $2)
     returning 1000 * (extract(epoch from next_call_at)::float8 - $2::float8) as starts_at,
       1000 * extract(epoch from clock_timestamp())::float8 as now,
       exists (select from telesweep.leases
               where job = $3 and run_id = $4 and expires_at > clock_timestamp()) as lease_held`,
    [botId, calls * intervalSeconds, holder.job, holder.runId],
  );
  if (row === undefined) throw new Error('the reservation returned no row');
  return { startsAtMs: row.starts_at, nowMs: row.now, leaseHeld: row.lease_held };
}

/** Moves the pause of a bot forward, never back. @returns seconds from now until it is over */
export async function pauseCalls(connection: Connection, botId: string, seconds: number): Promise<number> {
  const [row] = await connection.query<{ left: number }>(
    `insert into telesweep.budgets as budget (bot_id, next_call_at, paused_until)
     values ($1, clock_timestamp(), clock_timestamp() + make_interval(secs => $2))
     on conflict (bot_id) do update set paused_until = greatest(budget.paused_until, excluded.paused_until)
     returning extract(epoch from paused_until - clock_timestamp())::float8 as left`,
    [botId, seconds],
  );
  return row?.left ?? seconds;
}

/** Tells later passes to leave at once until the pause is over. */
export async function startCooldown(connection: Connection, botId: string): Promise<void> {
  await connection.query('update telesweep.budgets set cooldown_until = paused_until where bot_id = $1', [botId]);
}

export interface Pause {
  /** Seconds until the pause is over; 0 where there is none. */
  seconds: number;
  /** A pass left because of this pause. */
  cooldown: boolean;
}

export async function readPause(connection: Connection, botId: string): Promise<Pause> {
  const [row] = await connection.query<{ seconds: number | null; cooldown: boolean | null }>(
    `select extract(epoch from paused_until - clock_timestamp())::float8 as seconds,
            cooldown_until > clock_timestamp() as cooldown
     from telesweep.budgets where bot_id = $1`,
    [botId],
  );
  return { seconds: Math.max(0, row?.seconds ?? 0), cooldown: row?.cooldown === true };
}

/** The bots that Telegram asked to pause, and until when. */
export async function readPauses(connection: Connection): Promise<{ bot_id: string; until: Date }[]> {
  return connection.query<{ bot_id: string; until: Date }>(
    `select bot_id::text, paused_until as until from telesweep.budgets
     where paused_until > clock_timestamp() order by bot_id`,
  );
}
