import { type Kysely, sql } from 'kysely';
import type { Connection } from './connect.ts';
import { instantText, readInstant, readInstantOrNull } from './instant.ts';
import type { Database } from './schema.ts';

/** Tells later passes to leave at once until the pause is over. */
export async function startCooldown(db: Kysely<Database>, botId: string): Promise<void> {
  await sql`update telesweep.budgets set cooldown_until = paused_until where bot_id = ${botId}::bigint`.execute(db);
}

export interface Pause {
  /** Seconds until the pause is over; 0 where there is none. */
  seconds: number;
  /** A pass left because of this pause. */
  cooldown: boolean;
}

/** All jobs together reserve no further ahead. `$1` is the rate, calls a second. */
const longestReservation = 'make_interval(secs => 60 + 5 / $1::float8)';

/** Reserved further ahead, and not because of a pause: a clock that went back. */
export const isFarAhead = `next_call_at > greatest(clock_timestamp(), paused_until) + ${longestReservation}`;

/** The bots that Telegram asked to pause, and until when. */
export async function readPauses(connection: Connection): Promise<{ bot_id: string; until: Date }[]> {
  const rows = await connection.query<{ bot_id: string; until: string }>(
    `select bot_id::text, ${instantText('paused_until')} as until from telesweep.budgets
     where paused_until > clock_timestamp() order by telesweep.budgets.bot_id`,
  );
  return rows.map(({ bot_id, until }) => ({ bot_id, until: readInstant(until) }));
}

/** A bot's budget. The times of pauses are null where they are over. */
export interface Budget {
  bot_id: string;
  /** Its user name; null where nobody asked for it yet. */
  name: string | null;
  /** When the first call may go that is not reserved yet; long past where nobody called lately. */
  next_call_at: Date;
  /** The end of the pause that Telegram asked for. */
  paused_until: Date | null;
  /** Until then passes with something due leave at once. */
  cooldown_until: Date | null;
  /** When a pass ended last that was asked for a pause; null where none was. */
  asked_at: Date | null;
  /** Reserved further ahead than all jobs together can have. */
  is_ahead: boolean;
  /** A pause, or a reservation that is ahead: what `clearBudgets` ends. */
  held_up: boolean;
}

type Told = 'bot_id' | 'is_ahead' | 'held_up';
type BudgetRow = { [K in Exclude<keyof Budget, Told>]: string | null } & Pick<Budget, Told> & { next_call_at: string };

const isHeldUp = `(coalesce(paused_until > clock_timestamp(), false) or coalesce(cooldown_until > clock_timestamp(), false)
              or ${isFarAhead})`;

/** @param rate calls a second */
export async function readBudgets(connection: Connection, rate: number): Promise<Budget[]> {
  const ahead = (column: string): string =>
    `case when ${column} > clock_timestamp() then ${instantText(column)} end as ${column}`;
  const rows = await connection.query<BudgetRow>(
    `select budget.bot_id::text, nullif(bot.username, '') as name, ${instantText('next_call_at')} as next_call_at, ${ahead('paused_until')},
            ${ahead('cooldown_until')}, ${isFarAhead} as is_ahead, ${isHeldUp} as held_up, (
              select ${instantText('max(changed_at)')} from telesweep.totals
              where totals.bot_id = budget.bot_id and totals.name = 'rate_limited') as asked_at
     from telesweep.budgets as budget left join telesweep.bots as bot using (bot_id) order by budget.bot_id`,
    [rate],
  );
  return rows.map((row) => ({
    ...row,
    next_call_at: readInstant(row.next_call_at),
    paused_until: readInstantOrNull(row.paused_until),
    cooldown_until: readInstantOrNull(row.cooldown_until),
    asked_at: readInstantOrNull(row.asked_at),
  }));
}

/** Ends pauses, and reservations that reach further ahead than any honest one. @returns the bots of which there was one */
export async function clearBudgets(connection: Connection, botIds: readonly string[], rate: number): Promise<string[]> {
  const rows = await connection.query<{ bot_id: string }>(
    `update telesweep.budgets
     set paused_until = null, cooldown_until = null,
         next_call_at = case when next_call_at > clock_timestamp() + ${longestReservation} then clock_timestamp() else next_call_at end
     where bot_id = any($2::bigint[]) and ${isHeldUp}
     returning bot_id::text`,
    [rate, [...botIds]],
  );
  return rows.map(({ bot_id }) => bot_id).sort();
}

export interface ReservedCall {
  /** Until the call may start; null where the bot is paused and none was reserved. */
  waitMs: number | null;
  /** Until the pause is over; 0 where there is none. */
  pausedMs: number;
}

/** Reserves one call apart from a sweep, by the rule of its tick (tick.ts). */
export async function reserveCall(connection: Connection, botId: string, ratePerSecond: number): Promise<ReservedCall> {
  const [row] = await connection.query<{ wait: number; paused: number | null }>(
    `insert into telesweep.budgets as budget (bot_id, next_call_at)
     values ($1::bigint, clock_timestamp() + make_interval(secs => $2::float8))
     on conflict (bot_id) do update
       set next_call_at = case when budget.paused_until > clock_timestamp() then budget.next_call_at
         else greatest(clock_timestamp(), case when budget.next_call_at <= clock_timestamp() + make_interval(secs => 5 + 5 * $2::float8)
                                               then budget.next_call_at end) + make_interval(secs => $2::float8) end
     returning 1000 * extract(epoch from next_call_at - make_interval(secs => $2::float8) - clock_timestamp())::numeric as wait,
               1000 * extract(epoch from paused_until - clock_timestamp())::numeric as paused`,
    [botId, 1 / ratePerSecond],
  );
  const pausedMs = Math.max(0, row?.paused ?? 0);
  return { waitMs: pausedMs > 0 ? null : Math.max(0, row?.wait ?? 0), pausedMs };
}

/** Telegram asked the bot to pause: every process of the token waits as long, and no pause is made shorter. */
export async function pauseBot(connection: Connection, botId: string, seconds: number): Promise<void> {
  await connection.query(
    `insert into telesweep.budgets as budget (bot_id, next_call_at, paused_until)
     values ($1::bigint, clock_timestamp(), clock_timestamp() + make_interval(secs => $2::float8))
     on conflict (bot_id) do update set paused_until = greatest(budget.paused_until, excluded.paused_until)`,
    [botId, seconds],
  );
}
