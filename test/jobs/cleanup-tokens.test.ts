import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freezeClock } from '../support/frozen-clock.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { token } from '../support/rows.ts';
import { startStatementProxy } from '../support/statement-proxy.ts';
import { startSweep, sweepPass, withSummary } from '../support/sweeps.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createDatabase();
  // What the server learnt of one test's rows in the midst of another one would choose the other's way.
  await db.query('alter table tokens set (autovacuum_enabled = off)');
});
afterAll(() => db.drop());
beforeEach(() => db.query('truncate tokens, telesweep.runs, telesweep.leases'));

const pass = (...flags: string[]) => sweepPass(db, ['cleanup-tokens', ...flags]);
const left = async (): Promise<string[]> =>
  (await db.query<{ token: string }>('select token from tokens order by token')).map((row) => row.token);

/** Due tokens, a second apart or all of one time. */
const insertDue = (n: number, { apart = '1 second', first = 1 } = {}) =>
  db.query(
    `insert into tokens (token, status, expires_at)
     select md5(n::text), 'verified', now() - interval '2 days' + n * $3::interval
     from generate_series($2::int, $2::int + $1::int - 1) n`,
    [n, first, apart],
  );

describe('what goes', () => {
  test('tokens that were used and have expired; the others stay, unused ones however old', async () => {
    await token(db, { token: 'gone-1', status: 'verified', expiredFor: '1s' });
    await token(db, { token: 'gone-2', status: 'bypassed', expiredFor: '400d' });
    await token(db, { token: 'kept-1', status: 'not_used', expiredFor: '4000d' });
    await token(db, { token: 'kept-2', status: 'verified', expiredFor: '-1h' });
    await token(db, { token: 'kept-3', status: 'bypassed', expiredFor: '-1h' });
    const { code, summary, stderr } = await pass();

    expect(code).toBe(0);
    expect(await left()).toEqual(['kept-1', 'kept-2', 'kept-3']);
    expect(summary).toMatchObject({
      job: 'cleanup-tokens',
      outcome: 'ok',
      stop_reason: 'done',
      dry_run: false,
      telegram: { calls: 0, rate_limited: 0 },
      left: { due: 0, oldest_due_seconds: 0 },
    });
    expect(summary.counts).toEqual({ deleted: 2, kept: 0 });
    expect(stderr).toContain('✅ Token cleanup completed: deleted 2 tokens');
  });

  test('not a token that expires at this very moment', async () => {
    const own = await createDatabase();
    await freezeClock(own, '2026-06-15T12:00:00Z');
    for (const [name, time] of [
      ['before', '2026-06-15T11:59:59.999999Z'],
      ['now', '2026-06-15T12:00:00Z'],
      ['after', '2026-06-15T12:00:00.000001Z'],
    ]) {
      await own.query("insert into tokens (token, status, expires_at) values ($1, 'verified', $2)", [name, time]);
    }
    const { summary } = await sweepPass(own, ['cleanup-tokens']);
    expect(summary).toMatchObject({ counts: { deleted: 1 }, left: { due: 0 } });
    expect(await own.query('select token from tokens order by expires_at')).toEqual([
      { token: 'now' },
      { token: 'after' },
    ]);
    await own.drop();
  });

  test('times without end: what expired before all time goes, what never expires stays', async () => {
    await db.query(`
      insert into tokens (token, status, expires_at) values
        ('a', 'verified', '-infinity'), ('b', 'bypassed', 'infinity'), ('c', 'not_used', '-infinity')`);
    const { code, summary } = await pass();
    expect(code).toBe(0);
    expect(summary).toMatchObject({ counts: { deleted: 1 }, left: { due: 0, oldest_due_seconds: 0 } });
    expect(await left()).toEqual(['b', 'c']);
  });

  test('more tokens of one time than a batch holds', async () => {
    await insertDue(60_000, { apart: '0 seconds' });
    await token(db, { token: 'kept', status: 'not_used' });
    const { summary } = await pass();
    expect(summary).toMatchObject({ counts: { deleted: 60_000 }, left: { due: 0 }, stop_reason: 'done' });
    expect(await left()).toEqual(['kept']);
  });

  test('an empty table is nothing to do', async () => {
    const { code, summary } = await pass();
    expect(code).toBe(0);
    expect(summary).toMatchObject({ outcome: 'ok', stop_reason: 'done', counts: { deleted: 0 } });
  });
});

