/** What the documentation says in tables and figures is what the code says. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { jobs } from '../../src/jobs/index.ts';
import { exitCodes, worstFirst, worstOf } from '../../src/process/exit-code.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { telesweep } from '../support/run.ts';
import { usualTimes } from '../support/usual-times.ts';
import { pages, read, tableIn } from './pages.ts';

const inBackticks = (cells: readonly string[]): string[] =>
  cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code));
const first = (rows: readonly string[][]): string[] => inBackticks(rows.map(([cell = '']) => cell));

let db: TestDatabase;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db.drop());

test('the README has each job at its time, and the version that its package has', () => {
  const rows = tableIn('README.md', '| job | does | deletes rows of | at Telegram | when |');
  expect(rows.map((row) => inBackticks([row[0] ?? '', row.at(-1) ?? '']))).toEqual(
    jobs.map((job) => [job.name, job.cron(usualTimes)]),
  );
  const versions = [...read('README.md').matchAll(/telesweep-([\d.]+)\.tgz/g)].map(([, version]) => version);
  expect(new Set(versions)).toEqual(new Set([packageJson.version]));
});

test('each job has its section, and its dry run is shown', () => {
  const page = read('docs/jobs.md');
  for (const { name } of jobs) {
    expect(page).toContain(`\n## ${name}\n`);
    expect(pages.map(({ text }) => text).join('')).toContain(`\n$ telesweep ${name} --dry-run`);
  }
});

test('the flags of every job are those of its help', async () => {
  const { stdout } = await telesweep(['cleanup-tokens', '--help']);
  const known = [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag);
  const told = first(tableIn('docs/jobs.md', '| flag | does |')).map((flag) => flag.split(' ')[0]);
  expect(told.toSorted()).toEqual(known.toSorted());
});

test('the order in which exit codes of many bots count', () => {
  expect(read('docs/many-bots.md')).toContain(`in this order: ${worstFirst.join(', ')}.`);
  expect(worstFirst.toSorted()).toEqual(
    Object.values(exitCodes)
      .filter((code) => code !== exitCodes.usage)
      .toSorted(),
  );
  const codes = [...worstFirst];
  for (const first of codes) {
    for (const other of codes)
      expect(worstOf([first, other])).toBe(codes[Math.min(codes.indexOf(first), codes.indexOf(other))]);
  }
  expect(worstOf([])).toBe(0);
});

test('every reason for giving up is told', () => {
  const sources = [
    'src/jobs/delete-due/record.ts',
    'src/jobs/delete-due/record-ends.ts',
    'src/jobs/delete-broadcasts/message-ends.ts',
  ];
  const unions = sources.flatMap((name) => [...read(name).matchAll(/type Failure =([^;]*);/g)]);
  const known = unions.flatMap(([, union = '']) => [...union.matchAll(/'([a-z_0-9]+)'/g)].map(([, reason]) => reason));
  expect(new Set(known).size).toBeGreaterThan(4);
  expect(first(tableIn('docs/jobs.md', '| `failure` | why |'))).toEqual(expect.arrayContaining([...new Set(known)]));
});

test('every state of a guide post is told', () => {
  const [, union = ''] = /type PostState = ([^;]*);/.exec(read('src/store/guide-posts.ts')) ?? [];
  const known = [...union.matchAll(/'(\w+)'/g)].map(([, state]) => state);
  const told = first(tableIn('docs/jobs.md', '| state | meaning | another pass in the slot |'));
  expect(told.toSorted()).toEqual(known.toSorted());
});

test('the summary is shown with the counts of its job, and every outcome and reason to stop is named', () => {
  const page = read('docs/operating.md');
  const [, shown = ''] = /^```json\n(.*)\n```$/m.exec(page) ?? [];
  const summary: { job: string; counts: object } = JSON.parse(shown);
  const job = jobs.find(({ name }) => name === summary.job);
  expect(Object.keys(summary.counts)).toEqual(Object.keys(job?.counts ?? {}));

  const namesOf = (type: string): string[] => {
    const [, union = ''] = new RegExp(`type ${type} = ([^;]*);`).exec(read('src/process/summary.ts')) ?? [];
    return [...union.matchAll(/'(\w+)'/g)].map(([, name = '']) => name);
  };
  const [, outcomes = '', reasons = ''] = /^`outcome` is ([^;]*); `stop_reason` is ([^;]*);/m.exec(page) ?? [];
  expect(inBackticks([outcomes])).toEqual(namesOf('PassOutcome'));
  expect(inBackticks([reasons])).toEqual(namesOf('StopReason'));
});

test('every table is told of, where bots write it or as one of telesweep’s own', async () => {
  const tables = await db.query<{ schema: string; name: string }>(
    "select schemaname as schema, tablename as name from pg_tables where schemaname in ('public', 'telesweep')",
  );
  const of = (schema: string) => tables.filter((table) => table.schema === schema).map(({ name }) => name);
  expect(first(tableIn('docs/architecture.md', '| table | holds |')).toSorted()).toEqual(of('telesweep').toSorted());
  const written = first(tableIn('docs/for-bots.md', '| table | a bot writes | telesweep removes it |'));
  // No job reads it.
  expect([...written, 'users'].toSorted()).toEqual(of('public').toSorted());
});

test('as many answers of Telegram are known as the promises say', () => {
  const lines = read('test/telegram/telegram-answers.tsv').trim().split('\n').length - 1;
  expect(read('docs/promises.md')).toContain(`each of ${lines} known answers`);
});
