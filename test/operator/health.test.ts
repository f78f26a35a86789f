/** States of the world, and what status, doctor, the metrics, alerts and the ping say of them: one truth, in the same words. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { jobs } from '../../src/jobs/index.ts';
import type { Finding } from '../../src/operator/doctor/finding.ts';
import { readHealth } from '../../src/operator/health/read-health.ts';
import type { Verdict } from '../../src/operator/health/verdict.ts';
import type { Status } from '../../src/operator/status/status.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { connect, readOnly } from '../../src/store/connect.ts';
import { broadcast, counter, pendingDeletion, token } from '../support/rows.ts';
import { createScene, type Env, type Scene } from '../support/scene.ts';

const bot = 123456789;
const channel = '-1001234567890';

let scene: Scene;
beforeAll(async () => {
  scene = await createScene({}, { GUIDE_CHAT_IDS: channel }, { monitors: true });
  scene.api.addChat({ id: channel, type: 'channel', title: 'Guides' });
  await scene.db.query(`update guides set url = 'https://guides.test.dev/' || id`);
});
afterAll(() => scene.close());
beforeEach(async () => {
  scene.api.clearFaults();
  await scene.db.query(`
    truncate pending_deletions, broadcasts, broadcast_messages, tokens, token_generator_count, telesweep.runs, telesweep.leases,
      telesweep.budgets, telesweep.guide_posts`);
});

interface Run {
  /** Null for one that never ended. */
  outcome?: 'ok' | 'partial' | 'failed' | 'skipped' | 'interrupted' | null;
  stop?: string;
  left?: number;
  error?: string;
  job?: string;
  id?: string;
}

let runs = 0;
/** A pass that began so long ago, as it is written down. */
async function run(
  ago: string,
  { outcome = 'ok', stop = 'done', left = 0, error, ...rest }: Run = {},
): Promise<string> {
  runs += 1;
  const { job = 'delete-due', id = `run-${runs}` } = rest;
  const summary = { job, outcome, stop_reason: stop, counts: {}, left: { due: left, oldest_due_seconds: 60 }, error };
  await scene.db.query(
    `insert into telesweep.runs (run_id, job, started_at, finished_at, outcome, summary)
     values ($1, $2, now() - $3::interval, case when $4::text is not null then now() - $3::interval + interval '1 s' end, $4,
             case when $4 is not null then $5::jsonb end)`,
    [id, job, ago, outcome, JSON.stringify(summary)],
  );
  return id;
}

/** A pass that holds its lease. */
async function holder(since: string, job = 'delete-due'): Promise<void> {
  await lease(await run(since, { job, outcome: null }), since, job);
}

const lease = (id: string, since: string, job = 'delete-due') =>
  scene.db.query(
    `insert into telesweep.leases (job, run_id, holder, acquired_at, expires_at)
     values ($1, $2, 'web-1 pid 77', now() - $3::interval, clock_timestamp() + interval '40 s')`,
    [job, id, since],
  );

const budget = (nextCall: string, pausedUntil: string | null = null, botId = bot) =>
  scene.db.query(
    `insert into telesweep.budgets (bot_id, next_call_at, paused_until) values ($1, now() + $2::interval, now() + $3::interval)`,
    [botId, nextCall, pausedUntil],
  );

const error = (text: string): Run => ({ outcome: 'failed', stop: 'error', left: 1, error: text });
const cut: Run = { outcome: null };
const signalled = (left: number): Run => ({ outcome: 'interrupted', stop: 'signal', left });
const leaving: Run = { left: 1 };

interface State {
  name: string;
  job?: string;
  env?: Env;
  lay(): Promise<unknown>;
  verdict: Verdict;
  /** Seconds ago, where it is told; lateness goes by whole minutes. */
  since?: number;
  why: RegExp;
  /** What a pass now tells the monitor. */
  ping: string[];
}

const good = ['start', '0'];

