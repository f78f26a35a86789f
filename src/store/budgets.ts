import { type Kysely, sql } from 'kysely';
import type { Connection } from './connect.ts';
import { instantText, readInstant } from './instant.ts';
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

/** The bots that Telegram asked to pause, and until when. */
export async function readPauses(connection: Connection): Promise<{ bot_id: string; until: Date }[]> {
  const rows = await connection.query<{ bot_id: string; until: string }>(
    `select bot_id::text, ${instantText('paused_until')} as until from telesweep.budgets
     where paused_until > clock_timestamp() order by telesweep.budgets.bot_id`,
  );
  return rows.map(({ bot_id, until }) => ({ bot_id, until: readInstant(until) }));
}
