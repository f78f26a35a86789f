/** `telesweep stats`, on figures and rows whose truth is worked out by hand. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import stringWidth from 'string-width';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import type { StatsJson } from '../../src/operator/stats/stats-json.ts';
import { Recorder } from '../output/screen.ts';
import { freezeClock } from '../support/frozen-clock.ts';
import { createScene, type Env, type Scene } from '../support/scene.ts';

let scene: Scene;
let folder: string;
beforeAll(async () => {
  scene = await createScene({}, { TIMEZONE: 'Europe/Berlin' });
  folder = mkdtempSync(join(tmpdir(), 'telesweep-stats-'));
  // A Tuesday, two days after the clocks of Berlin went forward; 12:00 there.
  await freezeClock(scene.db, '2026-03-31T10:00:00Z');
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await scene.close();
});
beforeEach(() => scene.db.query('truncate telesweep.daily, tokens, token_generator_count'));

/** Rows of `telesweep.daily`, by day and metric. */
async function daily(rows: Record<string, Record<string, number>>): Promise<void> {
  const flat = Object.entries(rows).flatMap(([day, metrics]) =>
    Object.entries(metrics).map(([metric, value]) => ({ day, metric, value })),
  );
  await scene.db.query(
    `insert into telesweep.daily (schema_name, day, metric, value)
     select 'public', day, metric, value from jsonb_to_recordset($1) as t (day date, metric text, value bigint)`,
    [JSON.stringify(flat)],
  );
}

async function token(createdAt: string, status = 'not_used', expiresAt = '2026-01-01T00:00:00Z'): Promise<void> {
  await scene.db.query(
    `insert into tokens (token, created_by, status, created_at, expires_at)
     select 'token-' || count(*), 987654321, $1, $2, $3 from tokens`,
    [status, createdAt, expiresAt],
  );
}

async function counter(userId: number, date: string, generated: number): Promise<void> {
  await scene.db.query('insert into token_generator_count values ($1, $2, $3)', [userId, date, generated]);
}

