/** Whoever follows a link, a path or a script of the documentation finds it. */
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { codeIn, type Page, pages, root } from './pages.ts';

interface Link {
  from: string;
  /** From the root of the repository. */
  to: string;
  anchor: string | undefined;
}

const links: Link[] = pages.flatMap(({ name, prose }) =>
  [...prose.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, path = '', anchor]) => ({
    from: name,
    to: path === '' ? name : normalize(join(dirname(name), path)),
    anchor,
  })),
);

/** As GitHub makes them of headings. */
const anchorsOf = ({ prose }: Page): string[] =>
  [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

test('links lead to files that exist, and anchors to headings', () => {
  expect(links.length).toBeGreaterThan(40);
  expect(links.filter(({ anchor }) => anchor !== undefined).length).toBeGreaterThan(5);
  const broken = links.filter(({ to, anchor }) => {
    if (!existsSync(join(root, to))) return true;
    const page = pages.find(({ name }) => name === to);
    return anchor !== undefined && !(page !== undefined && anchorsOf(page).includes(anchor));
  });
  expect(broken).toEqual([]);
});

test('every page is reached from the README', () => {
  const reached = new Set(['README.md']);
  for (const name of reached) for (const { from, to } of links) if (from === name) reached.add(to);
  expect(pages.map(({ name }) => name).filter((name) => !reached.has(name))).toEqual([]);
});

test('files and folders in backticks and in the map of the source exist', () => {
  const isPath = (word: string): boolean =>
    /^(bin|src|test|migrations|bench|deploy|docs|scripts)\/[\w./-]*$|^[\w.-]+\.example$/.test(word);
  const named = pages.flatMap((page) => codeIn(page).flatMap((code) => code.split(/\s/).filter(isPath)));
  const map = pages.flatMap(({ text }) => [...text.matchAll(/^(\w+\/\S*) {2,}\S/gm)].map(([, path = '']) => path));
  expect(named.length).toBeGreaterThan(80);
  expect(map.length).toBeGreaterThan(10);
  expect([...named, ...map].filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('npm scripts exist', () => {
  const named = pages.flatMap(({ text }) => [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script));
  expect(named).toEqual(expect.arrayContaining(['demo', 'bench', 'test:faults']));
  const scripts = Object.keys(packageJson.scripts);
  expect(named.filter((script) => !scripts.includes(script))).toEqual([]);
});