const states: State[] = [
  {
    name: 'never ran',
    lay: async () => {},
    verdict: 'idle',
    why: /^it never ran; expected at `\* \* \* \* \*`$/,
    ping: good,
  },
  {
    name: 'never ran, and something fell due just now',
    lay: () => pendingDeletion(scene.db),
    verdict: 'idle',
    why: /never ran/,
    ping: good,
  },
  {
    name: 'never ran, and something has long been due',
    lay: () => pendingDeletion(scene.db, { dueFor: '10 min' }),
    verdict: 'late',
    since: 450,
    why: /^it never ran and has work, expected at /,
    ping: good,
  },
  {
    name: 'ran a minute ago',
    lay: () => run('1 min'),
    verdict: 'well',
    why: /^its last pass left nothing due$/,
    ping: good,
  },
  {
    name: 'ran ten minutes ago, and not since',
    lay: () => run('10 min'),
    verdict: 'late',
    since: 450,
    why: /^nothing ran at `\* \* \* \* \*`$/,
    ping: good,
  },
  {
    name: 'another machine does the work, this one stands by',
    lay: async () => {
      await run('10 min');
      for (const ago of ['3 min', '2 min', '1 min']) await run(ago, { outcome: 'skipped', stop: 'busy' });
    },
    verdict: 'well',
    why: /./,
    ping: good,
  },
  {
    name: 'held by a live one',
    lay: async () => {
      await run('2 min');
      await holder('1 min');
    },
    verdict: 'well',
    why: /./,
    ping: [],
  },
  {
    name: 'its first pass is under way',
    lay: () => holder('1 min'),
    verdict: 'well',
    why: /^its first pass is under way$/,
    ping: [],
  },
  {
    name: 'wedged: held for longer than a pass may take, with work due and no call made',
    lay: async () => {
      await pendingDeletion(scene.db, { dueFor: '30 min' });
      await run('21 min');
      await holder('20 min');
      await budget('-19 min');
      await run('1 min', { outcome: 'skipped', stop: 'busy' });
    },
    verdict: 'failing',
    since: 1200,
    why: /^web-1 pid 77 has held it since \d\d:\d\d, longer than 10m, and does nothing$/,
    ping: [],
  },
  {
    name: 'held as long by one that makes calls',
    lay: async () => {
      await pendingDeletion(scene.db, { dueFor: '30 min' });
      await holder('20 min');
      await budget('0 s');
    },
    verdict: 'well',
    why: /./,
    ping: [],
  },
  {
    name: 'held as long by one that waits for what becomes due',
    lay: async () => {
      await holder('20 min');
      await budget('-19 min');
    },
    verdict: 'well',
    why: /./,
    ping: [],
  },
  {
    name: 'held as long by one that waits for the end of a pause',
    lay: async () => {
      await pendingDeletion(scene.db, { dueFor: '30 min' });
      await holder('20 min');
      await budget('-19 min', '1 min');
    },
    verdict: 'paused',
    why: /^Telegram asked bot 123456789 for a pause: no call is made until \d\d:\d\d$/,
    ping: [],
  },
  {
    name: 'wedged without a call to be seen by',
    job: 'cleanup-tokens',
    lay: () => holder('70 min', 'cleanup-tokens'),
    verdict: 'failing',
    since: 4200,
    why: /longer than 55m/,
    ping: [],
  },
  {
    name: 'held by hand and forgotten',
    lay: async () => {
      await pendingDeletion(scene.db, { dueFor: '30 min' });
      await lease('by hand', '20 min');
    },
    verdict: 'failing',
    since: 1200,
    why: /^web-1 pid 77 holds it by hand since /,
    ping: [],
  },
  {
    name: 'killed once',
    lay: async () => {
      await run('2 min');
      await run('1 min', cut);
    },
    verdict: 'well',
    why: /^its last pass was cut off, which alone is no fault$/,
    ping: good,
  },
  {
    name: 'killed thrice',
    lay: async () => {
      await run('150 s');
      for (const ago of ['120 s', '90 s', '60 s']) await run(ago, cut);
    },
    verdict: 'failing',
    since: 120,
    why: /^its last 3 passes were cut off/,
    ping: good,
  },
  {
    name: 'stopped by a signal twice, with work left',
    lay: async () => {
      await run('3 min');
      for (const ago of ['2 min', '1 min']) await run(ago, signalled(3));
    },
    verdict: 'failing',
    since: 120,
    why: /^its last 2 passes were cut off/,
    ping: good,
  },
  {
    name: 'stopped by a signal twice, with nothing left',
    lay: async () => {
      for (const ago of ['2 min', '1 min']) await run(ago, signalled(0));
    },
    verdict: 'well',
    why: /./,
    ping: good,
  },
  ...[
    '69: Telegram cannot be reached: ECONNREFUSED',
    '70: a defect of telesweep: x is not a function',
    '77: Telegram refuses every call of the bot',
    '78: NOTICE_TEXT: Telegram refuses it',
  ].map((text): State => {
    const said = text.slice(4);
    return {
      name: `ended with ${text}`,
      lay: async () => {
        await run('2 min');
        await run('1 min', error(said));
      },
      verdict: 'failing',
      since: 60,
      why: new RegExp(`^its last pass ended in an error: ${said}$`),
      ping: good,
    };
  }),
  {
    name: 'its token is refused',
    lay: async () => {
      scene.api.fault({ kind: 'error', code: 401, description: 'Unauthorized', times: 99 });
      await pendingDeletion(scene.db);
      await scene.run(['delete-due']);
    },
    verdict: 'failing',
    since: 0,
    why: /^its last pass ended in an error: .*refuses the token/,
    ping: ['start', '77'],
  },
  {
    name: 'three errors in a row, in several lines',
    lay: async () => {
      await run('4 min');
      for (const ago of ['3 min', '2 min', '1 min']) await run(ago, error('A: is wrong\nB: as well'));
    },
    verdict: 'failing',
    since: 180,
    why: /^its last 3 passes failed: A: is wrong; B: as well$/,
    ping: good,
  },
  {
    name: 'an error, and then a pass that was good',
    lay: async () => {
      await run('2 min', error('the disk is full'));
      await run('1 min');
    },
    verdict: 'well',
    why: /./,
    ping: good,
  },
  {
    name: 'an error, and then silence: a pass that fails before it can write its run',
    lay: () => run('10 min', error('the disk is full')),
    verdict: 'late',
    since: 450,
    why: /^nothing ran at `.*`; its last pass ended in an error: the disk is full$/,
    ping: good,
  },
  {
    name: 'stuck: two passes said done, and left what both could take',
    lay: async () => {
      await pendingDeletion(scene.db, { dueFor: '10 min' });
      await run('3 min');
      await run('2 min', leaving);
      await run('1 min', leaving);
    },
    verdict: 'stuck',
    since: 120,
    why: /^its passes end well and leave the same work: 1 due$/,
    ping: good,
  },
  {
    name: 'what was left waits after a failure',
    lay: async () => {
      await pendingDeletion(scene.db, { dueFor: '10 min' });
      await scene.db.query(`update pending_deletions set attempts = 5, next_attempt_at = now() + interval '5 min'`);
      for (const ago of ['2 min', '1 min']) await run(ago, leaving);
    },
    verdict: 'well',
    why: /^its last pass left work for the next one$/,
    ping: good,
  },
  {
    name: 'its wait ended after the last pass',
    lay: async () => {
      await pendingDeletion(scene.db, { dueFor: '10 min' });
      await scene.db.query(`update pending_deletions set attempts = 5, next_attempt_at = now() - interval '5 s'`);
      for (const ago of ['2 min', '1 min']) await run(ago, leaving);
    },
    verdict: 'well',
    why: /./,
    ping: good,
  },
  {
    name: 'what was left by one pass alone',
    lay: async () => {
      await pendingDeletion(scene.db, { dueFor: '10 min' });
      await run('2 min', { left: 1, stop: 'deadline' });
      await run('1 min', leaving);
    },
    verdict: 'well',
    why: /./,
    ping: good,
  },
  {
    name: 'tokens that the database does not let go',
    job: 'cleanup-tokens',
    lay: async () => {
      await token(scene.db, { expiredFor: '2 days' });
      for (const ago of ['12 hours', '1 min']) await run(ago, { job: 'cleanup-tokens', outcome: 'failed', left: 1 });
    },
    verdict: 'stuck',
    since: 43_200,
    why: /leave the same work/,
    ping: good,
  },
  {
    name: 'counters that the database does not let go',
    job: 'reset-counts',
    lay: async () => {
      await counter(scene.db, { daysAgo: 3 });
      for (const ago of ['24 hours', '1 min']) await run(ago, { job: 'reset-counts', outcome: 'failed', left: 1 });
    },
    verdict: 'stuck',
    since: 86_400,
    why: /leave the same work/,
    ping: good,
  },
  {
    name: 'a broadcast that two passes left',
    job: 'delete-broadcasts',
    lay: async () => {
      await broadcast(scene.db, { dueFor: '3h', age: '4h', messages: [{ chatId: 1, messageId: 1 }] });
      for (const ago of ['70 min', '10 min']) await run(ago, { job: 'delete-broadcasts', left: 1 });
    },
    verdict: 'stuck',
    since: 4200,
    why: /1 due$/,
    ping: good,
  },
  {
    name: 'a channel that got no guide twice',
    job: 'post-guide',
    lay: async () => {
      for (const ago of ['2 min', '1 min']) await run(ago, { job: 'post-guide', outcome: 'failed', left: 1 });
    },
    verdict: 'stuck',
    since: 120,
    why: /leave the same work/,
    ping: good,
  },
  {
    name: 'losing: more than there is time for',
    env: { TELEGRAM_RATE: '1', NOTICE: 'none' },
    lay: async () => {
      await run('1 min');
      await scene.db.query(`insert into pending_deletions (user_id, chat_id, message_ids, created_at, delete_at)
        select 1, n, '{1}', now() - interval '47 hours 57 minutes', now() - interval '70 s' from generate_series(1, 400) as n`);
    },
    verdict: 'losing',
    since: 70,
    why: /^\d+ messages pass 48 hours before their turn at 1\/s, and stay for ever$/,
    ping: ['start', '0'],
  },
  {
    name: 'losing by a pause',
    lay: async () => {
      await run('1 min');
      await pendingDeletion(scene.db, { age: '47h 30min' });
      await budget('0 s', '1 hour');
    },
    verdict: 'losing',
    since: 60,
    why: /^1 message passes 48 hours/,
    ping: ['start', '75'],
  },
  {
    name: 'paused by Telegram',
    lay: async () => {
      await run('1 min');
      await pendingDeletion(scene.db);
      await budget('0 s', '1 hour');
    },
    verdict: 'paused',
    why: /no call is made until/,
    ping: ['start', '75'],
  },
  {
    name: 'its calls are reserved for an hour ahead',
    lay: async () => {
      await run('1 min');
      await pendingDeletion(scene.db);
      await budget('1 hour');
    },
    verdict: 'paused',
    why: /reserved until [\d: -]+: the clock of the database went back; the next pass sets it right by itself$/,
    ping: good,
  },
  {
    name: 'another bot is paused',
    lay: async () => {
      await run('1 min');
      await budget('0 s', '1 hour', 5);
    },
    verdict: 'well',
    why: /./,
    ping: good,
  },
  {
    name: 'a pause concerns nobody who calls nobody',
    job: 'cleanup-tokens',
    lay: async () => {
      await run('1 min', { job: 'cleanup-tokens' });
      await budget('0 s', '1 hour');
    },
    verdict: 'well',
    why: /./,
    ping: good,
  },
  {
    name: 'its time or its limit was over, with work left',
    lay: async () => {
      for (const [ago, stop] of [
        ['2 min', 'deadline'],
        ['1 min', 'limit'],
      ] as const)
        await run(ago, { stop, left: 9 });
    },
    verdict: 'well',
    why: /^its last pass left work for the next one$/,
    ping: good,
  },
  {
    name: 'it gave items up, which are kept for the operator',
    lay: async () => {
      for (const ago of ['2 min', '1 min']) await run(ago, { outcome: 'failed' });
    },
    verdict: 'well',
    why: /./,
    ping: good,
  },
];

