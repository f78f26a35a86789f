-- Once, before the first chat; it answers the broadcast's id:
INSERT INTO broadcasts (text, delete_at) VALUES ('New season is out', now() + interval '24 hours') RETURNING id;
-- For each chat, as soon as Telegram has answered the send:
INSERT INTO broadcast_messages (broadcast_id, chat_id, message_id) VALUES (1, 711223344, 112);
