/** Kills where the engine is at its busiest: a database far away, a reader who is owed many notices, two jobs beside a trickle. */
import { type DelayProxy, startDelayProxy } from '../../support/delay-proxy.ts';
import { Random } from '../../support/demo/random.ts';
import type { Started } from '../../support/run.ts';
import { type Findings, nothingFound, placed } from './findings.ts';
import { randomSeed, seedOf } from './kill-seed.ts';
import { killVariant, type Variant } from './kills.ts';
import type { Laid, Load } from './load.ts';
import { deleteBroadcastsLoad } from './loads/delete-broadcasts.ts';
import { busyChatLoad, deleteDueLoad } from './loads/delete-due.ts';
import type { Stage } from './stage.ts';
import type { Trial } from './trial.ts';

const roundTripMs = 50;

/** Kills of passes whose database is 50 ms away. */
export function farKills(load: Load, random: Random): Trial[] {
  const seeds = [
    seedOf(load, 'answered statement', random.int(2, 7)),
    ...(load.callsTelegram ? [seedOf(load, 'done call', random.int(1, 8))] : []),
    randomSeed(load, random),
  ];
  return seeds.map((seed) => farAway(killVariant(seed, `the database ${roundTripMs} ms away`, throughDelay)));
}

/** Kills of passes that owe one reader several notices. */
export function busyChatKills(random: Random): Trial[] {
  const seeds = [
    seedOf(deleteDueLoad, 'call', random.int(4, 12)),
    seedOf(deleteDueLoad, 'answered statement', random.int(3, 9)),
    randomSeed(deleteDueLoad, random),
  ];
  return seeds.map((seed) => killVariant(seed, 'one reader is owed several notices', () => busyChatLoad));
}

/** One line for each stage: kept while its trial plays. */
const lines = new WeakMap<Stage, DelayProxy>();

function farAway(trial: Trial): Trial {
  return {
    ...trial,
    async play(stage) {
      const line = await startDelayProxy(stage.proxy.url, roundTripMs);
      lines.set(stage, line);
      try {
        return await trial.play(stage);
      } finally {
        await line.close();
      }
    },
  };
}

const throughDelay: Variant = (load, stage) => ({
  ...load,
  async layOut(scene, options) {
    const laid = await load.layOut(scene, options);
    return withEnv(laid, { DATABASE_URL: lines.get(stage)?.url ?? '' });
  },
});

function withEnv(laid: Laid, env: Record<string, string>): Laid {
  const { staysDue, firstCode, endCodes } = laid;
  return {
    staysDue,
    firstCode,
    endCodes,
    env: { ...laid.env, ...env },
    openIntents: () => laid.openIntents(),
    account: (options) => laid.account(options),
  };
}

/** `delete-due --stay` while records become due one by one, beside a broadcast, each killed at a call of its own. */
export function trickleKills(seed: number): Trial {
  return {
    part: 'kills',
    what: 'two jobs of a token at once, one of them staying for a trickle, each killed at a call',
    job: 'both deletions',
    play: (stage) => playTrickle(stage, new Random(seed)),
  };
}

async function playTrickle(stage: Stage, random: Random): Promise<Findings> {
  const found = nothingFound();
  const { api, db } = stage.scene;
  const due = await stage.layOut(deleteDueLoad, { items: 6 });
  const broadcast = await deleteBroadcastsLoad.layOut(stage.scene, { items: 8 });
  await db.query(
    `update pending_deletions set delete_at = now() + id % 4 * interval '400 ms' where delete_at <= now() and created_at > now() - interval '2 days'`,
  );
  const passes: [Started, number][] = [
    [stage.start('delete-due', due, {}, ['--stay', '2s']), random.int(1, 9)],
    [stage.start('delete-broadcasts', broadcast), random.int(1, 6)],
  ];
  let calls = 0;
  api.onDone = async () => {
    calls++;
    for (const [pass, at] of passes) {
      if (calls !== at || !pass.child.kill('SIGKILL')) continue;
      found.times++;
      await pass.done;
    }
  };
  await Promise.all(passes.map(([pass]) => pass.done));
  stage.release();
  await stage.sessionsEnd();
  const open = await due.openIntents();
  await db.query("update pending_deletions set delete_at = now() where delete_at < now() + interval '1 minute'");
  await stage.finish('delete-broadcasts', broadcast, found.wrong);
  await stage.finish('delete-due', due, found.wrong);
  await stage.account('delete-broadcasts', broadcast, found);
  await stage.account('delete-due', due, found);
  if (found.uncertain > open) found.wrong.push(`${found.uncertain} uncertain, where ${open} sends were under way`);
  return placed(found, `killed at calls ${passes.map(([, at]) => at).join(' and ')}`);
}
