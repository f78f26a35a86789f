import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { botToken } from '../support/bot-api.ts';
import { createScene, type Env, type Scene } from '../support/scene.ts';
import { startWebhook, type Webhook } from '../support/webhook.ts';

const chat = '-1001234567890';
const alertToken = '987654321:AAF-alert-token_for-tests-012345678';

let scene: Scene;
let webhook: Webhook;
beforeAll(async () => {
  webhook = await startWebhook();
  scene = await createScene(
    { bots: [{ token: botToken, username: 'sweep_test_bot' }, { token: alertToken }] },
    { ALERT_CHAT_ID: chat, ALERT_BOT_TOKEN: alertToken, ALERT_WEBHOOK_URL: webhook.url },
  );
});
afterAll(async () => {
  await Promise.all([scene.close(), webhook.close()]);
});
beforeEach(async () => {
  await scene.db.query('truncate telesweep.alerts, telesweep.budgets, telesweep.runs');
  scene.api.clearFaults();
  scene.api.addChat({ id: chat, topics: [42] });
  webhook.texts = [];
  webhook.status = 200;
});

/** What is not well, each by a setting alone. */
const badNotice = { NOTICE: 'maybe' };
const badChannel = { GUIDE_CHAT_IDS: '@nowhere' };

interface Seen {
  /** `new 1`, `edit 1`, `reply 2 to 1`: what the chat saw of one look, with the first lines. */
  chat: string[];
  webhook: string[];
  code: number | null;
  stdout: string;
  stderr: string;
}

/** One line of cron. */
async function alert(env: Env = {}, ...args: string[]): Promise<Seen> {
  const { api } = scene;
  const before = { sent: api.sent(chat).length, edits: api.edits(chat).length, texts: webhook.texts.length };
  const { code, stdout, stderr } = await scene.run(['doctor', '--alert', ...args], env);
  const sent = api.sent(chat).slice(before.sent);
  const edits = api.edits(chat).slice(before.edits);
  return {
    chat: [
      ...sent.map(({ messageId, replyTo, text }) =>
        replyTo === null ? `new ${messageId}: ${text}` : `reply ${messageId} to ${replyTo}: ${text}`,
      ),
      ...edits.map(({ messageId, text }) => `edit ${messageId}: ${text}`),
    ],
    webhook: webhook.texts.slice(before.texts),
    code,
    stdout,
    stderr,
  };
}

/** As if so much time had passed since. */
const age = (interval: string) =>
  scene.db.query(`update telesweep.alerts set told_at = told_at - interval '${interval}',
    opened_at = opened_at - interval '${interval}'`);

const since = String.raw`since \d{4}-\d\d-\d\d \d\d:\d\d UTC`;
const settingsLine = String.raw`• settings ${since}: NOTICE: "maybe" is none of the choices[^\n]* → [^\n]+`;
const channelLine = String.raw`• channel @nowhere ${since}: [^\n]*chat not found[^\n]* → [^\n]+`;
const matching = (...lines: string[]) => expect.stringMatching(new RegExp(`^${lines.join('\n')}$`));
const ofWhom = String.raw`telesweep \(public\)`;