/** Time runs on from one command to the next, and with it what is counted by it. */
const words = (text: string): string => text.replace(/\d+/g, '#');

const ill: readonly Verdict[] = ['late', 'losing', 'stuck', 'failing'];

describe('a job', () => {
  test.each(states)('$name: $verdict', async ({ job = 'delete-due', env = {}, lay, verdict, since, why, ping }) => {
    await lay();
    const code = ill.includes(verdict) ? 1 : 0;

    const alerts = { ALERT_WEBHOOK_URL: 'http://127.0.0.1:1/', ALERT_AFTER: '1' };
    const [asJson, shown, doctor, metrics, alert] = await Promise.all([
      scene.run(['status', '--json', '--job', job], env),
      scene.run(['status', '--job', job], env),
      scene.run(['doctor', '--json', '--job', job], env),
      scene.run(['metrics'], env),
      scene.run(['doctor', '--alert', '--dry-run', '--json'], { ...env, ...alerts }),
    ]);
    const told: Status = JSON.parse(asJson.stdout);
    const [status] = told.jobs;
    expect(status?.health).toMatchObject({ verdict, why: expect.stringMatching(why) });
    expect({ code: asJson.code, ok: told.ok }).toEqual({ code, ok: code === 0 });
    const { since: sinceIso = null, way_out = null, why: whyTold = '' } = status?.health ?? {};
    if (since === undefined) expect(sinceIso).toBeNull();
    else {
      const age = (Date.parse(told.now) - Date.parse(sinceIso ?? '')) / 1000;
      expect(Math.abs(age - since)).toBeLessThan(verdict === 'late' ? 65 : 5);
    }
    if (code === 1) expect(way_out).not.toBeNull();

    expect(shown.code).toBe(code);
    const isTold = code === 1 || verdict === 'paused';
    const first = sinceIso === null ? `${job} is ${verdict}; ` : `${job} is ${verdict} since `;
    expect(shown.stdout.split('\n')[0]).toContain(isTold ? first : 'All is well; ');
    expect(shown.stdout).toMatch(new RegExp(`^${job} +${verdict} `, 'm'));
    expect(words(shown.stdout).includes(`: ${words(whyTold)}\n`)).toBe(isTold);

    const { findings }: { findings: Finding[] } = JSON.parse(doctor.stdout);
    const found = findings.filter(({ check }) => check === job);
    const level = code === 1 ? 'fault' : verdict === 'paused' || verdict === 'idle' ? 'warning' : expect.any(String);
    expect(found[0]).toMatchObject({ level });
    // What else doctor finds is about the token, the tables and the like.
    expect(findings.some((finding) => finding.check === job && finding.level === 'fault')).toBe(code === 1);
    if (code === 1) expect(doctor.code).toBe(1);
    if (verdict !== 'well') expect(words(found[0]?.text ?? '')).toContain(words(whyTold));

    const verdicts = new RegExp(`^telesweep_health\\{sweep_job="${job}",.*verdict="(\\w+)"\\} 1$`, 'gm');
    expect([...metrics.stdout.matchAll(verdicts)].map(([, set]) => set)).toEqual([verdict]);
    const { alerts: would }: { alerts: { text: string | null }[] } = JSON.parse(alert.stdout);
    const alerted = words(would.map(({ text }) => text ?? '').join('\n'));
    expect(alerted.includes(`${job} is ${verdict} since`)).toBe(code === 1);
    if (code === 1) expect(alerted).toContain(words(whyTold));

    const pings = scene.monitors?.pings.length ?? 0;
    await scene.run([job, '--quiet', '--limit', '1'], env);
    const heard = scene.monitors?.pings.slice(pings).map(({ path }) => /([^/]+)\?/.exec(path)?.[1]);
    expect(heard).toEqual(ping);
  });
});

