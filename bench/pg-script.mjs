import pg from 'pg';

const client = new pg.Client(process.env.DATABASE_URL);
await client.connect();
await client.query('select id from pending_deletions where delete_at <= now()');
await client.end();