async function statsOf(args: readonly string[], env: Env = {}): Promise<StatsJson> {
  const { code, stdout, stderr } = await scene.run(['stats', '--json', ...args], env);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

type Period = StatsJson['periods'][number];

function periodOf({ periods }: StatsJson, start: string): Period {
  const found = periods.find((period) => period.start === start);
  if (found === undefined) throw new Error(`no stretch begins on ${start}`);
  return found;
}

const whyOf = ({ incomplete }: Period, figure: string): string | null =>
  incomplete.find(({ figures }) => figures.includes(figure))?.why ?? null;

/** So that nothing is incomplete for want of passes. */
const longAgo = { '2025-01-01': { calls: 1 } };

describe('tokens', () => {
  test('of a day are those made in it by the clock of TIMEZONE, also where the clock changes', async () => {
    await daily(longAgo);
    // The 29th has 23 hours in Berlin: from 23:00 UTC of the 28th to 22:00 UTC of the 29th.
    await token('2026-03-28T22:59:59.999999Z');
    await token('2026-03-28T23:00:00Z');
    await token('2026-03-29T01:00:00Z');
    await token('2026-03-29T21:59:59.999999Z', 'verified');
    await token('2026-03-29T22:00:00Z');
    await token('infinity');
    await token('-infinity');
    const stats = await statsOf(['--since', '5d']);
    const made = stats.periods.map(({ start, figures }) => [start, figures.tokens_made]);
    expect(made).toEqual([
      ['2026-03-26', 0],
      ['2026-03-27', 0],
      ['2026-03-28', 1],
      ['2026-03-29', 3],
      ['2026-03-30', 1],
      ['2026-03-31', 0],
    ]);
    const utc = await statsOf(['--since', '5d'], { TIMEZONE: 'UTC' });
    expect(periodOf(utc, '2026-03-28').figures.tokens_made).toBe(2);
    expect(periodOf(utc, '2026-03-29').figures.tokens_made).toBe(3);
  });

  test.each([
    // Its clock goes from 00:00 to 01:00 on the 29th: that day has no midnight.
    [
      'Asia/Beirut',
      '2026-03-31T10:00:00Z',
      ['2026-03-28T21:59:59Z', '2026-03-28T22:00:00Z'],
      ['2026-03-28', '2026-03-29'],
    ],
    // It goes back from 01:00 to 00:00 on the 1st of November: that midnight comes twice, and both belong to the day.
    [
      'America/Havana',
      '2026-11-03T10:00:00Z',
      ['2026-11-01T03:59:59Z', '2026-11-01T04:00:00Z'],
      ['2026-10-31', '2026-11-01'],
    ],
  ])('of a day whose midnight is missing or comes twice, in %s', async (zone, now, instants, days) => {
    await freezeClock(scene.db, now);
    await daily(longAgo);
    for (const instant of instants) await token(instant);
    // As the first day of all that is asked for, and in the middle.
    for (const since of ['2d', '9d']) {
      const { periods } = await statsOf(['--since', since], { TIMEZONE: zone });
      const made = periods.filter(({ figures }) => figures.tokens_made !== 0).map(({ start }) => start);
      expect([zone, since, made]).toEqual([
        zone,
        since,
        days.filter((day) => periods.some(({ start }) => start === day)),
      ]);
    }
    await freezeClock(scene.db, '2026-03-31T10:00:00Z');
  });

  test('are those that were removed and those that stand, and the rates come of both', async () => {
    await daily({
      ...longAgo,
      '2026-03-23': { tokens_verified: 50, tokens_bypassed: 10 },
      '2026-03-29': { tokens_verified: 7 },
      // Of the weeks before and after.
      '2026-03-22': { tokens_verified: 20, tokens_bypassed: 20 },
      '2026-03-30': { tokens_verified: 1000 },
    });
    await token('2026-03-22T22:59:59Z', 'bypassed');
    await token('2026-03-22T23:00:00Z', 'verified');
    await token('2026-03-25T12:00:00Z', 'bypassed');
    for (let n = 0; n < 31; n++) await token('2026-03-27T12:00:00Z');
    const week = periodOf(await statsOf(['--by', 'week']), '2026-03-23');
    expect(week).toMatchObject({ end: '2026-03-29', over: true });
    expect(week.figures).toMatchObject({ tokens_made: 100, tokens_verified: 58, tokens_bypassed: 11 });
    expect(week.figures.verification_rate).toBeCloseTo(69 / 100, 12);
    expect(week.figures.bypass_rate).toBeCloseTo(11 / 69, 12);
    expect(week.before).toMatchObject({ tokens_made: 41, tokens_verified: 20, tokens_bypassed: 21 });
    expect(whyOf(week, 'verification_rate')).toBe(null);
  });

  test('made are what the counters tell on days that have any, else those that are known, and never fewer than these', async () => {
    await daily({
      ...longAgo,
      // Counters that were removed.
      '2026-03-26': { token_users: 3, tokens_generated: 12, tokens_verified: 5 },
      // None: five are known.
      '2026-03-27': { tokens_verified: 4, tokens_bypassed: 1 },
      // Fewer than are known.
      '2026-03-28': { token_users: 1, tokens_generated: 2, tokens_verified: 6 },
    });
    // Counters that stand beside what was removed of the same day.
    await counter(1, '2026-03-26', 5);
    await counter(2, '2026-03-30', 8);
    await token('2026-03-30T12:00:00Z');
    const days = await statsOf(['--since', '6d']);
    const made = (day: string) => [periodOf(days, day).figures.tokens_made, whyOf(periodOf(days, day), 'tokens_made')];
    expect(made('2026-03-26')).toEqual([17, null]);
    expect(made('2026-03-27')).toEqual([5, null]);
    expect(made('2026-03-28')).toEqual([6, 'counters_tell_fewer']);
    expect(made('2026-03-30')).toEqual([8, null]);
    expect(periodOf(days, '2026-03-26').figures.active_users).toBe(4);
    expect(periodOf(days, '2026-03-27').figures.active_users).toBe(null);
    expect(whyOf(periodOf(days, '2026-03-27'), 'active_users')).toBe('no_counters');
    // Of the week: 17 + 5 + 2; three days had counters, with 4, 1 and 1 users.
    const week = periodOf(await statsOf(['--by', 'week']), '2026-03-23');
    expect(week.figures).toMatchObject({ tokens_made: 24, active_users: 2.5 });
    expect(whyOf(week, 'tokens_made')).toBe(null);
  });

  test('that may still be used keep their rates open', async () => {
    await daily(longAgo);
    await token('2026-03-30T12:00:00Z', 'not_used', '2026-04-01T12:00:00Z');
    await token('2026-03-30T12:00:00Z', 'verified', '2026-04-01T12:00:00Z');
    await token('2026-03-29T12:00:00Z', 'not_used', '2026-03-31T09:59:59Z');
    const stats = await statsOf(['--since', '3d']);
    const [open, done] = [periodOf(stats, '2026-03-30'), periodOf(stats, '2026-03-29')];
    expect(
      ['tokens_made', 'tokens_verified', 'verification_rate', 'bypass_rate'].map((name) => whyOf(open, name)),
    ).toEqual([null, 'open_tokens', 'open_tokens', 'open_tokens']);
    expect(open.incomplete.map(({ text }) => text)).toContain('1 token made then may still be used');
    expect(whyOf(done, 'verification_rate')).toBe(null);
  });
});

describe('what was done', () => {
  test('is summed by week and by month, each beside the one before, with its rates', async () => {
    await daily({
      ...longAgo,
      '2026-02-01': { messages_deleted: 1 },
      '2026-02-28': { messages_deleted: 10, late_within_1m: 1 },
      '2026-03-01': {
        messages_deleted: 100,
        messages_gone: 20,
        messages_failed: 5,
        'messages_failed:too_old': 3,
        'messages_failed:forbidden': 2,
        late_within_1m: 6,
        late_within_5m: 2,
        late_within_1h: 1,
        late_over_1h: 1,
      },
      '2026-03-30': {
        messages_deleted: 1000,
        broadcasts_removed: 4,
        broadcast_chats_reached: 10,
        broadcast_messages_deleted: 60,
        broadcast_messages_failed: 15,
        broadcast_messages_too_old: 11,
        guides_posted: 3,
        calls: 77,
        rate_limited: 2,
      },
    });
    const months = await statsOf(['--by', 'month', '--since', '40d']);
    expect(months.periods.map(({ start, end, over }) => [start, end, over])).toEqual([
      ['2026-02-01', '2026-02-28', true],
      ['2026-03-01', '2026-03-31', false],
    ]);
    const march = periodOf(months, '2026-03-01');
    expect(march.before).toMatchObject({
      messages_deleted: 11,
      late_within_1m: 1,
      on_time_rate: 1,
      broadcast_reach: null,
    });
    expect(march.figures).toMatchObject({
      messages_deleted: 1100,
      messages_failed: 5,
      'messages_failed:too_old': 3,
      'messages_failed:forbidden': 2,
      late_over_1h: 1,
      on_time_rate: 0.6,
      broadcast_chats_reached: 10,
      broadcast_reach: 2.5,
      broadcast_messages_too_old: 11,
      guides_posted: 3,
      calls: 77,
      rate_limited: 2,
    });
    // 5 and 15 were given up; 1,100, 20 and 60 went.
    expect(march.figures.loss_rate).toBeCloseTo(20 / 1200, 12);
    expect(whyOf(march, 'messages_deleted')).toBe('not_over');
    // The 1st of March is a Sunday: the last day of its week.
    const weeks = await statsOf(['--by', 'week', '--since', '40d']);
    expect(weeks.periods.map(({ start, figures }) => [start, figures.messages_deleted])).toEqual([
      ['2026-02-16', 0],
      ['2026-02-23', 110],
      ['2026-03-02', 0],
      ['2026-03-09', 0],
      ['2026-03-16', 0],
      ['2026-03-23', 0],
      ['2026-03-30', 1000],
    ]);
  });

  test('is the same to the last digit in a session of any habits', async () => {
    await daily({
      ...longAgo,
      '2026-03-30': { calls: 123_456_789, users_total: 1_234_567, tokens_verified: 7_654_321 },
    });
    await counter(1, '2026-03-30', 2_000_000_011);
    const url = new URL(scene.env.DATABASE_URL ?? '');
    const habits = [
      'extra_float_digits=-15',
      'datestyle=German,DMY',
      'timezone=Asia/Tokyo',
      'default_transaction_isolation=serializable',
    ];
    url.searchParams.set('options', habits.map((habit) => `-c ${habit}`).join(' '));
    const { periods } = await statsOf(['--since', '1d'], { DATABASE_URL: url.href });
    expect(periods.map(({ start }) => start)).toEqual(['2026-03-30', '2026-03-31']);
    expect(periods[0]?.figures).toMatchObject({
      calls: 123_456_789,
      users_total: 1_234_567,
      tokens_verified: 7_654_321,
      tokens_made: 2_000_000_011,
    });
  });

  test('is that of the schema alone, and a name that telesweep never wrote is passed over', async () => {
    await daily({ ...longAgo, '2026-03-30': { calls: 5, 'messages_failed:=cmd()': 1, 'bytes:<b>': 9 } });
    await scene.db.query(`insert into telesweep.daily values ('other', '2026-03-30', 'calls', 1000)`);
    const { figures } = periodOf(await statsOf(['--since', '1d']), '2026-03-30');
    expect(figures.calls).toBe(5);
    expect(Object.keys(figures).filter((name) => /cmd|<b>/.test(name))).toEqual([]);
  });

  test('how things stood is that of the last day of which it is known', async () => {
    await daily({
      ...longAgo,
      '2026-03-20': { users_total: 90, database_bytes: 1_000, 'bytes:tokens': 100, 'rows:tokens': 7 },
      '2026-03-23': { users_total: 100, users_new: 12, users_banned: 3 },
      '2026-03-27': {
        users_total: 130,
        users_new: 25,
        database_bytes: 3_000,
        'bytes:tokens': 400,
        'dead_rows:tokens': 5,
      },
    });
    const week = periodOf(await statsOf(['--by', 'week']), '2026-03-23');
    expect(week.figures).toMatchObject({
      users_total: 130,
      users_growth: 40,
      users_new: 37,
      users_banned: 3,
      database_bytes: 3_000,
      'bytes:tokens': 400,
      'rows:tokens': null,
      'dead_rows:tokens': 5,
    });
    expect(week.before).toMatchObject({ users_total: 90, 'bytes:tokens': 100, 'rows:tokens': 7, users_growth: null });
    expect(whyOf(week, 'rows:tokens')).toBe('no_pass');
    // Of its last two days nothing is known yet.
    const toTheEnd = ['users_total', 'users_growth', 'users_new', 'users_banned', 'database_bytes', 'bytes:tokens'];
    expect(toTheEnd.map((name) => whyOf(week, name))).toEqual(toTheEnd.map(() => 'ends_early'));
    await daily({
      '2026-03-29': { users_total: 131, users_new: 1, users_banned: 3, database_bytes: 3_001, 'bytes:tokens': 401 },
    });
    const whole = periodOf(await statsOf(['--by', 'week']), '2026-03-23');
    expect(whole.figures).toMatchObject({ users_total: 131, users_growth: 41, users_new: 38 });
    expect(toTheEnd.map((name) => whyOf(whole, name))).toEqual(toTheEnd.map(() => null));
  });
});

describe('incomplete', () => {
  test('is what was done before the first pass: not known, of tokens a least number, and the first day is no whole one', async () => {
    await daily({
      // By the day on which they were made, before anything was counted.
      '2026-03-20': { tokens_verified: 9, users_new: 4 },
      '2026-03-28': { calls: 3 },
    });
    await token('2026-03-26T12:00:00Z');
    const stats = await statsOf(['--since', '9d']);
    expect(stats.counted_since).toBe('2026-03-28');
    const before = periodOf(stats, '2026-03-26');
    expect(before.figures).toMatchObject({
      calls: null,
      tokens_made: 1,
      tokens_verified: null,
      verification_rate: null,
    });
    expect(['calls', 'tokens_made', 'verification_rate', 'users_total'].map((name) => whyOf(before, name))).toEqual(
      Array(4).fill('counted_since'),
    );
    expect(before.incomplete[0]?.text).toContain('2026-03-28');
    const first = periodOf(stats, '2026-03-28');
    expect([first.figures.calls, whyOf(first, 'calls')]).toEqual([3, 'counted_since']);
    const next = periodOf(stats, '2026-03-29');
    expect([next.figures.calls, whyOf(next, 'calls')]).toEqual([0, null]);
    expect(whyOf(periodOf(stats, '2026-03-31'), 'calls')).toBe('not_over');
  });

  test('is everything where no pass has counted yet', async () => {
    const { periods, counted_since: since } = await statsOf([]);
    expect(since).toBe(null);
    expect(new Set(periods.flatMap(({ incomplete }) => incomplete.map(({ why }) => why)))).toEqual(
      new Set(['not_counted_yet']),
    );
    const { code, stdout } = await scene.run(['stats']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('no pass has counted anything yet')]);
  });

  test('are the users where there is no table of them, and where nobody could count it', async () => {
    await daily(longAgo);
    const untold = periodOf(await statsOf(['--since', '1d']), '2026-03-30');
    expect([untold.figures.users_total, whyOf(untold, 'users_total')]).toEqual([null, 'users_untold']);
    await scene.db.query('alter table users rename to people');
    try {
      const missing = periodOf(await statsOf(['--since', '1d']), '2026-03-30');
      expect([missing.figures.users_new, whyOf(missing, 'users_new')]).toEqual([null, 'no_users_table']);
      const { stdout } = await scene.run(['stats']);
      expect(stdout).toContain('there is no table users');
    } finally {
      await scene.db.query('alter table people rename to users');
    }
  });
});

