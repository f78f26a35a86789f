/** A pass with nothing due, which runs 1,440 times a day, against a Node that does nothing and a script that asks alone. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { botToken } from '../test/support/bot-api.ts';
import { type ChildOptions, type ChildResult, runNode } from './child.ts';
import type { Database } from './database.ts';
import { type Figure, figuresOf, median } from './figure.ts';
import type { Stage } from './stage.ts';

const args = ['delete-due', '--quiet'];

/** What somebody would write who has nothing but `pg`. */
const pgScript = fileURLToPath(new URL('pg-script.mjs', import.meta.url));

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
  // As on the next day: the first pass that closes in it looks at how things stand.
  await db.query('delete from telesweep.daily');
  const { statements: first } = await stage.pass(db, args, { node });
  const programs = { bare: ['-e', '0'], script: [pgScript], pass: [stage.telesweep, ...args] };
  const wall = await inTurn(programs, stage.long ? 41 : 15, { node, env });
  const usage = await inTurn(programs, stage.long ? 11 : 5, { node, env, usageHook: stage.usageHook });
  const { statements } = await stage.pass(db, args, { node });

  const bare = (value: number) => ({ base: { what: 'node -e 0', value } });
  const script = { base: { what: 'a pg script', value: wall('script', 'wallMs') } };
  // From Node 22 on an empty Node starts faster, and a pass takes what it took: the target is for Node 20.
  const byBare = Number(/\d+/.exec(version)?.[0]) < 22 ? { target: { most: 3.1 } } : {};
  return [
    figure('wall', wall('pass', 'wallMs'), 'ms', { ...bare(wall('bare', 'wallMs')), ...byBare }),
    figure('wall', wall('pass', 'wallMs'), 'ms', { ...script, target: { most: 0.9 } }),
    figure('CPU', usage('pass', 'cpuMs'), 'ms', bare(usage('bare', 'cpuMs'))),
    figure('peak memory', usage('pass', 'peakMiB'), 'MiB', bare(usage('bare', 'peakMiB'))),
    figure('statements', statements.count, '', { target: { most: 4 } }),
    figure('statements of the first in a day', first.count, ''),
    figure('connections', statements.connections, '', { target: { most: 1 } }),
  ];
}

type Programs = Record<'bare' | 'script' | 'pass', readonly string[]>;

/**
 * Runs all in turn, so that whatever else the machine does meets all; the first two rounds warm up.
 * @returns what one of them cost in the middle
 */
async function inTurn(programs: Programs, times: number, options: ChildOptions) {
  const runs: Record<keyof Programs, ChildResult[]> = { bare: [], script: [], pass: [] };
  for (let i = -2; i < times; i++) {
    const round = {
      bare: await runNode(programs.bare, options),
      script: await runNode(programs.script, options),
      pass: await runNode(programs.pass, options),
    };
    if (i < 0) continue;
    runs.bare.push(round.bare);
    runs.script.push(round.script);
    runs.pass.push(round.pass);
  }
  return (who: keyof Programs, cost: 'wallMs' | 'cpuMs' | 'peakMiB') => median(runs[who].map((run) => run[cost]));
}
