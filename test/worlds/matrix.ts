/**
 * `migrate` up, again, down and up in a world; the main path of every job, two passes each: the second finds nothing left and calls
 * no notice uncertain; then what the operator asks. A world that is accepted works; one that does not is refused by `migrate` or named by `doctor`.
 */
import { expect, test } from 'vitest';
import { jobs } from '../../src/jobs/index.ts';
import type { JobName } from '../../src/process/summary.ts';
import { broadcast, counter, guide, pendingDeletion, token } from '../support/rows.ts';
import type { Scene } from '../support/scene.ts';
import { goDownAndUp } from './down-and-up.ts';
import { type Stage, setUp } from './stage.ts';
import type { Ending, World } from './world.ts';

const usual: Record<JobName, Ending> = {
  'delete-due': { code: 0, counts: { records: 2, messages_deleted: 5, notices_sent: 2, notices_uncertain: 0 } },
  'delete-broadcasts': { code: 0, counts: { broadcasts: 1, messages_deleted: 2 } },
  'cleanup-tokens': { code: 0, counts: { deleted: 2, kept: 0 } },
  'reset-counts': { code: 0, counts: { deleted: 2, kept: 0 } },
  'post-guide': { code: 0, counts: { posted: 1, failed: 0, uncertain: 0 } },
};
const nothingLeft: Record<JobName, Ending> = {
  'delete-due': { code: 0, counts: { records: 0, messages_deleted: 0, notices_sent: 0, notices_uncertain: 0 } },
  'delete-broadcasts': { code: 0, counts: { broadcasts: 0, messages_deleted: 0 } },
  'cleanup-tokens': { code: 0, counts: { deleted: 0, kept: 0 } },
  'reset-counts': { code: 0, counts: { deleted: 0, kept: 0 } },
  'post-guide': { code: 0, counts: { posted: 0, already_posted: 1, uncertain: 0 } },
};

/** Each world is a test of its own, some of them at once. */
export function testWorlds(worlds: readonly World[]): void {
  for (const world of worlds) {
    test.concurrent(world.name, { timeout: 120_000 }, async () => {
      const stage = await setUp(world);
      try {
        await play(world, stage);
      } finally {
        await stage.close();
      }
    });
  }
}

async function play(world: World, { scene, env, near }: Stage): Promise<void> {
  const run = (...args: string[]) => scene.run(args, env);
  if (world.tables !== undefined) await scene.db.query(`${setPath(env)}${world.tables}`);
  const migrated = await scene.run(['migrate'], near);
  if (world.refused !== undefined) {
    expect(migrated, migrated.stderr).toMatchObject({ code: 78, stderr: expect.stringMatching(world.refused) });
    return;
  }
  expect(migrated, migrated.stderr).toMatchObject({ code: 0 });
  if (world.after !== undefined) await scene.db.query(`${setPath(env)}${world.after}`);
  const left = await layOut(scene, setPath(env));
  if (world.rows !== undefined) await scene.db.query(`${setPath(env)}${world.rows}`);
  await goDownAndUp(scene.db, near.DATABASE_URL ?? '', setPath(env), world.schema);
  if (world.meanwhile !== undefined) await scene.db.query(world.meanwhile);

  for (const pass of ['first', 'second'] as const) {
    const endings = await Promise.all(jobs.map(async ({ name }) => ({ name, ...(await run(name)) })));
    for (const { name, code, summary, stderr } of endings) {
      const ending = world.ends?.[name]?.[pass] ?? (pass === 'first' ? usual : nothingLeft)[name];
      if (ending === undefined) throw new Error(`nothing is expected of ${name}`);
      const told = `${pass} pass of ${name}: ${stderr}`;
      expect({ code }, told).toEqual({ code: ending.code });
      if (ending.counts !== undefined) expect(summary?.counts, told).toMatchObject(ending.counts);
      if (ending.code <= 1) expect(summary?.left, told).toMatchObject({ due: ending.due ?? 0 });
      if (ending.says !== undefined) expect(stderr).toMatch(ending.says);
    }
  }
  expect(await left()).toEqual(world.stay ?? []);
  const works = world.ends === undefined;
  // Each reader was told once, whatever became of the rows.
  if (works) for (const chat of [11, 12, -100]) expect(scene.api.sent(chat)).toHaveLength(1);
  else for (const chat of [11, 12, -100]) expect(scene.api.sent(chat).length).toBeLessThanOrEqual(1);

  const asked = [['status'], ['failed', 'list'], ['guides', 'list'], ['stats'], ['doctor']];
  const answers = await Promise.all(asked.map(async (args) => ({ args, ...(await run(...args, '--json')) })));
  for (const { args, code, stdout, stderr } of answers) {
    expect(works && args[0] !== 'doctor' ? [0] : [0, 1], `${args.join(' ')}: ${stdout}${stderr}`).toContain(code);
    expect(stdout).not.toMatch(/a defect of telesweep|Invalid Date|NaN/);
    if (args[0] === 'status') {
      const { now }: { now: string } = JSON.parse(stdout);
      expect(Math.abs(Date.parse(now) - Date.now())).toBeLessThan(60_000);
    }
    if (args[0] === 'doctor' && world.doctor !== undefined) expect(stdout).toMatch(world.doctor);
    if (args[0] === 'doctor' && works) expect(faultsOf(stdout)).toEqual([]);
  }
}

/** The test's own sessions go by the path of the address. */
function setPath({ DATABASE_URL: address = '' }: Record<string, string>): string {
  const path = /search_path=(\S+)/.exec(new URL(address).searchParams.get('options') ?? '')?.[1];
  return path === undefined ? '' : `set search_path = ${path};`;
}

function faultsOf(stdout: string): string[] {
  const { findings }: { findings: { level: string; check: string; text: string }[] } = JSON.parse(stdout);
  return findings.filter(({ level }) => level === 'fault').map(({ check, text }) => `${check}: ${text}`);
}

/** @returns what tells which tables still hold due rows */
async function layOut(scene: Scene, path: string): Promise<() => Promise<string[]>> {
  const db = { query: scene.db.query.bind(scene.db) };
  if (path !== '') await db.query(`${path} alter database ${scene.db.name} ${path}`);
  for (const [chat, ids] of [
    [11, [1, 2, 3]],
    [12, [1, 2]],
    [13, [5]],
    [14, [6]],
  ] as const)
    scene.api.addMessages(chat, ids);
  scene.api.addChat({ id: -100, type: 'channel' });
  await pendingDeletion(db, { chatId: 11, messageIds: [1, 2, 3] });
  await pendingDeletion(db, { chatId: 12, messageIds: [1, 2] });
  await broadcast(db, {
    messages: [
      { chatId: 13, messageId: 5 },
      { chatId: 14, messageId: 6 },
    ],
  });
  for (const name of ['used-1', 'used-2']) await token(db, { token: name });
  await token(db, { token: 'unused', status: 'not_used' });
  for (const userId of [11, 12]) await counter(db, { userId });
  await counter(db, { userId: 11, daysAgo: -1 });
  await guide(db);
  return async () => {
    const rows = await db.query<{ name: string }>(`
      select 'pending_deletions' as name from pending_deletions union select 'broadcasts' from broadcasts
      union select 'broadcast_messages' from broadcast_messages union select 'tokens' from tokens where token <> 'unused'
      union select 'token_generator_count' from token_generator_count where date < current_date order by 1`);
    return rows.map(({ name }) => name);
  };
}
