/** A pass with nothing due, which runs 1,440 times a day, against a Node that does nothing. */
import { spawnSync } from 'node:child_process';
import { botToken } from '../test/support/bot-api.ts';
import { type ChildOptions, type ChildResult, runNode } from './child.ts';
import type { Database } from './database.ts';
import { type Figure, figuresOf, median } from './figure.ts';
import type { Stage } from './stage.ts';

const args = ['delete-due', '--quiet'];

/** `NODE24` names the binary of another Node to measure as well. */
export async function measureIdlePass(stage: Stage): Promise<Figure[]> {
  const db = await stage.server.create('idle_pass');
  await db.query(`
    insert into pending_deletions (user_id, chat_id, message_ids, unique_id, delete_at)
    select i, i, array[1, 2, 3], 'file_' || i, now() + interval '1 day' from generate_series(1, 1000) as i`);
  const other = process.env.NODE24;
  const nodes = [process.execPath, ...(other === undefined || other === '' ? [] : [other])];
  const figures: Figure[] = [];
  for (const node of nodes) figures.push(...(await measureOn(stage, db, node)));
  await db.drop();
  return figures;
}

async function measureOn(stage: Stage, db: Database, node: string): Promise<Figure[]> {
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const figure = figuresOf(`idle pass, Node ${version.slice(1)}`);
  const env = { DATABASE_URL: db.url, TELEGRAM_BOT_TOKEN: botToken };
  const bare = (options: ChildOptions = {}) => runNode(['-e', '0'], { node, ...options });
  const pass = (options: ChildOptions = {}) => runNode([stage.telesweep, ...args], { node, env, ...options });

  const wall = await compare(stage.long ? 41 : 15, bare, pass);
  const { usageHook } = stage;
  const usage = await compare(
    stage.long ? 11 : 5,
    () => bare({ usageHook }),
    () => pass({ usageHook }),
  );
  const { statements } = await stage.pass(db, args, { node });

  const of = (runs: readonly ChildResult[], key: 'wallMs' | 'cpuMs' | 'peakMiB') => median(runs.map((run) => run[key]));
  const bareNode = (runs: readonly ChildResult[], key: 'wallMs' | 'cpuMs' | 'peakMiB') => ({
    what: 'node -e 0',
    value: of(runs, key),
  });
  // From Node 22 on an empty Node starts faster, and a pass takes what it took.
  const most = Number(/\d+/.exec(version)?.[0]) < 22 ? 1.6 : 2.2;
  return [
    figure('wall', of(wall.subject, 'wallMs'), 'ms', { base: bareNode(wall.base, 'wallMs'), target: { most } }),
    figure('CPU', of(usage.subject, 'cpuMs'), 'ms', { base: bareNode(usage.base, 'cpuMs') }),
    figure('peak memory', of(usage.subject, 'peakMiB'), 'MiB', { base: bareNode(usage.base, 'peakMiB') }),
    figure('statements', statements.count, '', { target: { most: 4 } }),
    figure('connections', statements.connections, '', { target: { most: 1 } }),
  ];
}

/** Runs both in turn, so that whatever else the machine does meets both; the first two warm up. */
async function compare(times: number, base: () => Promise<ChildResult>, subject: () => Promise<ChildResult>) {
  const runs: { base: ChildResult[]; subject: ChildResult[] } = { base: [], subject: [] };
  for (let i = -2; i < times; i++) {
    const pair = { base: await base(), subject: await subject() };
    if (i < 0) continue;
    runs.base.push(pair.base);
    runs.subject.push(pair.subject);
  }
  return runs;
}
