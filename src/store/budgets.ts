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

export async function readPause(connection: Connection, botId: string): Promise<Pause> {
  const [row] = await connection.query<{ seconds: number | null; cooldown: boolean | null }>(
    `select extract(epoch from paused_until - clock_timestamp())::float8 as seconds,
            cooldown_until > clock_timestamp() as cooldown
     from telesweep.budgets where bot_id = $1`,
    [botId],
  );
  return { seconds: Math.max(0, row?.seconds ?? 0), cooldown: row?.cooldown === true };
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
