import { expect, test } from 'vitest';
import { jobs } from '../../src/jobs/index.ts';
import { knownNames } from '../../src/settings/settings-table.ts';
import { read } from './pages.ts';

const lines = read('crontab.example').split('\n');

test('each line is a comment, a variable, a job that exists or the alerts', () => {
  const commands = lines.filter((line) => /^[\d*]/.test(line) && !line.includes(' doctor --alert '));
  expect(commands.length).toBeGreaterThan(0);
  for (const line of commands) {
    const [, job = '', flags = ''] = /^(?:\S+\s+){5}telesweep (\S+) (.*)$/.exec(line) ?? [];
    expect(jobs.map(({ name }) => name)).toContain(job);
    expect(flags).toContain('--quiet --env-file');
    expect(line).not.toContain('%');
  }
  expect(lines.filter((line) => !/^(#|$|[A-Z_]+=|[\d*])/.test(line))).toEqual([]);
});

test('sets no variable that telesweep would read as a setting', () => {
  const names = lines.flatMap((line) => /^([A-Z_]+)=/.exec(line)?.[1] ?? []);
  expect(names).toContain('PATH');
  expect(names.filter((name) => knownNames.includes(name))).toEqual([]);
});