describe('one incident over time', () => {
  test('two sightings, one message; edited, repeated and ended', async () => {
    const both = { ...badNotice, ...badChannel };
    const head = (text: string) => `❌ ${ofWhom}: ${text}`;
    const story: readonly [
      what: string,
      env: Env,
      chat: unknown[],
      webhook: unknown[],
      before?: () => Promise<unknown>,
    ][] = [
      ['all is well', {}, [], []],
      ['seen once', badNotice, [], []],
      ['well again: it did not last', {}, [], []],
      ['seen once, anew', badNotice, [], []],
      [
        'seen twice',
        badNotice,
        [matching(`new 1: ${head('1 not well')}`, settingsLine)],
        [matching(head('1 not well'), settingsLine)],
      ],
      ['seen again', badNotice, [], []],
      ['another, once', both, [], []],
      [
        'another, twice',
        both,
        [matching(`edit 1: ${head('2 not well')}`, settingsLine, channelLine)],
        [matching(head('2 not well'), settingsLine, channelLine)],
      ],
      [
        'the first is over: a webhook cannot be edited',
        badChannel,
        [matching(`edit 1: ${head('1 not well')}`, channelLine)],
        [],
      ],
      ['a minute before the reminder', badChannel, [], [], () => age('23 hours 59 minutes')],
      [
        'the reminder',
        badChannel,
        [matching(`reply 2 to 1: ${head('still 1 not well')}`, channelLine)],
        [matching(head('still 1 not well'), channelLine)],
        () => age('1 minute'),
      ],
      ['not again so soon', badChannel, [], [], () => age('23 hours')],
      [
        'all is over',
        {},
        [matching(`reply 3 to 2: ✅ ${ofWhom}: well again after 1 d 23 h: channel @nowhere`)],
        [matching(`✅ ${ofWhom}: well again after 1 d 23 h: channel @nowhere`)],
      ],
      ['well', {}, [], []],
      ['a new incident, seen once', badNotice, [], []],
      [
        'and twice',
        badNotice,
        [matching(`new 4: ${head('1 not well')}`, settingsLine)],
        [expect.stringContaining('1 not well')],
      ],
    ];
    for (const [what, env, chatSaw, webhookHeard, before] of story) {
      await before?.();
      const seen = await alert(env);
      expect({ what, chat: seen.chat, webhook: seen.webhook }).toEqual({ what, chat: chatSaw, webhook: webhookHeard });
      const ill = Object.keys(env).length > 0;
      expect({ what, code: seen.code, stderr: seen.stderr }).toEqual({ what, code: ill ? 1 : 0, stderr: '' });
      // A line of cron mails what is printed.
      expect(seen.stdout === '', what).toBe(chatSaw.length + webhookHeard.length === 0);
    }
  });

  test('what the message said is edited back in where somebody removed it: a new message, once there is more to say', async () => {
    const env = { ...badNotice, ALERT_AFTER: '1' };
    await alert(env);
    scene.api.addChat({ id: chat });
    const more = { ...env, ...badChannel };
    const gone = await alert(more);
    expect(gone.chat).toEqual([]);
    expect(gone.stderr).toMatch(
      /^telesweep doctor: ALERT_CHAT_ID: the alert was not sent: .*message to edit not found; .* tries again\n$/,
    );
    expect((await alert(more)).chat).toEqual([matching(`new 1: ❌ ${ofWhom}: 2 not well`, settingsLine, channelLine)]);
  });

  test('another chat is told anew, and its message answers none of the old one', async () => {
    await alert({ ...badNotice, ALERT_AFTER: '1' });
    scene.api.addChat('777');
    await alert({ ALERT_CHAT_ID: '777' });
    expect(scene.api.sent('777')).toMatchObject([{ replyTo: null, text: expect.stringContaining('well again') }]);
  });

  test('many things: as many as a message holds', async () => {
    const names = Array.from({ length: 90 }, (_, n) => `@a_channel_that_is_nowhere_${n}`);
    const { chat: saw } = await alert({ GUIDE_CHAT_IDS: names.join(','), ALERT_AFTER: '1' });
    const text = scene.api.sent(chat).at(-1)?.text ?? '';
    expect(saw).toHaveLength(1);
    expect(text.length).toBeLessThanOrEqual(4096);
    expect(text.length).toBeGreaterThan(3500);
    const shown = text.match(/^• /gm)?.length ?? 0;
    expect(text).toMatch(new RegExp(`90 not well\n[^]*\n… and ${90 - shown} more: telesweep doctor$`));
  });
});

test('a bot with a name is told of by it, and keeps its incident where the name is new', async () => {
  const env = { ...badNotice, ALERT_AFTER: '1' };
  await alert(env);
  const named = await alert({ ...env, NAME: 'shop' });
  expect(named.chat).toEqual([matching('edit 1: ❌ shop \\(telesweep\\): 1 not well', settingsLine)]);
  const { chat: saw, webhook: heard, stdout } = await alert({ NAME: 'shop' });
  expect(saw).toEqual([expect.stringMatching(/^reply 2 to 1: ✅ shop \(telesweep\): well again after .*: settings$/)]);
  expect(heard).toEqual([expect.stringMatching(/^✅ shop \(telesweep\): well again/)]);
  expect(stdout).toMatch(/^ALERT_CHAT_ID was told, the end of it: ✅ shop /);
});

