import { type Kysely, sql } from 'kysely';
import type { JobName } from '../process/summary.ts';
import type { Connection } from './connect.ts';
import type { Database } from './schema.ts';

/** What is known of a bot when a pass opens. */
export interface RememberedBot {
  /** As Telegram told it within a week, since its owner may change it; null when it must be asked for. */
  username: string | null;
  /** A message was deleted or sent within the last hour. */
  worked: boolean;
  /** Chats in a row that refused it in a way that says nothing of the chat. */
  refusedInARow: number;
  /** The server knows no `deleteMessages`. */
  oneByOne: boolean;
  /** The bot that sent the job's messages before; null where none had success yet. */
  sender: string | null;
}

export async function rememberBotUsername(db: Kysely<Database>, botId: string, username: string): Promise<void> {
  await db
    .insertInto('telesweep.bots')
    .values({ bot_id: botId, username, asked_at: sql<Date>`now()` })
    .onConflict((conflict) => conflict.column('bot_id').doUpdateSet({ username, asked_at: sql<Date>`now()` }))
    .execute();
}

/** What a pass learned of its bot. */
export interface BotNews {
  botId: string;
  /** It deleted or sent a message. */
  worked: boolean;
  refusedInARow: number;
  oneByOne: boolean;
}

/** Remembers it; the first bot with success is the one that the job's messages were sent by. */
export async function rememberBot(db: Kysely<Database>, job: JobName, news: BotNews): Promise<void> {
  await sql`
    with sender as (
      insert into telesweep.senders (schema_name, job, bot_id) select $schema, ${job}, ${news.botId}::bigint where ${news.worked}::boolean
      on conflict (schema_name, job) do nothing
    )
    insert into telesweep.bots as bot (bot_id, username, asked_at, worked_at, streak, one_by_one)
    values (${news.botId}::bigint, '', '-infinity', case when ${news.worked}::boolean then now() end,
            ${news.refusedInARow}::int, ${news.oneByOne}::boolean)
    on conflict (bot_id) do update
      set worked_at = coalesce(excluded.worked_at, bot.worked_at), streak = excluded.streak, one_by_one = excluded.one_by_one`.execute(
    db,
  );
}

export interface Sender {
  job: string;
  bot_id: string;
  /** Its user name; null where nobody asked for it yet. */
  name: string | null;
}

/** The bots that each job's messages were sent by. */
export function readSenders(connection: Connection): Promise<(Sender & Record<string, unknown>)[]> {
  return connection.query<Sender & Record<string, unknown>>(
    `select job, sender.bot_id::text, nullif(bot.username, '') as name
     from telesweep.senders as sender left join telesweep.bots as bot using (bot_id) where schema_name = $schema order by job`,
  );
}

/** From now on every job that deletes works with this bot. */
export async function acceptSender(connection: Connection, botId: string): Promise<void> {
  await connection.query(
    'update telesweep.senders set bot_id = $1, since = now() where schema_name = $schema and bot_id <> $1',
    [botId],
  );
}
