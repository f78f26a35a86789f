/** Hosts whose clock is wrong: time is the database's. */
import { fileURLToPath } from 'node:url';
import { nothingFound, placed } from './findings.ts';
import type { Load } from './load.ts';
import { lastLines } from './stage.ts';
import type { Trial } from './trial.ts';

const preload = fileURLToPath(new URL('shift-clock.cjs', import.meta.url));

function clockEnv(hours: number): Record<string, string> {
  return { NODE_OPTIONS: `--require ${JSON.stringify(preload)}`, TEST_CLOCK_SHIFT_MS: String(hours * 3_600_000) };
}

/** The wrong host does its work, and writes down when by the database's clock. */
export function wrongClock(load: Load, hours: number): Trial {
  return {
    part: 'operators',
    what: "a host's clock an hour wrong, either way",
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      const laid = await stage.layOut(load, { items: 3 });
      const { code, stderr } = await stage.start(load.job, laid, clockEnv(hours)).done;
      found.times = 1;
      if (code !== laid.firstCode) found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
      const [run] = await stage.scene.db.query<{ away: number }>(
        `select greatest(abs(extract(epoch from now() - started_at)), abs(extract(epoch from now() - finished_at)))::float8
         as away from telesweep.runs`,
      );
      if (run === undefined || run.away > 60) found.wrong.push(`the run record is ${run?.away} s away`);
      await stage.finish(load.job, laid, found.wrong, clockEnv(-hours));
      await stage.account(load.job, laid, found);
      return placed(found, `${hours} h`);
    },
  };
}

/** A wrong host takes no living lease, however late it believes that it is. */
export function wrongClockMeetsHolder(load: Load, hours: number): Trial {
  return {
    part: 'operators',
    what: 'a host with a wrong clock meets one at work',
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      const laid = await stage.layOut(load, { items: 3 });
      let release = (): void => {};
      const until = new Promise<void>((resolve) => {
        release = resolve;
      });
      const working = new Promise<void>((resolve) => {
        stage.scene.api.onCall = () => {
          resolve();
          return until;
        };
      });
      const first = stage.start(load.job, laid);
      await working;
      const { code, summary, stderr } = await stage.start(load.job, laid, clockEnv(hours)).done;
      found.times = 1;
      if (code !== 0 || summary?.stop_reason !== 'busy') found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
      release();
      stage.release();
      await first.done;
      await stage.finish(load.job, laid, found.wrong);
      await stage.account(load.job, laid, found);
      return placed(found, `${hours} h`);
    },
  };
}
