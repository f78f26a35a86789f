import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { jobs } from '../../src/jobs/index.ts';
import { textfileOf, writeMetrics } from '../../src/output/metrics.ts';
import { pushMetrics } from '../../src/output/metrics-push.ts';
import type { JobMetrics } from '../../src/output/metrics-sample.ts';
import { describedMetrics, renderHealth, renderMetrics, renderUnrecorded } from '../../src/output/metrics-text.ts';
import { asOrdinaryUser } from '../support/ordinary-user.ts';
import { readExposition } from './exposition.ts';
import { deadUrl, startServer } from './http-server.ts';
import { jobSample, sampleOf } from './sample.ts';

const job = 'delete-due';
const teller = { job, name: null };
const label = '{sweep_job="delete-due",bot="123456789",schema="public"}';
const labelled = (more: string): string => label.replace('}', `,${more}}`);

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'telesweep metrics '));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const readSamples = async (dir: string, name = 'telesweep_delete-due.prom'): Promise<Map<string, number>> =>
  readExposition(await readFile(join(dir, name), 'utf8'));

const toFile = (dir: string, metrics: Parameters<typeof writeMetrics>[2] = sampleOf()) =>
  writeMetrics({ dir, pushgatewayUrl: null }, teller, metrics, 1_767_323_200);
const toGateway = (pushgatewayUrl: string, metrics: Parameters<typeof writeMetrics>[2] = sampleOf()) =>
  writeMetrics({ dir: null, pushgatewayUrl }, teller, metrics, 1_767_323_200);

