import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeMetrics } from '../../src/output/metrics.ts';
import { pushMetrics } from '../../src/output/metrics-push.ts';
import { asOrdinaryUser } from '../support/ordinary-user.ts';
import { readExposition } from './exposition.ts';
import { deadUrl, startServer } from './http-server.ts';
import { failedSample, sampleOf } from './sample.ts';

const label = '{sweep_job="delete-due"}';
const start = Date.parse('2026-01-02T03:04:05Z') / 1000;

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'telesweep metrics '));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function readSamples(dir: string, job = 'delete-due'): Promise<Map<string, number>> {
  return readExposition(await readFile(join(dir, `telesweep_${job}.prom`), 'utf8'));
}

const toFile = (dir: string) => ({ dir, pushgatewayUrl: null });
const toGateway = (pushgatewayUrl: string) => ({ dir: null, pushgatewayUrl });

describe('the textfile', () => {
  it('holds what the pass did, in the format and for any reader, and no draft stays behind', async () => {
    const dir = await makeDir();
    const mask = process.umask(0o077);
    onTestFinished(() => {
      process.umask(mask);
    });
    const pausedUntil = new Date('2026-01-02T05:00:00Z');
    expect(await writeMetrics(toFile(dir), sampleOf({ pausedUntil }))).toEqual([]);
    expect(await readdir(dir)).toEqual(['telesweep_delete-due.prom']);
    expect((await stat(join(dir, 'telesweep_delete-due.prom'))).mode & 0o777).toBe(0o644);
    expect(Object.fromEntries(await readSamples(dir))).toEqual({
      [`telesweep_last_success_timestamp_seconds${label}`]: start + 0.812,
      [`telesweep_last_completion_timestamp_seconds${label}`]: start + 0.812,
      [`telesweep_last_duration_seconds${label}`]: 0.812,
      [`telesweep_last_exit_code${label}`]: 0,
      [`telesweep_last_api_calls${label}`]: 7,
      [`telesweep_last_rate_limited_calls${label}`]: 1,
      'telesweep_last_items{sweep_job="delete-due",result="records"}': 3,
      'telesweep_last_items{sweep_job="delete-due",result="messages_deleted"}': 15,
      [`telesweep_backlog_items${label}`]: 2,
      [`telesweep_backlog_oldest_age_seconds${label}`]: 65,
      [`telesweep_budget_paused_until_timestamp_seconds${label}`]: Date.parse('2026-01-02T05:00:00Z') / 1000,
      [`telesweep_near_deadline_items${label}`]: 4,
    });
  });

  it('keeps the last success and the backlog through a pass that broke off', async () => {
    const dir = await makeDir();
    await writeMetrics(toFile(dir), sampleOf());
    const before = await readSamples(dir);
    await writeMetrics(toFile(dir), failedSample());
    await writeMetrics(toFile(dir), failedSample());
    const after = await readSamples(dir);
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    expect(after.get(`telesweep_last_success_timestamp_seconds${label}`)).toBe(start + 0.812);
    expect(after.get(`telesweep_last_completion_timestamp_seconds${label}`)).toBeGreaterThan(start + 3000);
    expect(after.get(`telesweep_last_exit_code${label}`)).toBe(69);
    expect(after.get(`telesweep_backlog_items${label}`)).toBe(2);
    expect(after.get(`telesweep_near_deadline_items${label}`)).toBe(4);
  });

  it('claims no success before the first one', async () => {
    const dir = await makeDir();
    await writeMetrics(toFile(dir), failedSample());
    expect([...(await readSamples(dir)).keys()].filter((key) => key.includes('success'))).toEqual([]);
  });

  it.each([
    [1, false],
    [75, false],
    [0, true],
  ])('of a pass that exited %d moves the last success: %s', async (exitCode, moves) => {
    const dir = await makeDir();
    await writeMetrics(toFile(dir), sampleOf({ exitCode }));
    expect((await readSamples(dir)).has(`telesweep_last_success_timestamp_seconds${label}`)).toBe(moves);
  });

  it('says 0 for a pause that is over', async () => {
    const dir = await makeDir();
    await writeMetrics(toFile(dir), sampleOf({ pausedUntil: new Date() }));
    await writeMetrics(toFile(dir), sampleOf());
    expect((await readSamples(dir)).get(`telesweep_budget_paused_until_timestamp_seconds${label}`)).toBe(0);
  });

  it('counts guides and never back, and keeps the count where it was not read', async () => {
    const dir = await makeDir();
    const write = (guidesPosted: Record<string, number> | null) =>
      writeMetrics(toFile(dir), sampleOf({ summary: { job: 'post-guide' }, guidesPosted }));
    const counts = async () =>
      [...(await readSamples(dir, 'post-guide'))].filter(([key]) => key.startsWith('guides_posts_total'));
    const key = (status: string) => `guides_posts_total{sweep_job="post-guide",status="${status}"}`;

    await write({ posted: 10, failed: 2 });
    await write({ posted: 9, failed: 3 });
    expect(await counts()).toEqual([
      [key('posted'), 10],
      [key('failed'), 3],
    ]);
    await write(null);
    await write({ uncertain: 1 });
    expect(new Map(await counts())).toEqual(
      new Map([
        [key('posted'), 10],
        [key('failed'), 3],
        [key('uncertain'), 1],
      ]),
    );
  });

  it('is one for each job', async () => {
    const dir = await makeDir();
    await writeMetrics(toFile(dir), sampleOf());
    await writeMetrics(toFile(dir), sampleOf({ summary: { job: 'reset-counts' } }));
    expect((await readdir(dir)).sort()).toEqual(['telesweep_delete-due.prom', 'telesweep_reset-counts.prom']);
  });

  it('is written anew over one that is damaged', async () => {
    const dir = await makeDir();
    await writeFile(join(dir, 'telesweep_delete-due.prom'), '# HELP\n\0\xff{} 1\n# TYPE a_total counter\nhalf{a="');
    expect(await writeMetrics(toFile(dir), sampleOf())).toEqual([]);
    expect((await readSamples(dir)).get(`telesweep_last_exit_code${label}`)).toBe(0);
  });

  it('is never seen by half: each version read while it is rewritten is whole', async () => {
    const dir = await makeDir();
    const counts = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`key_${n}`, n]));
    await writeMetrics(toFile(dir), sampleOf({ summary: { counts } }));
    const whole = (await readSamples(dir)).size;
    let writing = true;
    const sizes = new Set<number>();
    const reading = (async () => {
      while (writing) sizes.add((await readSamples(dir)).size);
    })();
    for (let n = 0; n < 30; n += 1) await writeMetrics(toFile(dir), sampleOf({ summary: { counts } }));
    writing = false;
    await reading;
    expect([...sizes]).toEqual([whole]);
  });

  it('that cannot be written is a warning that names the file, and leaves no draft', async () => {
    const dir = await makeDir();
    const missing = join(dir, 'missing');
    expect(await writeMetrics(toFile(missing), sampleOf())).toEqual([
      `METRICS_TEXTFILE_DIR: cannot write ${join(missing, 'telesweep_delete-due.prom')}: ENOENT`,
    ]);
    const file = join(dir, 'telesweep_delete-due.prom');
    await symlink('telesweep_delete-due.prom', file);
    expect(await writeMetrics(toFile(dir), sampleOf())).toEqual([`METRICS_TEXTFILE_DIR: cannot write ${file}: ELOOP`]);
    expect(await readdir(dir)).toEqual(['telesweep_delete-due.prom']);
  });

  it('in a folder that is read-only is a warning', async () => {
    const dir = await makeDir();
    await chmod(dir, 0o555);
    onTestFinished(() => chmod(dir, 0o755));
    const warnings = await asOrdinaryUser(() => writeMetrics(toFile(dir), sampleOf()));
    expect(warnings).toEqual([expect.stringMatching(/EACCES$/)]);
  });
});