/** A bot of some size, and all that there is to show. */
async function aWholeBot(): Promise<void> {
  await scene.db.query(`
    insert into telesweep.daily (schema_name, day, metric, value)
    select 'public', day::date, metric, (base * (1 + 0.3 * sin(n)))::bigint + n * step
    from generate_series(date '2025-01-01', date '2026-03-31', interval '1 day') with ordinality as days (day, n),
      (values ('tokens_verified', 81234567, 9), ('tokens_bypassed', 12345, 1), ('token_users', 4000000, 5),
        ('tokens_generated', 123456789, 9), ('messages_deleted', 99999999, 100), ('messages_failed', 12, 0),
        ('messages_failed:held_by_database', 12, 0), ('late_within_1m', 1000, 0), ('late_over_1h', 1, 0),
        ('broadcasts_removed', 2, 0), ('broadcast_chats_reached', 1999999, 0), ('broadcast_messages_deleted', 1999999, 0),
        ('guides_posted', 6, 0), ('calls', 2160000, 0), ('rate_limited', 3, 0), ('users_total', 2000000, 700),
        ('users_new', 700, 0), ('users_banned', 90, 0), ('database_bytes', 0, 123456789012),
        ('bytes:token_generator_count', 0, 98765432101), ('rows:token_generator_count', 0, 7), ('bytes:tokens', 5, 0))
        as metrics (metric, base, step)`);
  await token('2026-03-30T12:00:00Z', 'not_used', '2026-04-01T12:00:00Z');
}

