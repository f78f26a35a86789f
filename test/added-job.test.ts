/** "Adding a job is one file and one line": the program with one job more in its list, and nothing else changed. */
import { PassThrough, Readable } from 'node:stream';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../src/cli/main.ts';
import type { Job } from '../src/job/job.ts';
import { jobs } from '../src/jobs/index.ts';
import { createScene, type Scene } from './support/scene.ts';

/** What the file of a new job would hold. It sweeps a table that no other job knows. */
const sweepDrafts: Job<{ drafts: number }> = {
  name: 'sweep-drafts',
  summary: 'delete drafts that nobody sent',
  token: null,
  requires: [],
  counts: { drafts: 0 },
  cron: () => '30 3 * * *',
  maxRuntime: '20m',
  force: 'delete drafts of today as well',
  mark: '📝',
  due: (_, { force }) => ({ text: 'exists (select from drafts where old or $1::boolean)', values: [force] }),
  backlog: () => ({
    text: 'select count(*)::int as due, case when count(*) > 0 then 90 else 0 end as oldest_due_seconds from drafts where old',
    values: [],
  }),
  message: ({ drafts }) => `Deleted ${drafts} drafts`,
  async run({ db, counts, force }) {
    const { numAffectedRows } = await sql`delete from drafts where old or ${force}::boolean`.execute(db);
    counts.drafts += Number(numAffectedRows);
    return { failed: 0, succeeded: counts.drafts };
  },
  async plan({ counts }) {
    counts.drafts = 2;
    return { calls: 0, sample: { columns: ['draft'], rows: [['a'], ['b']] } };
  },
};

let scene: Scene;
beforeAll(async () => {
  scene = await createScene();
  await scene.db.query(`create table drafts (old boolean); insert into drafts values (true), (true), (false)`);
});
afterAll(() => scene.close());

/** Runs the program as `bin/` does, with the longer list. */
async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const told = { stdout: '', stderr: '' };
  const streamTo = (name: keyof typeof told): PassThrough =>
    new PassThrough().on('data', (chunk) => {
      told[name] += chunk;
    });
  const [stdout, stderr] = [streamTo('stdout'), streamTo('stderr')];
  const world = {
    argv,
    env: scene.env,
    stdout,
    stderr,
    stdin: Readable.from([]),
    signal: new AbortController().signal,
  };
  const code = await main(world, [...jobs, sweepDrafts]);
  scene.note(argv.join(' '), told.stdout + told.stderr);
  return { code, ...told };
}

test('it stands in the help, with the flags of a job and its own', async () => {
  const all = await run('--help');
  expect(all.stdout).toMatch(/^ {2}sweep-drafts .*delete drafts that nobody sent$/m);
  const { code, stdout } = await run('sweep-drafts', '--help');
  expect(code).toBe(0);
  for (const flag of ['--dry-run', '--limit', '--env-file', '--json']) expect(stdout).toContain(flag);
  expect(stdout).toMatch(/--force +delete drafts of today as well/);
  expect(stdout).not.toContain('--stay');
  expect((await run('sweep-drafts', '--stay', '5s')).code).toBe(64);
});

test('status and doctor tell of it before it ran, and after', async () => {
  const before = JSON.parse((await run('status', '--job', 'sweep-drafts', '--json')).stdout);
  expect(before.jobs).toMatchObject([
    { job: 'sweep-drafts', last_run: null, schedule: '30 3 * * *', backlog: { due: 2, oldest_due_seconds: 90 } },
  ]);
  expect((await run('doctor', '--job', 'sweep-drafts')).stdout).toContain(
    'sweep-drafts: it never ran; expected at `30 3 * * *`',
  );

  const plan = await run('sweep-drafts', '--dry-run');
  expect(plan.stdout).toMatch(/^sweep-drafts: a pass now would do this.*\n {2}drafts +2\n/);
  const { code, stdout } = await run('sweep-drafts', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    job: 'sweep-drafts',
    outcome: 'ok',
    counts: { drafts: 2 },
    left: { due: 0, oldest_due_seconds: 0 },
  });

  const after = JSON.parse((await run('status', '--json')).stdout);
  expect(after.jobs.map(({ job }: { job: string }) => job)).toEqual([...jobs.map(({ name }) => name), 'sweep-drafts']);
  expect(after.jobs.at(-1)).toMatchObject({
    last_run: { outcome: 'ok', message: 'Deleted 2 drafts', counts: { drafts: 2 } },
    backlog: { due: 0 },
  });
  const { findings } = JSON.parse((await run('doctor', '--json')).stdout);
  expect(findings).toContainEqual(expect.objectContaining({ check: 'sweep-drafts', level: 'fine' }));
});

test('its lease keeps a second pass away, and its flag is its own', async () => {
  await scene.db.query(`insert into telesweep.leases (job, run_id, holder, acquired_at, expires_at)
    values ('sweep-drafts', gen_random_uuid(), 'somebody', now(), now() + interval '30 seconds')`);
  const busy = await run('sweep-drafts', '--json');
  expect([busy.code, JSON.parse(busy.stdout).stop_reason]).toEqual([0, 'busy']);
  await scene.db.query(`delete from telesweep.leases`);
  expect(JSON.parse((await run('sweep-drafts', '--json')).stdout).counts).toEqual({ drafts: 0 });
  expect(JSON.parse((await run('sweep-drafts', '--force', '--json')).stdout).counts).toEqual({ drafts: 1 });
});

test('it has its line in a crontab, its units and its manifest', async () => {
  const { stdout } = await run('schedule', 'crontab', '--job', 'sweep-drafts');
  expect(stdout).toMatch(/^30 3 \* \* \* {2}telesweep sweep-drafts --max-runtime 20m /m);
  const files = async (...args: string[]): Promise<string[]> =>
    JSON.parse((await run('schedule', ...args, '--json')).stdout).files.map(({ name }: { name: string }) => name);
  expect(await files('systemd')).toContain('telesweep-sweep-drafts.timer');
  expect(await files('kubernetes', '--image', 'x')).toContain('telesweep-sweep-drafts.yaml');
});
