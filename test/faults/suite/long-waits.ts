/** Waits that Telegram asks for, and a Telegram that is away for an hour. Time is a value here: the database's clock moves. */
import { type Findings, nothingFound, placed } from './findings.ts';
import type { Laid, Load } from './load.ts';
import { lastLines, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';

/** Far from midnight, so that no slot ends on the way. */
const noon = '2026-05-06T12:00:00Z';
const minute = 60;

/** Moves the database's clock to so many seconds after noon. */
function setClock(stage: Stage, seconds: number): Promise<void> {
  return stage.scene.db.setClock(new Date(Date.parse(noon) + seconds * 1000).toISOString());
}

/** `retry_after` at some call: a short one is waited for, a long one is stored and every pass leaves until it is over. */
export function flood(load: Load, seconds: number, nth: number): Trial {
  return {
    part: 'Telegram',
    what: `429 with waits of 1 to 100,000 s`,
    job: load.job,
    async play(stage) {
      await setClock(stage, 0);
      try {
        return placed(await playFlood(stage, load, seconds, nth), `${seconds} s at call ${nth}`);
      } finally {
        await stage.scene.db.setClock('0 seconds');
      }
    },
  };
}

async function playFlood(stage: Stage, load: Load, seconds: number, nth: number): Promise<Findings> {
  const found = nothingFound();
  const { api } = stage.scene;
  const laid = await stage.layOut(load, { items: 5 });
  api.fault({ kind: 'retry_after', seconds, pausesAll: true, nth });
  found.times = 1;
  const first = await stage.run(load.job, laid);
  if (seconds > 60) {
    // Left at once, and so does every later pass, without a call.
    if (first.code !== 75 || first.summary?.stop_reason !== 'cooldown') {
      found.wrong.push(`ended with ${first.code}: ${lastLines(first.stderr)}`);
    }
    const calls = api.callCount;
    for (const share of [0, 0.5, 0.98]) {
      await setClock(stage, Math.floor(seconds * share));
      const { code, stderr } = await stage.run(load.job, laid);
      if (code !== 75) found.wrong.push(`a pass in the pause ended with ${code}: ${lastLines(stderr)}`);
    }
    if (api.callCount > calls) found.wrong.push(`${api.callCount - calls} calls during the pause`);
    await setClock(stage, seconds + minute);
    api.endFlood();
  } else if (first.code === null || !laid.endCodes.includes(first.code)) {
    found.wrong.push(`ended with ${first.code}: ${lastLines(first.stderr)}`);
  }
  await stage.finish(load.job, laid, found.wrong);
  await stage.account(load.job, laid, found);
  if (found.uncertain > 0) found.wrong.push(`${found.uncertain} uncertain, though a 429 proves that nothing was sent`);
  return found;
}

/** Telegram refuses one call of two for a while: the pass gets through all the same. */
export function storm(load: Load): Trial {
  return {
    part: 'Telegram',
    what: 'a storm of 429: every other call',
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      const { api } = stage.scene;
      const laid = await stage.layOut(load, { items: 4 });
      let calls = 0;
      api.fault({ kind: 'retry_after', seconds: 1, times: 6, when: () => ++calls % 2 === 1 });
      const { code, stderr, summary } = await stage.run(load.job, laid);
      if (code === null || !laid.endCodes.includes(code)) found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
      found.times = summary?.telegram.rate_limited ?? 0;
      await stage.finish(load.job, laid, found.wrong);
      await stage.account(load.job, laid, found);
      if (found.uncertain > 0) found.wrong.push(`${found.uncertain} uncertain`);
      return found;
    },
  };
}

export type Away = 'refused' | 'dropped' | '502';

/** Telegram is away for an hour, with a pass every five minutes. */
export function outage(load: Load, away: Away, fromCall: number): Trial {
  return {
    part: 'Telegram',
    what: 'away for an hour',
    job: load.job,
    async play(stage) {
      await setClock(stage, 0);
      try {
        return placed(await playAway(stage, load, away, fromCall), `${away} from call ${fromCall} on`);
      } finally {
        await stage.scene.db.setClock('0 seconds');
      }
    },
  };
}

async function playAway(stage: Stage, load: Load, away: Away, fromCall: number): Promise<Findings> {
  const found = nothingFound();
  const { api } = stage.scene;
  const laid = await stage.layOut(load, { items: 4 });
  const always = { nth: fromCall, times: Number.POSITIVE_INFINITY };
  if (away === 'dropped') api.fault({ kind: 'drop_before', ...always });
  if (away === '502') api.fault({ kind: '5xx_before', body: 'html', ...always });
  const env: Record<string, string> = away === 'refused' ? { TELEGRAM_API_ROOT: 'http://127.0.0.1:9' } : {};
  for (let minutes = 0; minutes < 60; minutes += 5) {
    await setClock(stage, minutes * minute);
    const { code, stderr } = await stage.run(load.job, laid, env);
    found.times++;
    if (code === null || ![0, 1, 69].includes(code)) found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
    // A post that may have arrived is no failure: nothing of it is left to do.
    if (minutes === 0 && code === 0 && load.job !== 'post-guide')
      found.wrong.push('the first pass of the outage ended with 0');
    await checkWaits(stage, found);
  }
  api.clearFaults();
  await passUntilDone(stage, load, laid, found);
  await stage.account(load.job, laid, found);
  return found;
}

/** Items wait half an hour at most, and none is given up: only what was past 48 hours, which no call could save. */
async function checkWaits({ scene: { db } }: Stage, found: Findings): Promise<void> {
  const [row] = await db.query<{ given_up: number; longest: number }>(`
    select count(*) filter (where failure <> 'too_old')::int as given_up,
           coalesce(max(extract(epoch from next_attempt_at - now())), 0)::float8 as longest
    from (select failure, next_attempt_at from pending_deletions
          union all select failure, next_attempt_at from broadcast_messages) as items`);
  if (row === undefined) throw new Error('the count returned no row');
  if (row.given_up > 0) found.wrong.push(`${row.given_up} items were given up during the outage`);
  if (row.longest > 30 * minute) found.wrong.push(`an item waits ${row.longest} s`);
}

/** After the hour, every five minutes, within the longest wait and a bit. */
async function passUntilDone(stage: Stage, load: Load, laid: Laid, found: Findings): Promise<void> {
  for (let minutes = 60; minutes <= 100; minutes += 5) {
    await setClock(stage, minutes * minute);
    await stage.scene.db.query("update telesweep.leases set expires_at = now() - interval '1 s'");
    const { code, summary, stderr } = await stage.run(load.job, laid);
    if (code === null || ![0, ...laid.endCodes].includes(code)) {
      found.wrong.push(`after the outage: ${code}: ${lastLines(stderr)}`);
      return;
    }
    const waiting = await waits(stage);
    if (summary !== undefined && summary.left.due <= laid.staysDue && waiting === 0) return;
  }
  found.wrong.push('40 minutes after the outage something is still due');
}

async function waits({ scene: { db } }: Stage): Promise<number> {
  const [row] = await db.query<{ n: number }>(`
    select (select count(*) from pending_deletions where next_attempt_at is not null)::int
         + (select count(*) from broadcast_messages where next_attempt_at is not null)::int as n`);
  return row?.n ?? 0;
}
