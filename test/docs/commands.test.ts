/** Every command in the documentation is one that exists, with flags that exist. */
import { expect, test } from 'vitest';
import { telesweep } from '../support/run.ts';
import { codeIn, pages } from './pages.ts';

/** Typed at a prompt, in a crontab or in backticks; there the program's name may be left out. */
async function readCommands(): Promise<string[][]> {
  const { stdout } = await telesweep(['--help']);
  const known = [...stdout.matchAll(/^ {2}([a-z][a-z-]+)/gm)].map(([, name = '']) => name);
  const prompts = /^(?:\$ (?:[A-Z_]+=\S+ )*|[*\d][*\d/, ]+ {2})telesweep ([^|\n]+)/gm;
  const typed = pages.flatMap(({ text }) => [...text.matchAll(prompts)].map(([, line = '']) => line));
  const named = pages.flatMap(codeIn).flatMap((code) => {
    const [, program, line = ''] =
      /^(?:node\s+--\s+dist\/)?(telesweep(?:\.cjs)?\s+)?([a-z-]+(?:\s.*)?)$/s.exec(code) ?? [];
    const isCommand = known.some((name) => line === name || line.startsWith(`${name} `));
    return program !== undefined || isCommand ? [line] : [];
  });
  return [...typed, ...named].map((line) => line.trim().split(/\s+/));
}

test('commands and their flags exist', async () => {
  const commands = new Map<string, Set<string>>();
  for (const words of await readCommands()) {
    // What follows a command's words may be an argument: its help then tells of the command before.
    const name = words.slice(0, words[1] === undefined || /^[a-z]+$/.test(words[1]) ? 2 : 1).join(' ');
    const flags = words.filter((word) => word.startsWith('--'));
    commands.set(name, new Set([...(commands.get(name) ?? []), ...flags]));
  }
  expect(commands.size).toBeGreaterThan(18);
  const helps = await Promise.all(
    [...commands].map(async ([command, flags]) => {
      const { stdout } = await telesweep([...command.split(' '), '--help']);
      return { command, flags, help: stdout };
    }),
  );
  for (const { command, flags, help } of helps) {
    const [first = '', second] = command.split(' ');
    const known = second === undefined ? first : `(${command}|${first} \\[options\\] <\\w+>$)`;
    expect(help).toMatch(new RegExp(`^Usage: telesweep ${known}`, 'm'));
    for (const flag of flags) expect(`${command}: ${help}`).toContain(` ${flag} `);
  }
  const all = helps.map(({ help }) => help).join('');
  const alone = pages.flatMap(codeIn).flatMap((code) => /^--[a-z][a-z-]*/.exec(code)?.[0] ?? []);
  expect(alone.length).toBeGreaterThan(15);
  expect(alone.filter((flag) => !all.includes(` ${flag} `))).toEqual([]);
});