async function onTerminal(args: readonly string[]): Promise<string[]> {
  const stdout = new Recorder({ isTTY: true });
  const { signal } = new AbortController();
  const code = await main({
    argv: ['stats', ...args],
    env: scene.env,
    stdout,
    stderr: new Recorder(),
    stdin: Readable.from([]),
    signal,
  });
  expect(code).toBe(0);
  return stdout.lines;
}

describe('for people', () => {
  beforeEach(aWholeBot);

  test.each([
    ['day'],
    ['week'],
    ['month'],
  ])('a table by %s fits into 80 columns, with a trend and what is incomplete', async (by) => {
    const lines = await onTerminal(['--by', by, '--since', '400d']);
    expect(lines.filter((line) => stringWidth(line) > 80)).toEqual([]);
    const trends = lines.flatMap((line) => /[▁▂▃▄▅▆▇█·]+$/.exec(line)?.[0] ?? []);
    expect(trends.length).toBeGreaterThan(15);
    expect(Math.min(...trends.map((trend) => trend.length))).toBeGreaterThanOrEqual(6);
    expect(lines).toContain(
      `  ${{ day: 'Tue 31 Mar 2026', week: '30 Mar – 5 Apr 2026', month: 'March 2026' }[by]}: the ${by} is not over`,
    );
  });

  test('the last stretch that is over stands beside the one before, and one that is not over beside none', async () => {
    await scene.db.query('truncate telesweep.daily, tokens');
    await daily({
      ...longAgo,
      '2026-03-29': { messages_deleted: 2000, late_within_1m: 3, late_over_1h: 1 },
      '2026-03-30': { messages_deleted: 2500, late_within_1m: 7, late_over_1h: 1 },
      '2026-03-31': { messages_deleted: 7 },
    });
    const { stdout } = await scene.run(['stats', '--since', '3d']);
    expect(stdout).toMatch(/^public by day; last: Mon 30 Mar 2026; 2026-03-31 12:00 Europe\/Berlin\n/);
    expect(stdout).toMatch(/^ messages deleted +7\* +2,500 +2,000 +\+25 % +▁▇█$/m);
    expect(stdout).toMatch(/^ within a minute +–\* +87\.5 % +75 % +\+13 pt +·▁█$/m);
    expect(stdout).not.toContain('Guides');
  });

  test('--csv has a line for each figure of each stretch', async () => {
    const { stdout } = await scene.run(['stats', '--csv', '--since', '1d']);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toBe('start,end,over,figure,value,before,incomplete');
    const { periods } = await statsOf(['--since', '1d']);
    expect(rows).toHaveLength(periods.length * Object.keys(periods[0]?.figures ?? {}).length);
    const [yesterday, today] = periods;
    expect(rows).toContain(`2026-03-30,2026-03-30,true,calls,${yesterday?.figures.calls},${yesterday?.before.calls},`);
    expect(rows).toContain(
      `2026-03-31,2026-03-31,false,calls,${today?.figures.calls},${yesterday?.figures.calls},the day is not over`,
    );
    expect(rows.find((row) => row.includes(',users_growth,'))?.split(',')).toHaveLength(7);
  });

  test('nobody is named in any form', async () => {
    const page = join(folder, 'nobody.html');
    const outputs = [
      ...(await Promise.all(
        [[], ['--json'], ['--csv'], ['--html', page]].map((args) => scene.run(['stats', ...args])),
      )),
    ].map(({ stdout }) => stdout);
    for (const text of [...outputs, readFileSync(page, 'utf8')]) expect(text).not.toContain('987654321');
  });
});