test('an ill job is told of in the words of its health', async () => {
  await scene.db.query(`insert into pending_deletions (chat_id, user_id, message_ids, unique_id, created_at, delete_at)
    values (5, 5, '{1}', 'file', now() - interval '1 hour', now() - interval '10 minutes')`);
  const status = await scene.run(['status', '--json']);
  const { chat: saw, code } = await alert({ ALERT_AFTER: '1' });
  await scene.db.query('truncate pending_deletions');
  expect([code, saw]).toEqual([
    1,
    [
      matching(
        `new 1: ❌ ${ofWhom}: 1 not well`,
        `• delete-due is late ${since}: it never ran and has work, .* → telesweep schedule crontab --job delete-due`,
      ),
    ],
  ]);
  expect(status.stdout).toContain('it never ran and has work, ');
});

test('a claim is on disk before its message goes, whatever the settings of the database', async () => {
  const { db } = scene;
  await db.query(`
    alter database ${db.name} set synchronous_commit = off;
    create table commits (claims boolean, mode text);
    create function note_commit() returns trigger language plpgsql as
      $$ begin insert into commits values (new.claimed_at is not null, current_setting('synchronous_commit')); return null; end $$;
    create constraint trigger note_commit after update on telesweep.alerts deferrable initially deferred
      for each row execute function note_commit()`);
  await alert({ ...badNotice, ALERT_AFTER: '1' });
  const modes = await db.query('select distinct mode from commits where claims');
  await db.query(`drop trigger note_commit on telesweep.alerts; drop function note_commit; drop table commits;
    alter database ${db.name} reset synchronous_commit`);
  expect(modes).toEqual([{ mode: 'on' }]);
});

describe('topics', () => {
  const env = { ...badNotice, ALERT_AFTER: '1', ALERT_THREAD_ID: '42' };

  test('the message goes to its topic, the end of it as well', async () => {
    await alert(env);
    await alert({ ...env, NOTICE: undefined });
    expect(scene.api.sent(chat).slice(-2)).toMatchObject([
      { threadId: 42, replyTo: null },
      { threadId: 42, replyTo: 1 },
    ]);
  });

  test.each([
    'message thread not found',
    'TOPIC_CLOSED',
    'TOPIC_DELETED',
    'chat is not a forum',
  ])('without it where that is gone: %s', async (description) => {
    scene.api.fault({
      kind: 'error',
      code: 400,
      description: `Bad Request: ${description}`,
      when: ({ params }) => 'message_thread_id' in params,
    });
    const { chat: saw, stderr } = await alert(env);
    expect([saw.length, stderr]).toEqual([1, '']);
    expect(scene.api.sent(chat).at(-1)).toMatchObject({ threadId: null });
  });

  test('a group that became a supergroup is told under its new id', async () => {
    scene.api.addChat({ id: '-77', migrateTo: -1007777777777 });
    scene.api.addChat('-1007777777777');
    await alert({ ...env, ALERT_CHAT_ID: '-77', ALERT_THREAD_ID: undefined });
    expect(scene.api.sent('-1007777777777')).toHaveLength(1);
  });
});

