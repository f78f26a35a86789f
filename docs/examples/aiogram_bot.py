import asyncpg
from aiogram import Bot
from aiogram.exceptions import TelegramForbiddenError


async def send_files(bot: Bot, db: asyncpg.Pool, user_id: int, unique_id: str, files: list[str]) -> None:
    """Sends files that go in ten minutes."""
    ids: list[int] = []
    try:
        for file in files:
            ids.append((await bot.send_document(user_id, file)).message_id)
    finally:
        # Also where a send fails on the way: what has arrived is to go all the same.
        if ids:
            await db.execute(
                """INSERT INTO pending_deletions (user_id, chat_id, message_ids, unique_id, delete_at)
                   VALUES ($1, $1, $2, $3, now() + interval '10 minutes')""",
                user_id, ids, unique_id,
            )


async def broadcast(bot: Bot, db: asyncpg.Pool, text: str, chat_ids: list[int]) -> None:
    """Sends a broadcast that goes in a day. The pace, and waiting where Telegram answers 429, are the bot's own affair."""
    broadcast_id = await db.fetchval(
        "INSERT INTO broadcasts (text, delete_at) VALUES ($1, now() + interval '24 hours') RETURNING id", text
    )
    for chat_id in chat_ids:
        try:
            sent = await bot.send_message(chat_id, text)
        except TelegramForbiddenError:
            continue  # Who has blocked the bot gets no copy and needs no row.
        await db.execute(
            "INSERT INTO broadcast_messages (broadcast_id, chat_id, message_id) VALUES ($1, $2, $3)",
            broadcast_id, chat_id, sent.message_id,
        )