/** Every element closed in its turn, every attribute in quotes, every `<` and `&` a tag or an entity. */
function wellFormed(page: string): { tags: string[]; ids: string[] } {
  const open: string[] = [];
  const tags: string[] = [];
  const text = page.replace(/^<!doctype html>\n<!-- [a-z ]+ -->\n/, '').replace(/(<style>)[^<]*(<\/style>)/, '$1$2');
  const rest = text.replace(
    /<(\/?)([a-z][a-z0-9]*)((?: [a-zA-Z][a-zA-Z0-9-]*="[^"<]*")*)(\/?)>/g,
    (_, end, name: string, _attributes, self) => {
      if (end === '/') expect([name, open.pop()]).toEqual([name, name]);
      else {
        tags.push(name);
        if (self !== '/' && !['meta'].includes(name)) open.push(name);
      }
      return '';
    },
  );
  expect(open).toEqual([]);
  expect(rest.match(/[<>]|&(?!(?:amp|lt|gt|quot|#39);)/g)).toBe(null);
  return { tags, ids: [...text.matchAll(/ id="([^"]*)"/g)].map(([, id = '']) => id) };
}

describe('--html', () => {
  test('writes one page that is well-formed, asks the network for nothing, and tells its charts and tables to a screen reader', async () => {
    await aWholeBot();
    const file = join(folder, 'stats.html');
    for (const by of ['day', 'week', 'month']) {
      const { code, stdout, stderr } = await scene.run(['stats', '--by', by, '--html', file]);
      expect([code, stdout, stderr]).toEqual([0, `${file} is written\n`, '']);
      const page = readFileSync(file, 'utf8');
      const { tags, ids } = wellFormed(page);
      expect(new Set(ids).size).toBe(ids.length);
      for (const [, names = ''] of page.matchAll(/aria-labelledby="([^"]*)"/g))
        expect(names.split(' ').filter((name) => !ids.includes(name))).toEqual([]);
      for (const tag of ['script', 'link', 'img', 'iframe', 'object', 'a', 'form', 'use', 'image'])
        expect(tags).not.toContain(tag);
      expect(page).not.toMatch(/url\(|@import|https?:|src=|href=|\bon[a-z]+="/);
      expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
      expect(page).toContain('prefers-color-scheme: dark');
      expect(page).toContain('@media print');
      const count = (pattern: RegExp): number => [...page.matchAll(pattern)].length;
      expect(count(/<svg /g)).toBeGreaterThan(10);
      expect(count(/<svg [^>]*role="img" aria-labelledby="[^"]+">\n<title /g)).toBe(count(/<svg /g));
      expect(count(/<table>\n<caption>/g)).toBe(count(/<table>/g));
      expect(count(/<th(?! scope="(?:col|row)")[ >]/g)).toBe(0);
      expect(count(/<h1>/g)).toBe(1);
      expect(page).toContain(`the ${by} is not over`);
      expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
    }
    // No draft is left.
    expect(readdirSync(folder).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  test('a page of nothing at all is one as well', async () => {
    const file = join(folder, 'nothing.html');
    expect((await scene.run(['stats', '--html', file])).code).toBe(0);
    wellFormed(readFileSync(file, 'utf8'));
    expect(readFileSync(file, 'utf8')).toContain('Nothing was counted.');
  });

  test('escapes what others have named', async () => {
    const { db } = scene;
    const file = join(folder, 'odd.html');
    await daily({ ...longAgo, '2026-03-30': { calls: 1 } });
    await db.query(`alter schema public rename to "<i>&""'"; update telesweep.daily set schema_name = '<i>&"'''`);
    await db.query(`alter database ${db.name} set search_path = "<i>&""'", test_clock, pg_catalog`);
    try {
      expect(await scene.run(['stats', '--html', file])).toMatchObject({ code: 0, stderr: '' });
      wellFormed(readFileSync(file, 'utf8'));
      expect(readFileSync(file, 'utf8')).toContain('<h1>&lt;i&gt;&amp;&quot;&#39;</h1>');
    } finally {
      await db.query(`alter schema "<i>&""'" rename to public`);
      await db.query(`alter database ${db.name} set search_path = public, test_clock, pg_catalog`);
    }
  });

  test('replaces its own page, and no file of another kind', async () => {
    const [own, strange] = [join(folder, 'own.html'), join(folder, 'strange.html')];
    for (let n = 0; n < 2; n++) expect((await scene.run(['stats', '--html', own])).code).toBe(0);
    writeFileSync(strange, '<!doctype html>\n<p>mine');
    const { code, stdout, stderr } = await scene.run(['stats', '--html', strange]);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toBe(
      `telesweep stats: --html: ${JSON.stringify(strange)} is no page of telesweep; expected a new name, or remove it first\n`,
    );
    expect(readFileSync(strange, 'utf8')).toBe('<!doctype html>\n<p>mine');
    const missing = await scene.run(['stats', '--html', join(folder, 'none', 'x.html')]);
    expect([missing.code, missing.stderr]).toEqual([64, expect.stringMatching(/--html: cannot write ".*": ENOENT\n$/)]);
  });

  test('goes where a link leads, and never takes the place of what is no file', async () => {
    const [page, link, pipe] = [join(folder, 'page.html'), join(folder, 'link.html'), join(folder, 'pipe.html')];
    writeFileSync(page, '');
    symlinkSync(page, link);
    expect((await scene.run(['stats', '--html', link])).code).toBe(0);
    expect([lstatSync(link).isSymbolicLink(), lstatSync(page).isFile()]).toEqual([true, true]);
    wellFormed(readFileSync(page, 'utf8'));
    // Nor is it made where a link leads to nothing; and who may read the page still may.
    chmodSync(page, 0o604);
    expect((await scene.run(['stats', '--html', page])).code).toBe(0);
    expect(lstatSync(page).mode & 0o777).toBe(0o604);
    const astray = join(folder, 'astray.html');
    symlinkSync(join(folder, 'nowhere.html'), astray);
    expect((await scene.run(['stats', '--html', astray])).code).toBe(64);
    expect(lstatSync(astray).isSymbolicLink()).toBe(true);
    // As /dev/stdout is where it leads to a pipe: root would replace it for the whole machine.
    execFileSync('mkfifo', [pipe]);
    const { code, stderr } = await scene.run(['stats', '--html', pipe]);
    expect([code, stderr]).toEqual([
      64,
      `telesweep stats: --html: ${JSON.stringify(pipe)} is no file; expected the name of one\n`,
    ]);
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  });
});

test.each([
  [['--since', 'x'], 'expected a duration such as 30d'],
  [['--since', '0d'], 'expected a duration such as 30d'],
  [['--since', '3651d'], 'up to 3650d'],
  [['--by', 'year'], 'Allowed choices are day, week, month'],
  [['--csv', '--json'], 'two forms of the same'],
  [['--csv', '--html', 'x.html'], 'cannot be used with'],
  [['--dry-run'], '--dry-run is for --send alone'],
  [['--quiet'], '--at and --quiet are for --send alone'],
  [['--at', '09:00'], '--at and --quiet are for --send alone'],
  [['--send', '--at', '9'], 'expected a time of the day'],
  [['--send', '--since', '3d'], 'cannot be used with'],
])('%j is refused', async (args, words) => {
  expect(await scene.run(['stats', ...args])).toMatchObject({ code: 64, stderr: expect.stringContaining(words) });
});