test('a pass that cannot reach the database tells the monitor its end alone', async () => {
  const pings = scene.monitors?.pings.length;
  await scene.run(['delete-due'], { DATABASE_URL: 'postgres://u@127.0.0.1:1/x' });
  expect(scene.monitors?.pings.slice(pings).map(({ path }) => path.split('?')[0])).toEqual(['/ping/delete-due/69']);
});

test('what others ask for is what status tells, of those jobs that were asked for', async () => {
  await run('10 min');
  await run('1 min', { job: 'delete-broadcasts', ...error('the disk is full') });
  const settings = readSettings({ env: scene.env, envFile: null, requires: [] });
  const { signal } = new AbortController();
  const connection = await connect(settings.database, { signal });
  const asked = jobs.filter(({ name }) => name.startsWith('delete-'));
  const health = await readOnly(connection, () => readHealth(connection, settings, jobs, asked));
  connection.close();
  const { stdout, code } = await scene.run(['status', '--json']);
  const told: Status = JSON.parse(stdout);
  expect(code).toBe(1);
  expect(health.map(({ job, verdict }) => [job, verdict])).toEqual([
    ['delete-due', 'late'],
    ['delete-broadcasts', 'failing'],
  ]);
  for (const { job, wayOut, ...rest } of health) {
    expect(told.jobs.find((entry) => entry.job === job)?.health).toEqual({ ...rest, way_out: wayOut });
  }
  const shown = await scene.run(['status']);
  expect(shown.stdout.split('\n')[0]).toMatch(
    /^delete-due is late since [\d: -]+, delete-broadcasts is failing since [\d: -]+; 1 due, 0 failed\. /,
  );
});
