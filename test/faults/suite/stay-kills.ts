/** `delete-due --stay` beside a broadcast of the same token: killed at work or at rest, and taken over by the next one. */
import { Random } from '../../support/demo/random.ts';
import type { Started } from '../../support/run.ts';
import { type Findings, nothingFound, placed } from './findings.ts';
import { count } from './load.ts';
import { deleteBroadcastsLoad } from './loads/delete-broadcasts.ts';
import { deleteDueLoad } from './loads/delete-due.ts';
import { lastLines, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';

export function stayKill(seed: number): Trial {
  return {
    part: 'kills',
    what: '`--stay` for records due one a second beside a broadcast: killed and taken over, twice',
    job: 'both deletions',
    play: (stage) => playStay(stage, seed),
  };
}

/** Longer than the last record takes to become due. */
const stay = ['--stay', '7s'];

async function playStay(stage: Stage, seed: number): Promise<Findings> {
  const found = nothingFound();
  const random = new Random(seed);
  const { db } = stage.scene;
  const due = await stage.layOut(deleteDueLoad, { items: 6 });
  const broadcast = await deleteBroadcastsLoad.layOut(stage.scene, { items: 30 });
  await db.query(`
    update pending_deletions as p set delete_at = now() + n * interval '1 second'
    from (select id, row_number() over (order by id) - 1 as n from pending_deletions
          where delete_at <= now() and created_at > now() - interval '2 days') as d
    where d.id = p.id`);
  let open = 0;
  for (let death = 1; death <= 2; death++) {
    await stage.waitsEnd();
    const passes = [
      stage.start('delete-due', due, {}, stay),
      stage.start('delete-broadcasts', broadcast, { TELEGRAM_RATE: '25' }),
    ];
    dieSomewhere(stage, passes, random);
    const results = await Promise.all(passes.map(({ done }) => done));
    stage.release();
    await stage.sessionsEnd();
    found.times += results.filter(({ signal }) => signal === 'SIGKILL').length;
    if (results[0]?.signal !== 'SIGKILL') found.wrong.push(`the one that stays ended before its kill ${death}`);
    open += await due.openIntents();
  }
  await stage.waitsEnd();
  // The last one takes over and has to do all that is left by itself.
  const { code, summary, stderr } = await stage.start('delete-due', due, {}, stay).done;
  if (summary?.stop_reason !== 'done' || code === null || !due.endCodes.includes(code)) {
    found.wrong.push(`the one that took over ended with ${code}: ${lastLines(stderr)}`);
  }
  const left = await count(
    stage.scene,
    'pending_deletions where delete_at <= now() and failed_at is null and next_attempt_at is null',
  );
  if (left > 0) found.lost.push(`${left} records that became due in the stay are left`);
  await stage.finish('delete-broadcasts', broadcast, found.wrong);
  await stage.finish('delete-due', due, found.wrong);
  await stage.account('delete-broadcasts', broadcast, found);
  await stage.account('delete-due', due, found);
  if (found.uncertain > open) found.wrong.push(`${found.uncertain} uncertain, where ${open} sends were under way`);
  return placed(found, `stay ${seed}`);
}

/** At a moment from the first statement on, most of which finds the one that stays at rest, or at a call of its kind. */
function dieSomewhere({ proxy, scene: { api } }: Stage, passes: readonly Started[], random: Random): void {
  const [staying, other] = passes;
  const sendToDieAt = random.int(0, 2);
  const afterMs = random.int(150, 2_200);
  const otherAfterMs = random.int(150, 1_000);
  let sends = 0;
  let timed = false;
  proxy.onStatement = () => {
    if (timed) return;
    timed = true;
    setTimeout(() => other?.child.kill('SIGKILL'), otherAfterMs);
    // Beside a death at a send, one for a pass that makes none so soon.
    setTimeout(() => staying?.child.kill('SIGKILL'), sendToDieAt === 0 ? afterMs : 2_500);
  };
  if (sendToDieAt === 0) return;
  api.onDone = async (call) => {
    if (call.method === 'sendMessage' && ++sends === sendToDieAt && staying?.child.kill('SIGKILL')) await staying.done;
  };
}
