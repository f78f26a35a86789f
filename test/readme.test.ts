import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { exitCodes } from '../src/exit-code.ts';
import { jobs } from '../src/jobs/index.ts';
import { knownNames } from '../src/settings/settings-table.ts';
import { telesweep } from './support/run.ts';
import { usualTimes } from './support/usual-times.ts';

const root = join(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const readme = read('README.md');

describe('README.md', () => {
  test('it names every exit code and every job', () => {
    const codes = [...readme.matchAll(/^\| (\d[\d, ]*) \|/gm)].flatMap(([, cell = '']) => cell.split(',').map(Number));
    expect(codes.toSorted((a, b) => a - b)).toEqual(Object.values(exitCodes).toSorted((a, b) => a - b));
    for (const { name } of jobs) expect(readme).toContain(`\`${name}\``);
  });

  test('its table of jobs has each at its time', () => {
    const rows = [...readme.matchAll(/^\| `([a-z-]+)` \|.*\| `([\d*/, ]+)` \|$/gm)].map(([, name, cron]) => [
      name,
      cron,
    ]);
    expect(rows).toEqual(jobs.map((job) => [job.name, job.cron(usualTimes)]));
  });

  test('it names each reason for giving up', () => {
    const listed = [...readme.matchAll(/^\| `([a-z_0-9]+)` \|[^|]*\|$/gm)].map(([, reason]) => reason);
    const known = [
      ...new Set(
        [
          'src/jobs/delete-due/record.ts',
          'src/jobs/delete-due/record-ends.ts',
          'src/jobs/delete-broadcasts/message-ends.ts',
        ]
          .map(read)
          .flatMap((source) => [...source.matchAll(/type Failure =([^;]*);/g)])
          .flatMap(([, union = '']) => [...union.matchAll(/'([a-z_0-9]+)'/g)].map(([, reason]) => reason)),
      ),
    ];
    expect(known.length).toBeGreaterThan(4);
    expect(listed).toEqual(expect.arrayContaining(known));
  });

  test('every command in it is one that exists, with flags that exist', async () => {
    const lines = [
      ...readme.matchAll(/^(?:\$ (?:[A-Z_]+=\S+ )*|[*\d][*\d/, ]+ {2})telesweep ([^|\n]+)|`telesweep ([^`]+)`/gm),
    ].map(([, typed, named]) => (typed ?? named ?? '').trim().split(/\s+/));
    const commands = new Map<string, Set<string>>();
    for (const words of lines) {
      const name = words.slice(0, words[1]?.startsWith('-') ? 1 : 2).join(' ');
      const flags = words.filter((word) => word.startsWith('--'));
      commands.set(name, new Set([...(commands.get(name) ?? []), ...flags]));
    }
    expect(commands.size).toBeGreaterThan(12);
    for (const [command, flags] of commands) {
      const [first = '', second] = command.split(' ');
      const { stdout } = await telesweep([...command.split(' '), '--help']);
      // An unknown word brings the help of what stands before it.
      const known = second === undefined ? first : `(${command}|${first} \\[options\\] <\\w+>$)`;
      expect(stdout).toMatch(new RegExp(`^Usage: telesweep ${known}`, 'm'));
      for (const flag of flags) expect(`${command}: ${stdout}`).toContain(` ${flag} `);
    }
  });

  test('its files and npm scripts exist', () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => path);
    const paths = [...readme.matchAll(/`((?:src|test|migrations)\/[^`]+)`/g)].map(([, path = '']) => path);
    const map = [...readme.matchAll(/^((?:bin|src|migrations|test)\/\S*) /gm)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(2);
    expect(map.length).toBeGreaterThan(8);
    expect([...links, ...paths, ...map].filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const scripts = [...readme.matchAll(/npm run (\w+)/g)].map(([, name = '']) => name);
    expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(scripts));
    expect(scripts).toContain('demo');
  });
});

describe('crontab.example', () => {
  const lines = read('crontab.example').split('\n');

  test('each line is a comment, a variable or a job that exists', () => {
    const commands = lines.filter((line) => /^[\d*]/.test(line));
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
});
