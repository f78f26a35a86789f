/** A database that is there and does not do what is asked: time-outs, no connection left, rows that somebody holds. */
import pg from 'pg';
import { type Findings, nothingFound, placed } from './findings.ts';
import type { Laid, Load } from './load.ts';
import { recover } from './lost-connections.ts';
import { lastLines, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';

const tables: Record<string, string> = {
  'delete-due': 'pending_deletions',
  'delete-broadcasts': 'broadcast_messages',
  'post-guide': 'guides',
  'cleanup-tokens': 'tokens',
  'reset-counts': 'token_generator_count',
};

/** ALTER ROLE … SET statement_timeout, while somebody keeps the job's table locked from a moment on. */
export function statementTimeout(load: Load, fromStatement: number): Trial {
  return {
    part: 'PostgreSQL',
    what: 'statement_timeout of the role, met at a locked table',
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      const { db } = stage.scene;
      const laid = await stage.layOut(load, { items: 5 });
      const role = await session(stage);
      const set = (value: string) =>
        role.query(`alter role postgres in database ${db.name} set statement_timeout = ${value}`);
      await set(`'300ms'`);
      const holder = await session(stage);
      stage.proxy.onStatement = async (at) => {
        if (at !== fromStatement) return;
        found.times = 1;
        await holder.query(
          `set statement_timeout = 0; begin; lock table ${tables[load.job]} in share row exclusive mode`,
        );
      };
      const { code, stderr } = await stage.run(load.job, laid);
      const met = stderr.includes('statement timeout');
      if (met ? code !== 69 : code === null || !laid.endCodes.includes(code)) {
        found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
      }
      await holder.end();
      await set('default');
      await role.end();
      await recover(stage, load.job, laid, found);
      return placed(found, `from statement ${fromStatement}`);
    },
  };
}

/** No connection is left at the start; one is free again before the last try, or only after the pass. */
export function connectionLimit(load: Load, freed: 'in time' | 'too late'): Trial {
  return {
    part: 'PostgreSQL',
    what: `every connection taken, freed ${freed}`,
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      const laid = await stage.layOut(load, { items: 3 });
      const admin = await session(stage);
      // A role of the stage's own, and no superuser: no limit holds for those.
      const role = `sweeper_${stage.scene.db.name}`;
      const limit = (n: number) => admin.query(`alter role ${role} connection limit ${n}`);
      await admin.query(`do $$ begin create role ${role} login password 'sweeper-secret-word'; exception
        when duplicate_object then null; end $$;
        grant all on schema public, telesweep to ${role};
        grant all on all tables in schema public, telesweep to ${role}`);
      await limit(0);
      const url = new URL(stage.url);
      url.username = role;
      url.password = 'sweeper-secret-word';
      const env = { DATABASE_URL: url.href };
      const timer = freed === 'in time' ? setTimeout(() => void limit(-1), 700) : undefined;
      const { code, stderr } = await stage.run(load.job, laid, env);
      clearTimeout(timer);
      found.times = 1;
      const expected = freed === 'in time' ? laid.endCodes : [69];
      if (code === null || !expected.includes(code)) found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
      await limit(-1);
      await admin.end();
      await stage.finish(load.job, laid, found.wrong, env);
      await stage.account(load.job, laid, found);
      return found;
    },
  };
}

/** A bot reads rows `for update` and forgets to commit: all of them or one, before the pass or in the middle of it. */
export function lockedRows(load: Load, which: 'one' | 'all', fromStatement: number): Trial {
  return {
    part: 'PostgreSQL',
    what: `${which === 'one' ? 'a row' : 'every row'} locked by a reader`,
    job: load.job,
    play: (stage) => playLockedRows(stage, load, which, fromStatement),
  };
}

/** What a pass may spend on rows that it does not get. */
const longestMs = 12_000;

async function playLockedRows(stage: Stage, load: Load, which: string, fromStatement: number): Promise<Findings> {
  const found = nothingFound();
  const laid: Laid = await stage.layOut(load, { items: 4 });
  const holder = await session(stage);
  stage.proxy.onStatement = async (at) => {
    if (at !== fromStatement) return;
    found.times = 1;
    const rows = `select 1 from ${tables[load.job]} order by ctid ${which === 'one' ? 'limit 1' : ''} for update`;
    await holder.query(`begin; ${rows}`);
  };
  const since = performance.now();
  const { code, stderr } = await stage.run(load.job, laid);
  const ms = performance.now() - since;
  if (ms > longestMs) found.wrong.push(`waited ${Math.round(ms)} ms`);
  if (code === null || ![0, 1, ...laid.endCodes].includes(code)) {
    found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
  }
  await holder.end();
  await recover(stage, load.job, laid, found);
  return placed(found, `from statement ${fromStatement}`);
}

/** A session of somebody else's, as the owner of the database. */
async function session(stage: Stage): Promise<pg.Client> {
  const client = new pg.Client(stage.scene.db.url);
  await client.connect();
  return client;
}
