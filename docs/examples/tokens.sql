INSERT INTO tokens (token, unique_id, created_by) VALUES ('3f1c9a', 'file-42', 711223344);
UPDATE tokens SET status = 'verified' WHERE token = '3f1c9a' AND expires_at > now();  -- or 'bypassed'
-- The counter of today, by the clock of TIMEZONE:
INSERT INTO token_generator_count AS today (user_id, date) VALUES (711223344, (now() AT TIME ZONE 'UTC')::date)
ON CONFLICT (user_id, date) DO UPDATE SET token_generated = today.token_generated + 1;