describe('what cannot be delivered', () => {
  const env = { ...badNotice, ALERT_AFTER: '1' };
  const sends = () => scene.api.calls.filter(({ method }) => method === 'sendMessage').length;

  test.each([
    'drop_before',
    'drop_after',
    '5xx_after',
  ] as const)('an answer that was lost (%s) is said, and the message is not repeated', async (kind) => {
    scene.api.fault({ kind, method: 'sendMessage' });
    const before = sends();
    const { code, stderr, webhook: heard } = await alert(env);
    expect([code, sends() - before, heard.length]).toEqual([1, 1, 1]);
    expect(stderr).toMatch(
      /^telesweep doctor: ALERT_CHAT_ID: the alert may not have arrived: .*; it is not sent again\n$/,
    );
    expect(await alert(env)).toMatchObject({ chat: [], webhook: [], stderr: '' });
    // Neither edited nor answered, because nobody knows its number.
    expect((await alert()).chat).toEqual([expect.stringMatching(/^new \d: ✅/)]);
    expect(sends() - before).toBe(2);
  });

  test('a refusal is said, leaves the exit code alone, and the next look tries again', async () => {
    scene.api.addChat({ id: chat, state: 'kicked' });
    const refused = await alert(env);
    expect(refused).toMatchObject({ code: 1, chat: [] });
    expect(refused.webhook).toHaveLength(1);
    expect(refused.stderr).toMatch(
      /ALERT_CHAT_ID: the alert was not sent: .*bot was kicked.*; the next doctor --alert tries again\n$/,
    );
    scene.api.addChat(chat);
    const next = await alert(env);
    expect([next.chat.length, next.webhook.length, next.stderr]).toEqual([1, 0, '']);
  });

  test('where Telegram is what fails, the webhook is told of it', async () => {
    const away = { ALERT_AFTER: '1', TELEGRAM_API_ROOT: 'http://127.0.0.1:9' };
    const { code, webhook: heard, stderr } = await alert(away);
    expect([code, heard]).toEqual([1, [expect.stringMatching(/• bot since .*: Telegram cannot be reached/)]]);
    expect(stderr).toMatch(/^telesweep doctor: ALERT_CHAT_ID: the alert was not sent: /);
    const back = await alert();
    expect([back.code, back.chat, back.webhook]).toEqual([0, [], [expect.stringMatching(/^✅/)]]);
  });

  test.each([
    [404, 'the alert was not sent: .*; the next doctor --alert tries again', 2],
    [503, 'the alert may not have arrived: .*; it is not sent again', 1],
  ])('a webhook that answers %i', async (status, said, texts) => {
    webhook.status = status;
    const { stderr, chat: saw } = await alert(env);
    expect(stderr).toMatch(new RegExp(`^telesweep doctor: ALERT_WEBHOOK_URL: ${said}\n$`));
    expect(saw).toHaveLength(1);
    webhook.status = 200;
    await alert(env);
    expect(webhook.texts).toHaveLength(texts);
  });

  test('a webhook that nobody hears is told later', async () => {
    const { stderr } = await alert({ ...env, ALERT_WEBHOOK_URL: 'http://127.0.0.1:9/hook-key-abcdefghijklmnop' });
    expect(stderr).toMatch(/ALERT_WEBHOOK_URL: the alert was not sent: 127.0.0.1:9: ECONNREFUSED; /);
    expect((await alert(env)).webhook).toHaveLength(1);
  });
});

describe('the budget of the bot', () => {
  const env = { ...badNotice, ALERT_AFTER: '1' };
  const bot = alertToken.slice(0, alertToken.indexOf(':'));

  test('a pause is obeyed', async () => {
    await scene.db.query(`insert into telesweep.budgets (bot_id, next_call_at, paused_until)
      values (${bot}, now(), now() + interval '1 hour')`);
    const paused = await alert(env);
    expect(paused.chat).toEqual([]);
    expect(paused.webhook).toHaveLength(1);
    expect(paused.stderr).toMatch(
      /the alert was not sent: Telegram asked bot 987654321 to pause for (1 h|59 min.*|60 min) more; /,
    );
    await scene.db.query('truncate telesweep.budgets');
    expect((await alert(env)).chat).toHaveLength(1);
  });

  test('a pause that Telegram asks for is kept for every process, and nothing was sent', async () => {
    scene.api.fault({ kind: 'retry_after', seconds: 600, method: 'sendMessage' });
    expect((await alert(env)).stderr).toMatch(/Telegram asks for a pause of 600 s/);
    expect(
      await scene.db.query(
        `select bot_id, paused_until > now() + interval '590 seconds' as paused from telesweep.budgets`,
      ),
    ).toEqual([{ bot_id: bot, paused: true }]);
    await scene.db.query('truncate telesweep.budgets');
    expect((await alert(env)).chat).toHaveLength(1);
  });
});

