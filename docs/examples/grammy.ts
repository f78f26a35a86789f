import { type Bot, GrammyError } from 'grammy';
import type { Pool } from 'pg';

/** Sends files that go in ten minutes. */
export async function sendFiles(bot: Bot, db: Pool, userId: number, uniqueId: string, files: string[]): Promise<void> {
  const ids: number[] = [];
  try {
    for (const file of files) ids.push((await bot.api.sendDocument(userId, file)).message_id);
  } finally {
    // Also where a send fails on the way: what has arrived is to go all the same.
    if (ids.length > 0) {
      await db.query(
        `INSERT INTO pending_deletions (user_id, chat_id, message_ids, unique_id, delete_at)
         VALUES ($1, $1, $2, $3, now() + interval '10 minutes')`,
        [userId, ids, uniqueId],
      );
    }
  }
}

/** Sends a broadcast that goes in a day. The pace, and waiting where Telegram answers 429, are the bot's own affair. */
export async function broadcast(bot: Bot, db: Pool, text: string, chatIds: number[]): Promise<void> {
  const { rows } = await db.query(
    `INSERT INTO broadcasts (text, delete_at) VALUES ($1, now() + interval '24 hours') RETURNING id`,
    [text],
  );
  for (const chatId of chatIds) {
    try {
      const sent = await bot.api.sendMessage(chatId, text);
      await db.query('INSERT INTO broadcast_messages (broadcast_id, chat_id, message_id) VALUES ($1, $2, $3)', [
        rows[0].id,
        chatId,
        sent.message_id,
      ]);
    } catch (error) {
      // Who has blocked the bot gets no copy and needs no row. What the database says goes on to the caller.
      if (!(error instanceof GrammyError && error.error_code === 403)) throw error;
    }
  }
}