describe('the text', () => {
  it('tells all that is known of a job', () => {
    expect(Object.fromEntries(readExposition(renderMetrics(sampleOf())))).toEqual({
      [`telesweep_last_success_timestamp_seconds${label}`]: 1_767_323_045.812,
      [`telesweep_last_completion_timestamp_seconds${label}`]: 1_767_323_105.5,
      [`telesweep_last_duration_seconds${label}`]: 0.812,
      [`telesweep_last_exit_code${label}`]: 1,
      [`telesweep_backlog_items${label}`]: 2,
      [`telesweep_backlog_oldest_age_seconds${label}`]: 65,
      [`telesweep_near_deadline_items${label}`]: 4,
      [`telesweep_budget_paused_until_timestamp_seconds${label}`]: 0,
      [`telesweep_items_total${labelled('result="messages_deleted"')}`]: 150,
      [`telesweep_items_total${labelled('result="records"')}`]: 30,
      [`telesweep_failed_items_total${labelled('reason="too_old"')}`]: 2,
      [`telesweep_passes_total${labelled('outcome="ok",exit_code="0"')}`]: 9,
      [`telesweep_passes_total${labelled('outcome="failed",exit_code="70"')}`]: 1,
      [`telesweep_api_calls_total${label}`]: 70,
      [`telesweep_rate_limited_total${label}`]: 1,
      ...Object.fromEntries(
        [
          ['1', 0],
          ['2', 3],
          ['5', 3],
          ['15', 3],
          ['60', 7],
          ['300', 7],
          ['900', 7],
          ['3600', 7],
          ['21600', 7],
          ['86400', 7],
          ['172800', 7],
          ['+Inf', 8],
        ].map(([le, value]) => [`telesweep_lateness_seconds_bucket${labelled(`le="${le}"`)}`, value]),
      ),
      [`telesweep_lateness_seconds_sum${label}`]: 400.125,
      [`telesweep_lateness_seconds_count${label}`]: 8,
    });
  });

  it('is described, metric by metric, and nothing is described that never comes', () => {
    const texts = [
      renderMetrics({ ...sampleOf(), jobs: [jobSample({ guidePosts: { posted: 1 } })] }),
      renderHealth({ name: null, schema: 'public' }, [{ job, verdict: 'well' }], ['well']),
      renderUnrecorded(teller, 1),
    ].join('');
    const told = [...texts.matchAll(/^# HELP (\S+) (.+)\n# TYPE \S+ (\w+)$/gm)].map(([, ...found]) => found);
    expect(told).toEqual(describedMetrics.map(({ name, help, type }) => [name, help, type]));
  });

  it('claims nothing of a job that never ran, and names no bot for one that has none', () => {
    const never = { lastSuccess: null, lastCompletion: null, lastDurationSeconds: null, lastExitCode: null };
    const text = renderMetrics(
      sampleOf({ ...never, job: 'cleanup-tokens', botId: null, nearDeadline: null, totals: [] }),
    );
    expect([...readExposition(text).keys()]).toEqual([
      'telesweep_backlog_items{sweep_job="cleanup-tokens",schema="public"}',
      'telesweep_backlog_oldest_age_seconds{sweep_job="cleanup-tokens",schema="public"}',
      'telesweep_budget_paused_until_timestamp_seconds{sweep_job="cleanup-tokens",schema="public"}',
    ]);
  });

  it('keeps the figures of two bots of one job apart, and each metric in one place', () => {
    const { totals } = jobSample();
    const other = totals.map((total) => ({ ...total, botId: '5', value: total.value + 1 }));
    const post: JobMetrics = jobSample({ job: 'post-guide', guidePosts: { posted: 3, uncertain: 0 } });
    const metrics = { ...sampleOf(), jobs: [jobSample({ totals: [...totals, ...other] }), post] };
    const samples = readExposition(renderMetrics(metrics));
    const ofBot = label.replace('123456789', '5');
    expect(samples.get(`telesweep_api_calls_total${label}`)).toBe(70);
    expect(samples.get(`telesweep_api_calls_total${ofBot}`)).toBe(71);
    expect(samples.get(`telesweep_lateness_seconds_count${ofBot}`)).toBe(11);
    expect(samples.get(`telesweep_lateness_seconds_bucket${ofBot.replace('}', ',le="+Inf"}')}`)).toBe(11);
    const posts = [...samples].filter(([key]) => key.startsWith('guides_posts_total'));
    expect(posts.map(([, value]) => value)).toEqual([3, 0]);
  });

  it('escapes what a label may hold', () => {
    const { jobs } = sampleOf();
    const text = renderMetrics({ name: null, jobs, readAt: 0, schema: 'a"b\\c\nd' });
    expect(text).toContain('schema="a\\"b\\\\c\\nd"');
  });

  it('has one verdict of a job at 1 and the others at 0', () => {
    const text = renderHealth(
      { name: null, schema: 'public' },
      [{ job: 'delete-due', verdict: 'stuck' }],
      ['well', 'stuck'],
    );
    expect(Object.fromEntries(readExposition(text))).toEqual({
      'telesweep_health{sweep_job="delete-due",schema="public",verdict="well"}': 0,
      'telesweep_health{sweep_job="delete-due",schema="public",verdict="stuck"}': 1,
    });
  });
});

describe('the names of text files', () => {
  it('are of one bot and one thing each, whatever bots are called', () => {
    const words = [...jobs.map((one) => one.name), 'unrecorded', 'health', 'shop'];
    const pairs = words.flatMap((first) => words.map((second) => `${first}_${second}`));
    const names = [null, ...words, ...pairs, ...pairs.flatMap((pair) => words.map((word) => `${pair}_${word}`))];
    const files = names.flatMap((name) => [
      textfileOf.health(name),
      ...jobs.flatMap((one) =>
        [textfileOf.job, textfileOf.unrecorded].map((fileOf) => fileOf({ job: one.name, name })),
      ),
    ]);
    expect(files.length).toBeGreaterThan(5000);
    expect(new Set(files).size).toBe(files.length);
    expect(files).toContain('telesweep_shop_delete-due.prom');
  });
});

describe('the textfile', () => {
  it('is for any reader, and no draft stays behind', async () => {
    const dir = await makeDir();
    const mask = process.umask(0o077);
    onTestFinished(() => {
      process.umask(mask);
    });
    expect(await toFile(dir)).toEqual([]);
    expect(await readdir(dir)).toEqual(['telesweep_delete-due.prom']);
    expect((await stat(join(dir, 'telesweep_delete-due.prom'))).mode & 0o777).toBe(0o644);
    expect(await readSamples(dir)).toEqual(readExposition(renderMetrics(sampleOf())));
  });

  it('of a pass without a record stands beside the others and leaves them alone', async () => {
    const dir = await makeDir();
    await toFile(dir);
    const before = await readSamples(dir);
    expect(await toFile(dir, null)).toEqual([]);
    expect(await readSamples(dir)).toEqual(before);
    expect(Object.fromEntries(await readSamples(dir, 'telesweep_delete-due_unrecorded.prom'))).toEqual({
      'telesweep_unrecorded_timestamp_seconds{sweep_job="delete-due"}': 1_767_323_200,
    });
  });

  it('of a later moment stays, so that no counter goes back; of a clock that went back it does not', async () => {
    const dir = await makeDir();
    const exitCode = async () => (await readSamples(dir)).get(`telesweep_last_exit_code${label}`);
    await toFile(dir, sampleOf({ lastExitCode: 70 }, 1000.5));
    await toFile(dir, sampleOf({ lastExitCode: 0 }, 1000.4));
    expect([await exitCode(), await readdir(dir)]).toEqual([70, ['telesweep_delete-due.prom']]);
    await toFile(dir, sampleOf({ lastExitCode: 1 }, 1000.6));
    expect(await exitCode()).toBe(1);
    await toFile(dir, sampleOf({ lastExitCode: 75 }, 500));
    expect(await exitCode()).toBe(75);
  });

  it('is written anew over one that is damaged', async () => {
    const dir = await makeDir();
    await writeFile(join(dir, 'telesweep_delete-due.prom'), '# HELP\n\0\xff{} 1\n# TYPE a_total counter\nhalf{a="');
    expect(await toFile(dir)).toEqual([]);
    expect((await readSamples(dir)).get(`telesweep_last_exit_code${label}`)).toBe(1);
  });

  it('is never seen by half: each version read while it is rewritten is whole', async () => {
    const dir = await makeDir();
    const totals = Array.from({ length: 400 }, (_, n) => ({ botId: null, name: 'items', label: `key_${n}`, value: n }));
    await toFile(dir, sampleOf({ totals }));
    const whole = (await readSamples(dir)).size;
    let writing = true;
    const sizes = new Set<number>();
    const reading = (async () => {
      while (writing) sizes.add((await readSamples(dir)).size);
    })();
    for (let n = 0; n < 30; n += 1) await toFile(dir, sampleOf({ totals }));
    writing = false;
    await reading;
    expect([...sizes]).toEqual([whole]);
  });

  it('that cannot be written is a warning that names the file, and leaves no draft', async () => {
    const dir = await makeDir();
    const missing = join(dir, 'missing');
    expect(await toFile(missing)).toEqual([
      `METRICS_TEXTFILE_DIR: cannot write ${join(missing, 'telesweep_delete-due.prom')}: ENOENT`,
    ]);
    const file = join(dir, 'telesweep_delete-due.prom');
    await symlink('telesweep_delete-due.prom', file);
    expect(await toFile(dir)).toEqual([`METRICS_TEXTFILE_DIR: cannot write ${file}: ELOOP`]);
    expect(await readdir(dir)).toEqual(['telesweep_delete-due.prom']);
  });

  it('in a folder that is read-only is a warning', async () => {
    const dir = await makeDir();
    await chmod(dir, 0o555);
    onTestFinished(() => chmod(dir, 0o755));
    const warnings = await asOrdinaryUser(() => toFile(dir));
    expect(warnings).toEqual([expect.stringMatching(/EACCES$/)]);
  });
});

describe('the Pushgateway', () => {
  it('gets the metrics under the job, by a POST, which leaves the others alone', async () => {
    const server = await startServer((response) => {
      response.writeHead(202).end();
    });
    expect(await toGateway(`http://user:p%40ss@${server.host}/prefix/`)).toEqual([]);
    const [call] = server.received;
    expect(server.received).toHaveLength(1);
    expect(call?.method).toBe('POST');
    expect(call?.path).toBe('/prefix/metrics/job/telesweep/sweep_job/delete-due');
    expect(call?.headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    expect(call?.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(readExposition(call?.body ?? '')).toEqual(readExposition(renderMetrics(sampleOf())));
  });

  it('hears of a pass without a record, and keeps what it has', async () => {
    const server = await startServer();
    await toGateway(server.url, null);
    const names = [...readExposition(server.received[0]?.body ?? '').keys()];
    expect(names).toEqual(['telesweep_unrecorded_timestamp_seconds{sweep_job="delete-due"}']);
  });

  it('that is dead, refuses or hangs is a warning without user, password or path', async () => {
    const dead = await deadUrl();
    const refusing = await startServer((response) => {
      response.writeHead(400).end('hunter2');
    });
    const hanging = await startServer(() => {});
    expect(await toGateway(`${dead}/secret-path`)).toEqual([`PUSHGATEWAY_URL: ${new URL(dead).host}: ECONNREFUSED`]);
    expect(await toGateway(`http://u:hunter2@${refusing.host}`)).toEqual([
      `PUSHGATEWAY_URL: ${refusing.host}: answered 400`,
    ]);
    expect(await toGateway('nonsense')).toEqual(['PUSHGATEWAY_URL: the address is not valid']);
    expect(await pushMetrics(hanging.url, teller, '', 100)).toBe(
      `PUSHGATEWAY_URL: ${hanging.host}: no answer within 100 ms`,
    );
  });

  it('that fails does not keep the textfile from being written', async () => {
    const dir = await makeDir();
    const warnings = await writeMetrics({ dir, pushgatewayUrl: await deadUrl() }, teller, sampleOf(), 0);
    expect(warnings).toEqual([expect.stringMatching(/^PUSHGATEWAY_URL: .*ECONNREFUSED$/)]);
    expect((await readSamples(dir)).get(`telesweep_last_exit_code${label}`)).toBe(1);
  });
});
