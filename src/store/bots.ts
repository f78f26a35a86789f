import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/** A user name is asked for again after this time, since its owner may change it. */
const rememberedDays = 7;

/** The bot's user name as Telegram told it lately; null when it must be asked. */
export async function readBotUsername(db: Kysely<Database>, botId: string): Promise<string | null> {
  const row = await db
    .selectFrom('telesweep.bots')
    .select('username')
    .where('bot_id', '=', botId)
    .where('asked_at', '>', sql<Date>`now() - make_interval(days => ${rememberedDays})`)
    .executeTakeFirst();
  return row?.username ?? null;
}

export async function rememberBotUsername(db: Kysely<Database>, botId: string, username: string): Promise<void> {
  await db
    .insertInto('telesweep.bots')
    .values({ bot_id: botId, username, asked_at: sql<Date>`now()` })
    .onConflict((conflict) => conflict.column('bot_id').doUpdateSet({ username, asked_at: sql<Date>`now()` }))
    .execute();
}
