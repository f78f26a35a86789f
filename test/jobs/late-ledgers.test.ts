/** Ledger rows that a bot writes after their broadcast has ended. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { broadcast } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await createScene();
});
afterEach(() => scene.close());

async function late(id: string, chatId: number, sentAgo = '1 hour'): Promise<void> {
  scene.api.addMessages(chatId, [7]);
  await scene.db.query(
    'insert into broadcast_messages (broadcast_id, chat_id, message_id, sent_at) values ($1, $2, 7, now() - $3::interval)',
    [id, chatId, sentAgo],
  );
}

const rows = () => scene.db.query('select chat_id::text, failure from broadcast_messages order by chat_id');

interface Told {
  findings: { check: string; level: string; text: string }[];
}
const ledgersOf = async (): Promise<string[]> => {
  const told: Told = JSON.parse((await scene.run(['doctor', '--json', '--job', 'delete-broadcasts'])).stdout);
  return told.findings.filter(({ check, level }) => check === 'ledgers' && level !== 'fine').map(({ text }) => text);
};

async function finishOne(): Promise<string> {
  scene.api.addMessages(1, [7]);
  const id = await broadcast(scene.db, { messages: [{ chatId: 1, messageId: 7 }] });
  expect((await scene.pass(['delete-broadcasts'])).summary.counts).toMatchObject({ broadcasts: 1 });
  return id;
}

test('rows of a broadcast that telesweep has finished are due at once, for 48 hours', async () => {
  const id = await finishOne();
  await late(id, 2);
  await late(id, 3, '49 hours');
  const dry = await scene.pass(['delete-broadcasts', '--dry-run']);
  expect(dry.summary).toMatchObject({ counts: { messages_deleted: 1, messages_failed: 1 }, left: { due: 2 } });
  const { code, summary } = await scene.pass(['delete-broadcasts']);
  expect(code).toBe(1);
  expect(summary).toMatchObject({
    counts: { messages_deleted: 1, messages_failed: 1, broadcasts: 0 },
    left: { due: 0 },
  });
  expect(scene.api.messageIds(2)).toEqual([]);
  expect(await rows()).toEqual([{ chat_id: '3', failure: 'too_old' }]);
  expect((await scene.pass(['delete-broadcasts'])).summary.telegram.calls).toBe(0);

  await scene.db.query(`update telesweep.finished_broadcasts set finished_at = now() - interval '48 hours 1 second'`);
  await late(id, 4);
  expect((await scene.pass(['delete-broadcasts'])).summary).toMatchObject({ telegram: { calls: 0 }, left: { due: 0 } });
  expect(scene.api.messageIds(4)).toEqual([7]);
  expect(await scene.db.query('select from telesweep.finished_broadcasts')).toEqual([]);
});

test('a broadcast of the same id that stands keeps its rows to its own time', async () => {
  const id = await finishOne();
  await scene.db.query(
    `insert into broadcasts (id, text, delete_at) overriding system value values ($1, 'new', now() + interval '1 hour')`,
    [id],
  );
  await late(id, 2);
  expect((await scene.pass(['delete-broadcasts'])).summary.telegram.calls).toBe(0);
  expect(scene.api.messageIds(2)).toEqual([7]);
});

test('a broadcast given up for want of a ledger is opened again when its rows come', async () => {
  const id = await broadcast(scene.db, { messages: [] });
  const other = await broadcast(scene.db, { messages: [] });
  expect((await scene.pass(['delete-broadcasts'])).code).toBe(1);
  await late(id, 2);
  const { code, summary } = await scene.pass(['delete-broadcasts']);
  expect(code).toBe(0);
  expect(summary).toMatchObject({ counts: { messages_deleted: 1, broadcasts: 1 }, left: { due: 0 } });
  expect(scene.api.messageIds(2)).toEqual([]);
  expect(await scene.db.query('select id::text, failure from broadcasts')).toEqual([
    { id: other, failure: 'no_ledger' },
  ]);
});

test('rows whose broadcast somebody removed are left alone, and counted by status and doctor', async () => {
  const id = await broadcast(scene.db, { messages: [] });
  await late(id, 2);
  await late(id, 3);
  expect(await ledgersOf()).toEqual([]);
  await scene.db.query('delete from broadcasts');
  expect((await scene.pass(['delete-broadcasts'])).summary).toMatchObject({ telegram: { calls: 0 }, left: { due: 0 } });
  expect(scene.api.messageIds(2)).toEqual([7]);
  expect(await ledgersOf()).toEqual([expect.stringContaining(`2 rows of broadcast ${id}, which somebody removed`)]);
  const status: { jobs: { job: string; backlog: { without_broadcast: number } }[] } = JSON.parse(
    (await scene.run(['status', '--json'])).stdout,
  );
  expect(status.jobs.map(({ job, backlog }) => [job, backlog.without_broadcast])).toContainEqual([
    'delete-broadcasts',
    2,
  ]);
  expect((await scene.run(['status'])).stdout).toContain('2 messages are of broadcasts that somebody removed');
});
