-- Files that are to go in ten minutes, as soon as Telegram has answered the sends:
INSERT INTO pending_deletions (user_id, chat_id, message_ids, unique_id, delete_at)
VALUES (711223344, 711223344, '{101,102,103}', 'file-42', now() + interval '10 minutes');
