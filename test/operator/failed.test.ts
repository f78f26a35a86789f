import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { broadcast, pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';
import { onTerminal } from '../support/terminal.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await createScene();
});
afterAll(() => scene.close());
beforeEach(async () => {
  await scene.db.query(
    'truncate pending_deletions, broadcasts, broadcast_messages, telesweep.runs, telesweep.leases, telesweep.guide_posts restart identity',
  );
});

interface RecordOptions {
  failure: string;
  failedFor?: string;
  age?: string;
  chatId?: number;
  messageIds?: number[];
}

async function failedRecord({ failure, failedFor = '1h', age = '3h', ...rest }: RecordOptions): Promise<string> {
  const id = await pendingDeletion(scene.db, { age, ...rest });
  await scene.db.query(
    `update pending_deletions set failed_at = now() - $2::interval, failure = $3, attempts = 5 where id = $1`,
    [id, failedFor, failure],
  );
  return id;
}

/** A broadcast that a pass ended with failed messages. */
async function failedBroadcast(
  messages: { chatId: number; messageId: number; failure?: string }[],
  { age = '3h', failedFor = '1h' } = {},
): Promise<string> {
  const id = await broadcast(scene.db, { age, messages });
  for (const { chatId, failure = 'forbidden' } of messages) {
    await scene.db.query(
      `update broadcast_messages set failed_at = now() - $3::interval, failure = $4, attempts = 5
       where broadcast_id = $1 and chat_id = $2`,
      [id, chatId, failedFor, failure],
    );
  }
  await scene.db.query(
    `update broadcasts set failed_at = now() - $2::interval, failure = 'messages_failed', deletion_started_at = now()
     where id = $1`,
    [id, failedFor],
  );
  return id;
}

const failedIds = async (): Promise<string[]> =>
  (
    await scene.db.query<{ id: string }>(
      'select id::text from pending_deletions where failed_at is not null order by id',
    )
  ).map(({ id }) => id);

