import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { jobs } from '../../src/jobs/index.ts';
import { verdicts } from '../../src/operator/health/verdict.ts';
import { intervalSeconds } from '../../src/operator/schedule/calendar.ts';
import { describedMetrics, renderHealth, renderMetrics } from '../../src/output/metrics-text.ts';
import { exitCodes } from '../../src/process/exit-code.ts';
import { parseDuration } from '../../src/settings/duration.ts';
import { dailyMetrics } from '../../src/store/daily-metrics.ts';
import { readExposition } from '../output/exposition.ts';
import { sampleOf } from '../output/sample.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { runHere } from '../support/run-here.ts';
import { usualTimes } from '../support/usual-times.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../../deploy', path), 'utf8');
const alerts = read('prometheus/telesweep-alerts.yml');

/** Everything that there is to tell. */
const rendered = [
  ...readExposition(renderMetrics({ ...sampleOf({ guidePosts: { posted: 1, uncertain: 1 } }), name: 'shop' })).keys(),
  ...readExposition(
    renderHealth({ name: 'shop', schema: 'public' }, [{ job: 'delete-due', verdict: 'well' }], verdicts),
  ).keys(),
];
const known = new Set(describedMetrics.map(({ name }) => name));

/** Of a histogram the name that it is described by. */
const metricsIn = (text: string): string[] =>
  [...new Set(text.match(/\b(?:telesweep|guides)_[a-z_]+\b(?=\{|\[|\)| )/g))]
    .map((name) => (known.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')))
    .sort();

interface Panel {
  id: number;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { expr: string }[];
}
const dashboard: { panels: Panel[]; templating: { list: { name: string }[] } } = JSON.parse(
  read('grafana/telesweep.json'),
);
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

const { groups } = parse(alerts) as {
  groups: { rules: { alert: string; expr: string; for?: string; annotations: { summary: string } }[] }[];
};
const rules = groups.flatMap((group) => group.rules);

describe('the alerts', () => {
  test('ask for metrics that there are', () => {
    const used = metricsIn(rules.map(({ expr }) => expr).join('\n'));
    expect(used.length).toBeGreaterThan(8);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });

  test('ask for verdicts that there are', () => {
    const asked = rules.flatMap(({ expr }) => /verdict="(\w+)"/.exec(expr)?.[1] ?? []);
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.filter((verdict) => !verdicts.some((one) => one === verdict))).toEqual([]);
  });

  test('call a job silent after two intervals and its longest pass, its file and its absence as well', () => {
    const told = (pattern: RegExp) => new Map([...alerts.matchAll(pattern)].map(([, job, seconds]) => [job, seconds]));
    const expected = new Map(
      jobs.map(({ name, maxRuntime, cron }) => [
        name,
        String(2 * intervalSeconds(cron(usualTimes)) + (parseDuration(maxRuntime) ?? Number.NaN) / 1000),
      ]),
    );
    expect(told(/completion_timestamp_seconds\{sweep_job="(\S+)"\}\) > (\d+)$/gm)).toEqual(expected);
    expect(told(/telesweep_\(\.\+_\)\?(\S+)\[\.\]prom"\}\) > (\d+)$/gm)).toEqual(
      new Map([...expected, ['health', '900']]),
    );
    expect(told(/absent\(\S+\{sweep_job="(\S+)"\}\)\n +for: (\d+)s$/gm)).toEqual(expected);
  });

  test('tell the exit codes as they are', () => {
    const [, words = ''] = /'(64 wrong usage.*)'/.exec(alerts) ?? [];
    const { ok, failed, interrupted, tokenRefused, ...faults } = exitCodes;
    expect([ok, failed, interrupted, tokenRefused]).toEqual([0, 1, 75, 77]);
    expect(words.match(/\b\d\d\b/g)?.map(Number)).toEqual(Object.values(faults).sort((a, b) => a - b));
    expect(alerts).toContain('> 1 != 75 != 77)\n');
  });

  test('are for the jobs in use, at their times', async () => {
    const args = ['schedule', 'prometheus', '--job', 'post-guide', '--json'];
    const { stdout } = await runHere(args, { env: { GUIDE_INTERVAL: '2h' } });
    const [{ text }] = JSON.parse(stdout).files;
    expect(text).toContain('{sweep_job="post-guide"}) > 15000\n');
    for (const { name } of jobs.filter((job) => job.name !== 'post-guide')) expect(text).not.toContain(name);
    for (const alert of ['NearDeadline', 'BacklogOld']) expect(text).not.toContain(alert);
    const without = await runHere(['schedule', 'prometheus', '--job', 'reset-counts']);
    for (const alert of ['BotRefused', 'Paused', 'Guide']) expect(without.stdout).not.toContain(alert);
  });

  test('printed for a bot with a name miss that bot, whoever else is known of', async () => {
    const args = ['schedule', 'prometheus', '--job', 'delete-due'];
    const { stdout } = await runHere(args, { env: { NAME: 'shop' } });
    expect(stdout).toContain(
      'absent(telesweep_last_completion_timestamp_seconds{sweep_job="delete-due",name="shop"})\n',
    );
    expect(stdout.match(/absent\(/g)).toHaveLength(1);
    // All else of them is for any bot.
    expect(stdout.match(/name="/g)).toHaveLength(1);
  });

  test('keep bots apart, and name one that has a name', () => {
    for (const { alert, expr, annotations } of rules) {
      const kept = [...expr.matchAll(/by \(([^)]*)\)/g)].map(([, labels = '']) => labels.split(', '));
      const isOfFiles = expr.includes('node_textfile');
      for (const labels of kept)
        expect({ alert, labels }).toEqual({ alert, labels: expect.arrayContaining(isOfFiles ? [] : ['name']) });
      expect({ alert, named: annotations.summary.startsWith('{{ with $labels.name }}{{ . }}: {{ end }}') }).toEqual({
        alert,
        named: !isOfFiles,
      });
    }
  });

  test('each has a test of its own for promtool', () => {
    const tests = read('prometheus/telesweep-alerts.test.yml');
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBeGreaterThan(12);
    expect(names.filter((name) => !new RegExp(`alertname: ${name}\n +eval_time.*\n +exp_alerts`).test(tests))).toEqual(
      [],
    );
  });
});

describe('the dashboard', () => {
  test('shows every metric, and none that there is not', () => {
    const used = metricsIn(expressions.join('\n'));
    expect(used).toEqual([...known].sort());
  });

  test('asks by labels and variables that there are', () => {
    const labels = new Set(rendered.flatMap((key) => [...key.matchAll(/(\w+)="/g)].map(([, label]) => label)));
    const asked = expressions.flatMap((expr) => [
      ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(', ')),
      ...[...expr.matchAll(/[{,](\w+)=~?"/g)].map(([, label = '']) => label),
    ]);
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((label) => !labels.has(label))).toEqual([]);
    const variables = dashboard.templating.list.map(({ name }) => name);
    const wanted = [...JSON.stringify(dashboard).matchAll(/\$\{?([a-z]\w*)/g)].map(([, name = '']) => name);
    expect(new Set(wanted)).toEqual(new Set(variables));
  });

  test('has a place for each panel', () => hasPlaces(dashboard.panels));
});

function hasPlaces(panels: readonly Pick<Panel, 'id' | 'gridPos'>[]): void {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
    expect(x + w).toBeLessThanOrEqual(24);
    return Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`);
  });
  expect(new Set(cells).size).toBe(cells.length);
}

describe('the dashboard of the figures of each day', () => {
  const stats: {
    panels: (Omit<Panel, 'targets'> & { targets: { rawSql: string }[] })[];
    templating: { list: { name: string; query: string }[] };
  } = JSON.parse(read('grafana/telesweep-stats.json'));
  const queries = stats.panels.flatMap(({ title, targets }) => targets.map(({ rawSql }) => [title, rawSql] as const));

  /** As Grafana's PostgreSQL data source writes its macro and a variable of one value. */
  const expanded = (text: string): string =>
    text
      .replaceAll(/\$__timeFilter\((\w+)\)/g, "$1 BETWEEN '2026-01-01T08:30:00Z' AND '2026-01-31T17:30:00Z'")
      .replaceAll(/\$\{schema:sqlstring\}/g, "'public'");

  let db: TestDatabase;
  beforeAll(async () => {
    db = await createDatabase();
    const names = dailyMetrics.map(({ name }) => (name.endsWith(':') ? `${name}thing` : name));
    await db.query(
      `insert into telesweep.daily (schema_name, day, metric, value)
       select schema_name, day, metric, 7
       from unnest($1::text[]) as metric, (values ('public'), ('other')) as schemas (schema_name),
         (values (date '2025-12-31'), ('2026-01-30'), ('2026-01-31'), ('2026-02-01')) as days (day)`,
      [names],
    );
  });
  afterAll(() => db.drop());

  test.each(queries)('%s: each series has its days', async (_, text) => {
    expect(expanded(text)).not.toContain('$');
    const rows = await db.query<{ time: Date; metric: string; value: string | null }>(expanded(text));
    const series = new Set(rows.map(({ metric }) => metric));
    expect(rows).toHaveLength(2 * series.size);
    expect(series.size).toBeGreaterThan(0);
    for (const { time, metric, value } of rows) {
      expect(time).toBeInstanceOf(Date);
      expect([typeof metric, Number(value) > 0]).toEqual(['string', true]);
    }
  });

  test('shows every metric', async () => {
    const text = queries.map(([, query]) => query.replaceAll('\\', '')).join('\n');
    const missing = dailyMetrics.filter(({ name }) => !text.includes(name.endsWith(':') ? `'${name}%'` : `'${name}'`));
    expect(missing).toEqual([]);
  });

  test('asks which schemas there are, and has a place for each panel', async () => {
    const query = stats.templating.list.find(({ name }) => name === 'schema')?.query ?? '';
    expect(await db.query(query)).toEqual([{ schema_name: 'other' }, { schema_name: 'public' }]);
    hasPlaces(stats.panels);
  });
});