describe('limits', () => {
  test.each(['1 second', '0 seconds'])('--limit is exact, and the oldest go first (%s apart)', async (apart) => {
    await insertDue(40, { apart });
    const { code, summary } = await pass('--limit', '15');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ outcome: 'ok', stop_reason: 'limit', counts: { deleted: 15 }, left: { due: 25 } });
    const twoDays = 2 * 86_400;
    expect(Math.abs(summary.left.oldest_due_seconds - twoDays)).toBeLessThan(120);
    const rest = await pass('--limit', '25');
    expect(rest.summary).toMatchObject({ stop_reason: 'done', counts: { deleted: 25 }, left: { due: 0 } });
  });

  test('--limit holds over several batches, with tokens that come meanwhile', async () => {
    await insertDue(120_000);
    const proxy = await startStatementProxy(db.url);
    const { child, done } = startSweep(proxy, 'cleanup-tokens', '--limit', '60000');
    let came = 0;
    proxy.onStatement = async (_, { text }) => {
      if (!text.includes('gone as (delete from')) return;
      came++;
      await db.query(
        `insert into tokens (token, status, expires_at)
         select 'new' || $1 || '-' || n, 'verified', now() - n * interval '1 hour' from generate_series(1, 60) n`,
        [came],
      );
    };
    const { summary } = withSummary(await done);
    expect(child.exitCode).toBe(0);
    expect(came).toBeGreaterThan(1);
    expect(summary).toMatchObject({ counts: { deleted: 60_000 }, left: { due: 60_000 + came * 60 } });
    expect(await left()).toHaveLength(60_000 + came * 60);
    await proxy.close();
  });
});

describe('beside bots', () => {
  test('tokens that come during the pass are not in its way; those it missed are left for the next', async () => {
    await insertDue(120_000);
    const proxy = await startStatementProxy(db.url);
    let came = 0;
    proxy.onStatement = async (_, { text }) => {
      if (!text.includes('gone as (delete from')) return;
      came++;
      await token(db, { token: `old-${came}`, expiredFor: '9d' });
      await token(db, { token: `new-${came}`, expiredFor: '1s' });
      await token(db, { token: `kept-${came}`, expiredFor: '-1h' });
    };
    const { summary } = withSummary(await startSweep(proxy, 'cleanup-tokens').done);
    await proxy.close();
    const missed = (await left()).filter((name) => !name.startsWith('kept'));
    expect(came).toBeGreaterThan(2);
    expect(summary.counts.deleted).toBe(120_000 + came * 2 - missed.length);
    // The first came before its range was deleted, the later ones behind the pass or ahead of it.
    expect(missed.length).toBeGreaterThan(0);
    expect(missed.filter((name) => name === 'old-1')).toEqual([]);
    expect(summary.stop_reason).toBe('done');
    const second = await pass();
    expect(second.summary).toMatchObject({ counts: { deleted: missed.length }, left: { due: 0 } });
    expect(await left()).toHaveLength(came);
  });
});

test('a dry run never shows a token, for whoever holds one may use it', async () => {
  await token(db, { token: 'secret-token', expiredFor: '3d' });
  const shown = await pass('--dry-run');
  expect(shown.stdout).toContain('expired at');
  expect(shown.stdout + shown.stderr + (await pass('--dry-run', '--json')).stdout).not.toContain('secret-token');
});