async function json(args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await scene.run(['failed', ...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('list', () => {
  test('an empty desk', async () => {
    const { code, stdout, stderr } = await scene.run(['failed', 'list']);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'No failed items.\n', stderr: '' });
    expect(await json(['list'])).toEqual({ total: 0, counts: [], items: [] });
  });

  test('items of every job, newest first, and how many of each reason', async () => {
    const old = await failedRecord({ failure: 'too_old', failedFor: '5 days', age: '7 days', chatId: 501 });
    const record = await failedRecord({ failure: 'forbidden', failedFor: '2h', chatId: 502 });
    const ledger = await failedBroadcast([{ chatId: 601, messageId: 9 }], { failedFor: '90 min' });
    const bare = await broadcast(scene.db, {});
    await scene.db.query(
      `update broadcasts set failed_at = now() - interval '30 min', failure = 'no_ledger' where id = $1`,
      [bare],
    );
    await scene.db.query(`insert into telesweep.guide_posts (slot, guide_id, chat_id, state, error) values
      (now() - interval '10 min', 'risk', '@news', 'failed', 'Forbidden: bot was kicked'),
      (now() - interval '10 min', 'risk', '@fine', 'posted', null),
      (now() - interval '40 days', 'risk', '@news', 'failed', 'long ago')`);
    await pendingDeletion(scene.db, {});

    const told = await json(['list']);
    expect(told.total).toBe(5);
    expect(told.items).toMatchObject([
      {
        job: 'post-guide',
        item: 'guide risk',
        chat_id: '@news',
        reason: 'failed',
        detail: 'Forbidden: bot was kicked',
      },
      { job: 'delete-broadcasts', item: `broadcast ${bare}`, chat_id: null, reason: 'no_ledger' },
      { job: 'delete-broadcasts', item: `broadcast ${ledger} message 9`, chat_id: '601', reason: 'forbidden' },
      { job: 'delete-due', item: `record ${record}`, chat_id: '502', reason: 'forbidden', detail: null },
      { job: 'delete-due', item: `record ${old}`, chat_id: '501', reason: 'too_old' },
    ]);
    expect(told.counts).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ job: 'delete-due', reason: 'too_old', items: 1, hopeless: 1 }),
        expect.objectContaining({ job: 'delete-due', reason: 'forbidden', items: 1, hopeless: 0 }),
        expect.objectContaining({ job: 'delete-broadcasts', reason: 'no_ledger', items: 1, hopeless: 1 }),
      ]),
    );

    const { code, stdout } = await scene.run(['failed', 'list', '--limit', '4']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/delete-due +too_old +1 +5 d\n/);
    expect(stdout).toContain(`broadcast ${ledger} message 9`);
    expect(stdout).toContain('1 h 30 min');
    expect(stdout).not.toContain(`record ${old}`);
    expect(stdout).toContain('… and 1 older: raise --limit.');
  });

  test('by job, reason and age', async () => {
    const old = await failedRecord({ failure: 'refused', failedFor: '8 days' });
    const young = await failedRecord({ failure: 'refused', failedFor: '6 days 23 hours' });
    const other = await failedRecord({ failure: 'forbidden', failedFor: '8 days' });
    await failedBroadcast([{ chatId: 1, messageId: 1, failure: 'refused' }], { failedFor: '8 days' });
    const items = async (...args: string[]): Promise<unknown[]> => {
      const { items, total } = await json(['list', ...args]);
      expect(Array.isArray(items) && items.length).toBe(total);
      return Array.isArray(items) ? items.map((entry: { item: string }) => entry.item).sort() : [];
    };
    expect(await items('--job', 'delete-due')).toEqual([`record ${old}`, `record ${young}`, `record ${other}`]);
    expect(await items('--job', 'delete-due', '--reason', 'refused')).toEqual([`record ${old}`, `record ${young}`]);
    expect(await items('--older-than', '7d')).toEqual(['broadcast 1 message 1', `record ${old}`, `record ${other}`]);
    expect(await items('--reason', 'nonsense')).toEqual([]);
  });

  test('of a million is read by the index', async () => {
    await scene.db.query(`
      insert into pending_deletions (chat_id, message_ids, delete_at) select n, '{1}', now() from generate_series(1, 50000) n;
      update pending_deletions set failed_at = now() - id * interval '1 s', failure = 'refused' where id <= 500;
      analyze pending_deletions`);
    const plan = await scene.db.query<{ 'QUERY PLAN': string }>(
      `explain select id from pending_deletions as record where record.failed_at is not null
       and record.failed_at <= now() order by record.failed_at desc limit 20`,
    );
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('telesweep_pending_deletions_failed');
    expect((await json(['list'])).total).toBe(500);
  });
});

