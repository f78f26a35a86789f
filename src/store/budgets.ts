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

/** Reserved further ahead than all jobs together can have: a clock that went back. `$1` is the rate, calls a second. */
export const isFarAhead =
  'next_call_at > greatest(clock_timestamp(), paused_until) + make_interval(secs => 60 + 5 / $1::float8)';

/** A bot's budget as it stands now. */
export interface Budget {
  bot_id: string;
  next_call_at: Date;
  /** Null where no pause is in force. */
  paused_until: Date | null;
  /** Further ahead than any honest reservation. */
  is_ahead: boolean;
}

/** @param rate calls a second */
export async function readBudgets(connection: Connection, rate: number): Promise<Budget[]> {
  const rows = await connection.query<{ bot_id: string; next: string; until: string | null; ahead: boolean }>(
    `select bot_id::text, ${instantText('next_call_at')} as next, ${isFarAhead} as ahead,
            case when paused_until > clock_timestamp() then ${instantText('paused_until')} end as until
     from telesweep.budgets order by telesweep.budgets.bot_id`,
    [rate],
  );
  return rows.map(({ bot_id, next, until, ahead }) => ({
    bot_id,
    next_call_at: readInstant(next),
    paused_until: readInstantOrNull(until),
    is_ahead: ahead,
  }));
}

/** The bots that Telegram asked to pause, and until when. */
export async function readPauses(connection: Connection): Promise<{ bot_id: string; until: Date }[]> {
  const rows = await connection.query<{ bot_id: string; until: string }>(
    `select bot_id::text, ${instantText('paused_until')} as until from telesweep.budgets
     where paused_until > clock_timestamp() order by telesweep.budgets.bot_id`,
  );
  return rows.map(({ bot_id, until }) => ({ bot_id, until: readInstant(until) }));
}

/** A bot's budget. Times are null where they are not ahead. */
export interface Budget {
  bot_id: string;
  /** Its user name; null where nobody asked for it yet. */
  name: string | null;
  /** Where calls are reserved until then. */
  next_call_at: Date | null;
  /** The end of the pause that Telegram asked for. */
  paused_until: Date | null;
  /** Until then passes with something due leave at once. */
  cooldown_until: Date | null;
  /** When a pass ended last that was asked for a pause; null where none was. */
  asked_at: Date | null;
  /** A pause, or a reservation further ahead than any honest one: what `clearBudgets` ends. */
  held_up: boolean;
}

type BudgetRow = { [K in Exclude<keyof Budget, 'bot_id' | 'held_up'>]: string | null } & Pick<
  Budget,
  'bot_id' | 'held_up'
>;

/** Reservations of processes at work reach no further: what does is a pause's, or of a clock that went back. */
const isFarAhead = `next_call_at > clock_timestamp() + interval '60 seconds'`;

const isHeldUp = `(coalesce(paused_until > clock_timestamp(), false) or coalesce(cooldown_until > clock_timestamp(), false)
              or ${isFarAhead})`;

export async function readBudgets(connection: Connection): Promise<Budget[]> {
  const ahead = (column: string): string =>
    `case when ${column} > clock_timestamp() then ${instantText(column)} end as ${column}`;
  const rows = await connection.query<BudgetRow>(
    `select budget.bot_id::text, nullif(bot.username, '') as name, ${ahead('next_call_at')}, ${ahead('paused_until')},
            ${ahead('cooldown_until')}, ${isHeldUp} as held_up, (
              select ${instantText('max(changed_at)')} from telesweep.totals
              where totals.bot_id = budget.bot_id and totals.name = 'rate_limited') as asked_at
     from telesweep.budgets as budget left join telesweep.bots as bot using (bot_id) order by budget.bot_id`,
  );
  return rows.map(({ bot_id, name, next_call_at, paused_until, cooldown_until, asked_at, held_up }) => ({
    bot_id,
    name,
    next_call_at: readInstantOrNull(next_call_at),
    paused_until: readInstantOrNull(paused_until),
    cooldown_until: readInstantOrNull(cooldown_until),
    asked_at: readInstantOrNull(asked_at),
    held_up,
  }));
}

/** Ends pauses, and reservations that reach further ahead than any honest one. @returns the bots of which there was one */
export async function clearBudgets(connection: Connection, botIds: readonly string[]): Promise<string[]> {
  const rows = await connection.query<{ bot_id: string }>(
    `update telesweep.budgets
     set paused_until = null, cooldown_until = null,
         next_call_at = case when ${isFarAhead} then clock_timestamp() else next_call_at end
     where bot_id = any($1::bigint[]) and ${isHeldUp}
     returning bot_id::text`,
    [[...botIds]],
  );
  return rows.map(({ bot_id }) => bot_id).sort();
}