describe('several at once', () => {
  const env = { ...badNotice, ALERT_AFTER: '1' };

  test('are told of once', async () => {
    const before = scene.api.sent(chat).length;
    await Promise.all(Array.from({ length: 5 }, () => scene.run(['doctor', '--alert'], env)));
    expect(scene.api.sent(chat).slice(before)).toHaveLength(1);
    expect(webhook.texts).toHaveLength(1);
  });

  test('a schema of its own has an incident of its own', async () => {
    await alert(env);
    await scene.db.query(`update telesweep.alerts set schema_name = 'other_bot'`);
    const { chat: saw } = await alert(env);
    expect(saw).toHaveLength(1);
    expect(await scene.db.query('select schema_name, channel from telesweep.alerts order by 1, 2')).toEqual([
      { schema_name: 'other_bot', channel: 'telegram' },
      { schema_name: 'other_bot', channel: 'webhook' },
      { schema_name: 'public', channel: 'telegram' },
      { schema_name: 'public', channel: 'webhook' },
    ]);
  });
});

describe('a dry run', () => {
  test('shows what would be sent, and changes nothing', async () => {
    const before = await scene.run(['doctor', '--alert', '--dry-run'], badNotice);
    expect(before).toMatchObject({ code: 1, stderr: '' });
    expect(before.stdout).toBe(`doctor --alert would tell this (nothing was sent or changed):

ALERT_CHAT_ID: nothing (nothing new, or not seen often enough yet)

ALERT_WEBHOOK_URL: nothing (nothing new, or not seen often enough yet)
`);
    const { chat: saw, webhook: heard, stdout } = await alert({ ...badNotice, ALERT_AFTER: '1' }, '--dry-run');
    expect([saw, heard]).toEqual([[], []]);
    expect(stdout).toMatch(
      new RegExp(
        `\n\nALERT_CHAT_ID: a new message\n  ❌ ${ofWhom}: 1 not well\n  ${settingsLine}\n\nALERT_WEBHOOK_URL: `,
      ),
    );
    expect(await scene.db.query('select from telesweep.alerts')).toEqual([]);
    expect(await scene.db.query('select from telesweep.budgets')).toEqual([]);
  });

  test('and under --json the same, as one object', async () => {
    const { stdout } = await alert({ ...badNotice, ALERT_AFTER: '1' }, '--dry-run', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      findings: expect.arrayContaining([expect.objectContaining({ check: 'settings', level: 'fault' })]),
      alerts: [
        { channel: 'telegram', did: 'would_send', kind: 'new', text: expect.stringContaining('NOTICE') },
        { channel: 'webhook', did: 'would_send', kind: 'new' },
      ],
    });
  });
});

describe('nobody can be told', () => {
  test('without a receiver: 78', async () => {
    const { code, stderr } = await scene.run(['doctor', '--alert'], {
      ALERT_CHAT_ID: undefined,
      ALERT_WEBHOOK_URL: undefined,
    });
    expect([code, stderr]).toEqual([
      78,
      'telesweep doctor: ALERT_CHAT_ID: is missing; expected a chat id: a number or @name, such as -1001234567890, or an address as ALERT_WEBHOOK_URL\n',
    ]);
  });

  test('a chat without a bot: 78', async () => {
    const tokens = { ALERT_BOT_TOKEN: undefined, TELEGRAM_BOT_TOKEN: undefined, ALERT_WEBHOOK_URL: undefined };
    const { code, stderr } = await scene.run(['doctor', '--alert'], tokens);
    expect([code, stderr]).toEqual([
      78,
      'telesweep doctor: ALERT_BOT_TOKEN: is missing; expected a bot token, or one as TELEGRAM_BOT_TOKEN\n',
    ]);
  });

  test('without the database: 69, and no alert, because it could be sent twice', async () => {
    const { code, stderr, webhook: heard } = await alert({ DATABASE_URL: 'postgres://u@127.0.0.1:9/db' });
    expect([code, heard]).toEqual([69, []]);
    expect(stderr).toMatch(
      /^telesweep doctor: the database cannot be reached.*; nobody is alerted, .*PING_URL misses the passes\n$/,
    );
  });

  test.each([
    [['--dry-run'], '--dry-run is for --alert alone'],
    [['--alert', '--job', 'delete-due'], 'cannot be used with'],
    [['--alert', '--accept-bot'], 'cannot be used with'],
  ])('%j: 64', async (args, said) => {
    const { code, stderr } = await scene.run(['doctor', ...args]);
    expect([code, stderr]).toEqual([64, expect.stringContaining(said)]);
  });
});