describe('retry', () => {
  test('sets records due again, and the next pass settles them', async () => {
    scene.api.addMessages(701, [1], { ageMs: 3_600_000 });
    await failedRecord({ failure: 'forbidden', chatId: 701, messageIds: [1] });
    await scene.db.query(`update pending_deletions set next_attempt_at = now() + interval '1 h'`);
    const { code, stdout, stderr } = await scene.run(['failed', 'retry', '--yes']);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'Set 1 failed item due again.\n', stderr: '' });
    expect(await scene.db.query('select attempts, failed_at, failure, next_attempt_at from pending_deletions')).toEqual(
      [{ attempts: 0, failed_at: null, failure: null, next_attempt_at: null }],
    );
    const { summary } = await scene.pass(['delete-due']);
    expect(summary.counts).toMatchObject({ records: 1, messages_deleted: 1, messages_failed: 0 });
  });

  test('opens the broadcast whose messages it sets due again, and the next pass removes it', async () => {
    scene.api.addMessages(711, [5], { ageMs: 3_600_000 });
    scene.api.addMessages(712, [6], { ageMs: 3_600_000 });
    await failedBroadcast([
      { chatId: 711, messageId: 5 },
      { chatId: 712, messageId: 6 },
    ]);
    expect(await json(['retry', '--yes'])).toEqual({ retried: 2, left: 0 });
    expect(await scene.db.query('select failed_at, failure from broadcasts')).toEqual([
      { failed_at: null, failure: null },
    ]);
    const { summary } = await scene.pass(['delete-broadcasts']);
    expect(summary.counts).toMatchObject({ broadcasts: 1, messages_deleted: 2 });
    expect(await scene.db.query('select from broadcasts')).toEqual([]);
  });

  test('leaves what would only fail again, and says so', async () => {
    const tooOld = await failedRecord({ failure: 'too_old', age: '50h' });
    const grownOld = await failedRecord({ failure: 'forbidden', age: '48h' });
    const good = await failedRecord({ failure: 'forbidden', age: '47h 59m' });
    const notice = await failedRecord({ failure: 'refused', age: '50h' });
    await scene.db.query('update pending_deletions set messages_deleted_at = now() where id = $1', [notice]);
    const bare = await broadcast(scene.db, {});
    const late = await broadcast(scene.db, { messages: [{ chatId: 1, messageId: 1 }] });
    await scene.db.query(`update broadcasts set failed_at = now(), failure = 'no_ledger'`);

    const { stdout } = await scene.run(['failed', 'retry', '--yes']);
    expect(stdout).toBe(
      [
        'Set 3 failed items due again.',
        'Left as they are: 2 past 48 hours, which Telegram never deletes. Drop them:',
        '  telesweep failed drop --job delete-due --reason forbidden',
        '  telesweep failed drop --job delete-due --reason too_old',
        'Left as they are: 1 without a ledger. Fill broadcast_messages, or drop them:',
        '  telesweep failed drop --job delete-broadcasts --reason no_ledger',
        '',
      ].join('\n'),
    );
    expect(await failedIds()).toEqual([tooOld, grownOld]);
    expect(await scene.db.query('select id::text from broadcasts where failed_at is null')).toEqual([{ id: late }]);
    expect([good, bare]).toHaveLength(2);

    const again = await scene.run(['failed', 'retry', '--yes']);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain('There is nothing that a retry could mend.');
    const none = await scene.run(['failed', 'retry', '--yes', '--reason', 'refused']);
    expect(none.stdout).toBe('There is nothing to retry: no failed item fits.\n');
  });

  test('keeps to its filter, and to what had failed when it was asked', async () => {
    const refused = await failedRecord({ failure: 'refused', failedFor: '8 days' });
    const young = await failedRecord({ failure: 'forbidden', failedFor: '1h' });
    const old = await failedRecord({ failure: 'forbidden', failedFor: '8 days' });
    await failedBroadcast([{ chatId: 1, messageId: 1 }], { failedFor: '8 days' });
    const filter = ['--job', 'delete-due', '--reason', 'forbidden', '--older-than', '7d'];
    expect(await json(['retry', '--yes', ...filter])).toEqual({ retried: 1, left: 0 });
    expect(await failedIds()).toEqual([refused, young]);
    expect(await scene.db.query('select from broadcast_messages where failed_at is null')).toEqual([]);
    expect([old]).toHaveLength(1);
  });

  test('works through more than a batch', async () => {
    await scene.db.query(`
      insert into pending_deletions (chat_id, message_ids, delete_at, failed_at, failure)
      select n, '{1}', now(), now() - (n % 3) * interval '1 s', 'refused' from generate_series(1, 25001) n`);
    expect(await json(['retry', '--yes'])).toEqual({ retried: 25_001, left: 0 });
    expect(await failedIds()).toEqual([]);
  });
});