describe('the Pushgateway', () => {
  it('gets the metrics under the job, by a POST, which leaves the others alone', async () => {
    const server = await startServer((response) => {
      response.writeHead(202).end();
    });
    const url = `http://user:p%40ss@${server.host}/prefix/`;
    expect(await writeMetrics(toGateway(url), sampleOf())).toEqual([]);
    const [call] = server.received;
    expect(server.received).toHaveLength(1);
    expect(call?.method).toBe('POST');
    expect(call?.path).toBe('/prefix/metrics/job/telesweep/sweep_job/delete-due');
    expect(call?.headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    expect(call?.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(readExposition(call?.body ?? '').get(`telesweep_last_success_timestamp_seconds${label}`)).toBe(
      start + 0.812,
    );
  });

  it('hears nothing of success or backlog from a pass that broke off, so that it keeps what it has', async () => {
    const server = await startServer();
    await writeMetrics(toGateway(server.url), failedSample());
    const names = [...readExposition(server.received[0]?.body ?? '').keys()].map((key) => key.split('{')[0]);
    expect(names).toContain('telesweep_last_exit_code');
    expect(names.filter((name) => /success|backlog|paused|deadline/.test(name ?? ''))).toEqual([]);
  });

  it('that is dead, refuses or hangs is a warning without user, password or path', async () => {
    const dead = await deadUrl();
    const refusing = await startServer((response) => {
      response.writeHead(400).end('hunter2');
    });
    const hanging = await startServer(() => {});
    expect(await writeMetrics(toGateway(`${dead}/secret-path`), sampleOf())).toEqual([
      `PUSHGATEWAY_URL: ${new URL(dead).host}: ECONNREFUSED`,
    ]);
    expect(await writeMetrics(toGateway(`http://u:hunter2@${refusing.host}`), sampleOf())).toEqual([
      `PUSHGATEWAY_URL: ${refusing.host}: answered 400`,
    ]);
    expect(await writeMetrics(toGateway('nonsense'), sampleOf())).toEqual([
      'PUSHGATEWAY_URL: the address is not valid',
    ]);
    expect(await pushMetrics(hanging.url, 'delete-due', '', 100)).toBe(
      `PUSHGATEWAY_URL: ${hanging.host}: no answer within 100 ms`,
    );
  });

  it('that fails does not keep the textfile from being written', async () => {
    const dir = await makeDir();
    const warnings = await writeMetrics({ dir, pushgatewayUrl: await deadUrl() }, sampleOf());
    expect(warnings).toEqual([expect.stringMatching(/^PUSHGATEWAY_URL: .*ECONNREFUSED$/)]);
    expect((await readSamples(dir)).get(`telesweep_last_exit_code${label}`)).toBe(0);
  });
});

describe('a pass that did nothing', () => {
  it.each([
    ['a dry run', { dry_run: true }],
    ['a pass that found the job taken', { outcome: 'skipped', stop_reason: 'busy' }],
  ] as const)('%s writes and pushes nothing', async (_, summary) => {
    const dir = await makeDir();
    const server = await startServer();
    expect(await writeMetrics({ dir, pushgatewayUrl: server.url }, sampleOf({ summary }))).toEqual([]);
    expect(await readdir(dir)).toEqual([]);
    expect(server.received).toEqual([]);
  });
});
