import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createStop } from '../../src/stop.ts';
import { type Connection, connect } from '../../src/store/connect.ts';
import { type Budget, createBudget } from '../../src/telegram/budget.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

let db: TestDatabase;
const connections: Connection[] = [];

beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db.drop());
beforeEach(() => db.query('truncate telesweep.budgets, telesweep.leases'));
afterEach(() => Promise.all(connections.splice(0).map((connection) => connection.close())));

interface Member {
  budget: Budget;
  stop: ReturnType<typeof createStop>;
  connection: Connection;
}

/** A budget as a process of its own would have it, which holds the lease of its job. */
async function member(
  job: 'delete-due' | 'delete-broadcasts' | 'post-guide',
  { ratePerSecond = 20, maxRuntimeMs = null }: { ratePerSecond?: number; maxRuntimeMs?: number | null } = {},
): Promise<Member> {
  const runId = `run of ${job}`;
  await db.query("insert into telesweep.leases values ($1, $2, 'test', now(), now() + interval '1 minute')", [
    job,
    runId,
  ]);
  const connection = await connect({ connectionString: db.url, applicationName: 'telesweep' });
  connections.push(connection);
  const stop = createStop(maxRuntimeMs, new AbortController().signal);
  const holder = { job, runId };
  return { connection, stop, budget: createBudget({ connection, botId: '42', ratePerSecond, holder, stop }) };
}

/** Asks for `n` slots at once. */
const takeAll = ({ budget }: Member, n: number): Promise<(number | null)[]> =>
  Promise.all(Array.from({ length: n }, () => budget.take()));

const given = (slots: (number | null)[]): number[] => slots.filter((slot) => slot !== null).sort((a, b) => a - b);

/** The largest number of slots in any second. */
function mostInASecond(slots: number[]): number {
  return Math.max(...slots.map((start) => slots.filter((slot) => slot >= start && slot < start + 1_000).length));
}

const stored = async () => {
  const [row] = await db.query<{ paused: number | null; cooldown: boolean | null; next: number }>(
    `select extract(epoch from paused_until - clock_timestamp())::float8 as paused,
            cooldown_until = paused_until as cooldown,
            extract(epoch from next_call_at - clock_timestamp())::float8 as next
     from telesweep.budgets where bot_id = 42`,
  );
  return row ?? { paused: null, cooldown: null, next: Number.NaN };
};

describe('the rate', () => {
  test('holds over all processes of a token from the first second on, and is used', async () => {
    const members = await Promise.all([member('delete-due'), member('delete-broadcasts'), member('post-guide')]);
    const slots = given((await Promise.all(members.map((one) => takeAll(one, 20)))).flat());
    expect(slots).toHaveLength(60);
    expect(mostInASecond(slots)).toBeLessThanOrEqual(20);
    const seconds = ((slots.at(-1) ?? 0) - (slots[0] ?? 0)) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(59 / 20);
    expect(seconds).toBeLessThan(6);
  });

  test('holds after a quiet second as well: nothing is saved up', async () => {
    const one = await member('delete-due', { ratePerSecond: 50 });
    const [first] = given(await takeAll(one, 1));
    await one.connection.query('select pg_sleep(1.2)');
    const slots = given(await takeAll(one, 60));
    expect((slots[0] ?? 0) - (first ?? 0)).toBeGreaterThan(1_200);
    expect(mostInASecond(slots)).toBeLessThanOrEqual(50);
  });

  test('a process that asks for a few calls takes no more than these from the others', async () => {
    const one = await member('delete-due');
    await takeAll(one, 1);
    // One call's time, and a little for the statement itself.
    expect((await stored()).next).toBeLessThan(0.06);
  });

  test('another token has a budget of its own', async () => {
    const one = await member('delete-due', { ratePerSecond: 2 });
    await db.query("insert into telesweep.budgets (bot_id, next_call_at) values (43, now() + interval '1 hour')");
    const startedAt = performance.now();
    expect(given(await takeAll(one, 2))).toHaveLength(2);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('a pause', () => {
  test('of one process is waited for by all', async () => {
    const one = await member('delete-due');
    const other = await member('delete-broadcasts');
    await takeAll(other, 1);
    const pausedAt = performance.now();
    await one.budget.pause(1);
    const slots = given([...(await takeAll(one, 2)), ...(await takeAll(other, 2))]);
    expect(slots).toHaveLength(4);
    expect(performance.now() - pausedAt).toBeGreaterThan(1_000);
    expect(one.stop.reason).toBeNull();
  });

  test('moves forward, never back', async () => {
    const one = await member('delete-due');
    await one.budget.pause(30);
    await one.budget.pause(1);
    expect((await stored()).paused).toBeGreaterThan(25);
    await one.budget.pause(50);
    expect((await stored()).paused).toBeGreaterThan(45);
    expect((await stored()).cooldown).toBeNull();
  });

  test.each([
    ['61 s without a deadline', 61, null],
    ['3 s with two left', 3, 2_000],
    ['100,000 s', 100_000, 3_600_000],
  ])('too long to wait for (%s): it is stored for others, and whoever waits is sent away', async (_what, seconds, maxRuntimeMs) => {
    const one = await member('delete-due', { maxRuntimeMs, ratePerSecond: 1 });
    await takeAll(one, 1);
    const waiting = takeAll(one, 3);
    await one.budget.pause(seconds);
    expect(await waiting).toEqual([null, null, null]);
    expect(await one.budget.take()).toBeNull();
    expect(one.stop.reason).toBe('cooldown');
    const { paused, cooldown } = await stored();
    expect(paused).toBeGreaterThan(seconds - 2);
    expect(cooldown).toBe(true);
    one.stop.dispose();
  });

  test('60 s without a deadline, or less than the deadline leaves, is no reason to leave', async () => {
    const one = await member('delete-due');
    await one.budget.pause(60);
    const other = await member('post-guide', { maxRuntimeMs: 3_600_000 });
    await other.budget.pause(1_000);
    expect([one.stop.reason, other.stop.reason]).toEqual([null, null]);
    other.stop.dispose();
  });
});

describe('the end', () => {
  test('who lost the lease gets no slot', async () => {
    const one = await member('delete-due');
    await db.query("update telesweep.leases set expires_at = clock_timestamp() - interval '1 millisecond'");
    expect(await one.budget.take()).toBeNull();
    expect(one.stop.reason).toBe('lease_lost');
  });

  test('a stop sends whoever waits away at once', async () => {
    const one = await member('delete-due', { ratePerSecond: 0.1 });
    await takeAll(one, 1);
    const waiting = takeAll(one, 5);
    const startedAt = performance.now();
    one.stop.request('signal');
    expect(await waiting).toEqual([null, null, null, null, null]);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  test('a database that is gone is told to everyone who asks', async () => {
    const one = await member('delete-due');
    await db.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'telesweep' and datname = current_database()",
    );
    const results = await Promise.allSettled([one.budget.take(), one.budget.take()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(one.budget.take()).rejects.toThrow('the database stopped answering');
  });
});