describe('drop', () => {
  test('removes records, messages and, with the last message, its broadcast', async () => {
    await failedRecord({ failure: 'too_old', age: '50h' });
    const waiting = await pendingDeletion(scene.db, {});
    const emptied = await failedBroadcast([{ chatId: 1, messageId: 1, failure: 'too_old' }]);
    const held = await failedBroadcast([
      { chatId: 2, messageId: 2, failure: 'too_old' },
      { chatId: 3, messageId: 3, failure: 'forbidden' },
    ]);
    const { code, stdout } = await scene.run(['failed', 'drop', '--yes', '--reason', 'too_old']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Removed 3 failed items.\n' });
    expect(await scene.db.query('select id::text from pending_deletions')).toEqual([{ id: waiting }]);
    expect(await scene.db.query('select id::text from broadcasts')).toEqual([{ id: held }]);
    expect(await scene.db.query('select broadcast_id::text, chat_id::text from broadcast_messages')).toEqual([
      { broadcast_id: held, chat_id: '3' },
    ]);
    expect(emptied).not.toBe(held);
    expect(await json(['drop', '--yes'])).toEqual({ dropped: 1 });
    expect(await scene.db.query('select from broadcasts')).toEqual([]);
    expect((await scene.run(['failed', 'drop', '--yes'])).stdout).toBe(
      'There is nothing to drop: no failed item fits.\n',
    );
  });

  test('a broadcast without a ledger goes; one whose ledger came late stays for a retry', async () => {
    await broadcast(scene.db, {});
    const late = await broadcast(scene.db, { messages: [{ chatId: 1, messageId: 1 }] });
    await scene.db.query(`update broadcasts set failed_at = now(), failure = 'no_ledger'`);
    await scene.run(['failed', 'drop', '--yes']);
    expect(await scene.db.query('select id::text from broadcasts')).toEqual([{ id: late }]);
    expect(await scene.db.query('select from broadcast_messages')).toHaveLength(1);
  });
});

describe('who is asked', () => {
  test.each([
    'retry',
    'drop',
  ])('%s elsewhere than on a terminal wants --yes, and changes nothing without it', async (command) => {
    const id = await failedRecord({ failure: 'forbidden' });
    const { code, stdout, stderr } = await scene.run(['failed', command]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toBe(
      `telesweep failed ${command}: there is no terminal to ask on; give --yes to go on without a question\n`,
    );
    const told = await scene.run(['failed', command, '--json']);
    expect(told.code).toBe(64);
    expect(JSON.parse(told.stdout)).toMatchObject({ ok: false, error: expect.stringContaining('--yes') });
    expect(await failedIds()).toEqual([id]);
  });

  test('on a terminal: y does it, anything else does not', async () => {
    const id = await failedRecord({ failure: 'forbidden' });
    const question = 'Remove 1 failed item for good? [y/N] ';
    for (const type of ['n\r', '\r', '\x03', '\x04', 'yo\r']) {
      const { code, screen } = await onTerminal(['failed', 'drop'], scene.env, [{ to: question, type }]);
      expect({ code, screen }).toEqual({ code: 0, screen: expect.stringContaining('Nothing was changed.') });
      expect(await failedIds()).toEqual([id]);
    }
    const retried = await onTerminal(['failed', 'retry'], scene.env, [
      { to: 'Set 1 failed item due again? [y/N] ', type: 'Yes\r' },
    ]);
    expect(retried).toEqual({ code: 0, screen: expect.stringContaining('Set 1 failed item due again.\n') });
    expect(await failedIds()).toEqual([]);
  });

  test('wrong usage: an unknown job, a guide to retry, a duration that is none', async () => {
    for (const args of [
      ['list', '--job', 'delete-dew'],
      ['retry', '--job', 'post-guide', '--yes'],
      ['drop', '--older-than', 'week', '--yes'],
      ['list', '--limit', '0'],
      ['mend'],
    ]) {
      expect((await scene.run(['failed', ...args])).code).toBe(64);
    }
  });

  test('a database that is down: 69', async () => {
    const { code, stderr } = await scene.run(['failed', 'list'], { DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x' });
    expect(code).toBe(69);
    expect(stderr).toContain('telesweep failed list: the database cannot be reached');
    expect(stderr).not.toContain('secret');
  });
});

test.each(['list', 'retry', 'drop'])('failed %s --help has examples and fits 80 columns', async (command) => {
  const { code, stdout } = await scene.run(['failed', command, '--help']);
  expect(code).toBe(0);
  expect(stdout).toContain(`Examples:\n  telesweep failed ${command}`);
  expect(stdout).toContain('Exit codes:');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});
