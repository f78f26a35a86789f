import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { jobs } from '../../src/jobs/index.ts';
import { intervalSeconds } from '../../src/operator/schedule/calendar.ts';
import { renderMetrics } from '../../src/output/metrics-text.ts';
import { exitCodes } from '../../src/process/exit-code.ts';
import { parseDuration } from '../../src/settings/duration.ts';
import { readExposition } from '../output/exposition.ts';
import { sampleOf } from '../output/sample.ts';
import { usualTimes } from '../support/usual-times.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../../deploy', path), 'utf8');
const alerts = read('prometheus/telesweep-alerts.yml');

/** Everything that a pass can tell. */
const rendered = [
  ...readExposition(await renderMetrics(sampleOf({ guidesPosted: { posted: 1, uncertain: 1 } }))).keys(),
];
const known = new Set(rendered.map((key) => key.replace(/\{.*/, '')));

const metricsIn = (text: string): string[] => [...new Set(text.match(/\b(?:telesweep|guides)_[a-z_]+\b/g))].sort();

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

describe('the alerts', () => {
  test('ask for metrics that there are', () => {
    const used = metricsIn(alerts.replace(/^ *#.*$/gm, ''));
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });

  test('call a job overdue after two intervals and its longest pass', () => {
    const told = [...alerts.matchAll(/completion_timestamp_seconds\{sweep_job="(\S+)"\}\) > (\d+)$/gm)].map(
      ([, job, seconds]) => [job, Number(seconds)],
    );
    const expected = jobs.map(({ name, maxRuntime, cron }) => [
      name,
      2 * intervalSeconds(cron(usualTimes)) + (parseDuration(maxRuntime) ?? Number.NaN) / 1000,
    ]);
    expect(new Map(told as [string, number][])).toEqual(new Map(expected as [string, number][]));
  });

  test('tell the exit codes as they are', () => {
    const [, words = ''] = /'(64 wrong usage.*)'/.exec(alerts) ?? [];
    const { ok, failed, interrupted, ...faults } = exitCodes;
    expect([ok, failed, interrupted]).toEqual([0, 1, 75]);
    expect(words.match(/\b\d\d\b/g)?.map(Number)).toEqual(Object.values(faults).sort((a, b) => a - b));
  });

  test('each has a test of its own for promtool', () => {
    const names = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const tests = read('prometheus/telesweep-alerts.test.yml');
    expect(names.length).toBeGreaterThan(5);
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

  test('has a place for each panel', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
  });
});
