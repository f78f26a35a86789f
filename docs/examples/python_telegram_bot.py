from psycopg_pool import AsyncConnectionPool
from telegram import Bot
from telegram.error import Forbidden


async def send_files(bot: Bot, db: AsyncConnectionPool, user_id: int, unique_id: str, files: list[str]) -> None:
    """Sends files that go in ten minutes."""
    ids: list[int] = []
    try:
        for file in files:
            ids.append((await bot.send_document(user_id, file)).message_id)
    finally:
        # Also where a send fails on the way: what has arrived is to go all the same.
        if ids:
            async with db.connection() as connection:
                await connection.execute(
                    """INSERT INTO pending_deletions (user_id, chat_id, message_ids, unique_id, delete_at)
                       VALUES (%s, %s, %s, %s, now() + interval '10 minutes')""",
                    (user_id, user_id, ids, unique_id),
                )


async def broadcast(bot: Bot, db: AsyncConnectionPool, text: str, chat_ids: list[int]) -> None:
    """Sends a broadcast that goes in a day. The pace, and waiting where Telegram answers 429, are the bot's own affair."""
    async with db.connection() as connection:
        cursor = await connection.execute(
            "INSERT INTO broadcasts (text, delete_at) VALUES (%s, now() + interval '24 hours') RETURNING id", (text,)
        )
        (broadcast_id,) = await cursor.fetchone()
    for chat_id in chat_ids:
        try:
            sent = await bot.send_message(chat_id, text)
        except Forbidden:
            continue  # Who has blocked the bot gets no copy and needs no row.
        async with db.connection() as connection:
            await connection.execute(
                "INSERT INTO broadcast_messages (broadcast_id, chat_id, message_id) VALUES (%s, %s, %s)",
                (broadcast_id, chat_id, sent.message_id),
            )
