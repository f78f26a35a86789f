import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await createScene();
  await scene.db.setClock('2026-03-14T14:35:20Z');
});
afterAll(() => scene.close());
beforeEach(async () => {
  await scene.db.query(
    `truncate pending_deletions, telesweep.budgets, telesweep.bots, telesweep.totals, telesweep.senders`,
  );
  await scene.db.query(
    `update test_clock.clock set shift = '2026-03-14T14:35:20Z'::timestamptz - pg_catalog.clock_timestamp()`,
  );
  scene.api.clearFaults();
});

const bot = '123456789';

/** A gateway's invention: the bot is to wait for three days, as a pass was told. */
async function pauseOfDays(): Promise<void> {
  scene.api.addMessages(1, [1]);
  await pendingDeletion(scene.db, { chatId: 1, messageIds: [1] });
  scene.api.fault({ kind: 'retry_after', seconds: 3 * 86_400, method: 'deleteMessage', times: 1 });
  expect((await scene.pass(['delete-due'])).code).toBe(75);
}

async function run(...args: string[]) {
  const { code, stdout, stderr } = await scene.run(['budget', ...args]);
  return { code, stdout, stderr };
}

const budgets = () =>
  scene.db.query(`select bot_id, paused_until > clock_timestamp() as paused, cooldown_until > clock_timestamp() as cools,
    next_call_at > clock_timestamp() + interval '1 minute' as reserved from telesweep.budgets order by bot_id`);

test('a bot that never called, and one that may call', async () => {
  expect(await run('show')).toEqual({ code: 0, stderr: '', stdout: 'No bot has called Telegram yet.\n' });
  await scene.db.query(`insert into telesweep.budgets (bot_id, next_call_at) values (5, now());
    insert into telesweep.bots (bot_id, username) values (5, 'shop_bot')`);
  const { stdout } = await run('show');
  expect(stdout).toMatch(/^bot +name +next call +paused until +asked at\n─.*\n {0,2}5 +@shop_bot +now *\n$/);
  expect(await run('clear', '--yes')).toEqual({
    code: 0,
    stderr: '',
    stdout: 'There is nothing to end: no bot is held up.\n',
  });
});

test('a pause of days is shown in words, and under --json with its times', async () => {
  await pauseOfDays();
  const { code, stdout } = await run('show');
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^ *${bot} .*03-17 14:35 +03-17 14:35 +14:35`, 'm'));
  expect(stdout).toContain(
    `\nBot ${bot} makes no call until 03-17 14:35, as a pass was told that ended at 14:35; until then passes leave at once (75).\n` +
      'telesweep budget clear ends what Telegram did not ask for.\n',
  );
  const json = JSON.parse((await run('show', '--json')).stdout);
  expect(json).toMatchObject({
    now: expect.stringMatching(/^2026-03-14T14:35:/),
    bots: [
      {
        bot_id: bot,
        paused_until: expect.stringMatching(/^2026-03-17T14:35:/),
        cooldown_until: expect.stringMatching(/^2026-03-17T14:35:/),
        asked_at: expect.stringMatching(/^2026-03-14T14:35:/),
        held_up: true,
      },
    ],
  });
});

test('clear ends it, and the next pass does its work', async () => {
  await pauseOfDays();
  expect((await scene.pass(['delete-due'])).summary.stop_reason).toBe('cooldown');
  expect(await run('clear', '--yes')).toEqual({ code: 0, stderr: '', stdout: `Bot ${bot} may call now.\n` });
  expect(await budgets()).toMatchObject([{ paused: null, cools: null, reserved: false }]);
  await scene.db.query('update pending_deletions set next_attempt_at = null');
  const { code, summary } = await scene.pass(['delete-due']);
  expect([code, summary.counts.messages_deleted]).toEqual([0, 1]);
});

test('clear ends that of the bot that is named, and what a clock that went back has reserved', async () => {
  await scene.db.query(`insert into telesweep.budgets (bot_id, next_call_at, paused_until) values
    (5, now(), now() + interval '3 days'), (6, now() + interval '1 hour', null), (7, now() + interval '2 seconds', null)`);
  const { stdout } = await run('show');
  expect(stdout).toContain('Bot 6 makes no call until 15:35, as reserved: further ahead than any pass reserves');
  expect(stdout).not.toContain('Bot 7 makes');
  expect(JSON.parse((await run('clear', '--bot', '6', '--yes', '--json')).stdout)).toEqual({ cleared: ['6'] });
  expect(await budgets()).toEqual([
    { bot_id: '5', paused: true, cools: null, reserved: false },
    { bot_id: '6', paused: null, cools: null, reserved: false },
    { bot_id: '7', paused: null, cools: null, reserved: false },
  ]);
  // Honest reservations of passes at work are kept.
  const [seventh] = await scene.db.query(
    `select next_call_at > clock_timestamp() as ahead from telesweep.budgets where bot_id = 7`,
  );
  expect(seventh).toEqual({ ahead: true });
});

test('without a terminal it wants --yes, and a bot that has a budget', async () => {
  await pauseOfDays();
  const before = await budgets();
  const unasked = await run('clear');
  expect([unasked.code, unasked.stderr]).toEqual([64, expect.stringMatching(/no terminal to ask on; give --yes/)]);
  const unknown = await run('clear', '--bot', '5', '--yes');
  expect([unknown.code, unknown.stderr]).toEqual([
    64,
    `telesweep budget clear: --bot: 5 has no budget here; expected ${bot}\n`,
  ]);
  const malformed = await run('clear', '--bot', '@shop', '--yes');
  expect([malformed.code, malformed.stderr]).toEqual([64, expect.stringMatching(/expected the digits/)]);
  expect(await budgets()).toEqual(before);
});
