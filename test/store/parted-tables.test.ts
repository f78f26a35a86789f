/** Tables that a bot keeps in parts: a ctid names a row in each of them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BotApi, botToken, startBotApi } from '../support/bot-api.ts';
import { migrateUrl } from '../support/migrate-url.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { runHere } from '../support/run-here.ts';

let db: TestDatabase;
let api: BotApi;

/** The first row of each part has the same ctid. */
const parts = ['2026-05-01', '2026-05-02', '2026-05-03', '2026-05-04'];
const noon = '2026-05-04T12:00:00Z';

beforeEach(async () => {
  db = await createDatabase({ migrated: false });
  api = await startBotApi();
  await db.query(`
    create table broadcast_messages (broadcast_id bigint not null, chat_id bigint not null, message_id bigint not null,
      sent_at timestamptz not null default now()) partition by range (sent_at)`);
  for (const day of parts) {
    await db.query(`create table ledger_${day.replaceAll('-', '_')} partition of broadcast_messages
      for values from ('${day}') to (date '${day}' + 1)`);
  }
  await migrateUrl(db.url);
  await db.setClock(noon);
});
afterEach(async () => {
  await api.close();
  await db.drop();
});

const env = () => ({ DATABASE_URL: db.url, TELEGRAM_BOT_TOKEN: botToken, TELEGRAM_API_ROOT: api.url });

/** Broadcasts of which the first is due; one message of each in each part. */
async function layOut(): Promise<void> {
  await db.query(`
    insert into broadcasts (text, created_at, delete_at) overriding system value values
      ('due', '2026-05-01', timestamptz '${noon}' - interval '1 hour'), ('not due', '2026-05-01', timestamptz '${noon}' + interval '9 days')`);
  for (const [n, day] of parts.entries()) {
    // In one part the due row comes first, in the next the other one.
    for (const id of n % 2 === 0 ? [1, 2] : [2, 1]) {
      await db.query(
        'insert into broadcast_messages (broadcast_id, chat_id, message_id, sent_at) values ($1, 5, $2, $3)',
        [id, 10 * id + n, `${day}T11:00:00Z`],
      );
    }
  }
  api.addMessages(5, [10, 11, 12, 13, 20, 21, 22, 23]);
}

const ledger = () =>
  db.query(`select broadcast_id, message_id, failure from broadcast_messages order by broadcast_id, message_id`);

const notDue = parts.map((_, n) => ({ broadcast_id: '2', message_id: String(20 + n), failure: null }));

test('what is deleted, and what is past 48 hours, leaves the rows of other broadcasts alone', async () => {
  await layOut();
  const { code, summary } = await runHere(['delete-broadcasts'], { env: env() });
  expect({ code, counts: summary?.counts }).toMatchObject({
    code: 1,
    counts: { messages_deleted: 2, messages_failed: 2 },
  });
  expect(await ledger()).toEqual([
    { broadcast_id: '1', message_id: '10', failure: 'too_old' },
    { broadcast_id: '1', message_id: '11', failure: 'too_old' },
    ...notDue,
  ]);
});

test('what is deferred, and what is dropped, leaves the rows of other broadcasts alone', async () => {
  await layOut();
  api.fault({ kind: 'drop_before', method: 'deleteMessages' });
  await runHere(['delete-broadcasts'], { env: env() });
  const waiting = await db.query(
    'select broadcast_id, message_id from broadcast_messages where attempts > 0 order by 1, 2',
  );
  expect(waiting).toEqual(['12', '13'].map((message_id) => ({ broadcast_id: '1', message_id })));
  const dropped = await runHere(['failed', 'drop', '--yes', '--reason', 'too_old'], { env: env() });
  expect(dropped.code).toBe(0);
  const left = ['12', '13'].map((message_id) => ({ broadcast_id: '1', message_id, failure: null }));
  expect(await ledger()).toEqual([...left, ...notDue]);
});

test('failed rows past FAILED_DAYS go alone', async () => {
  await layOut();
  await db.query(
    `update broadcast_messages set failed_at = now() - interval '40 days', failure = 'refused' where broadcast_id = 1 and message_id = 12`,
  );
  await runHere(['delete-broadcasts'], { env: env() });
  expect((await ledger()).filter((row) => row.broadcast_id === '2')).toEqual(notDue);
});
