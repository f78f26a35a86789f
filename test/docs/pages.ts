/** The documentation as its tests read it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');
export const read = (name: string): string => readFileSync(join(root, name), 'utf8');

export interface Page {
  /** From the root of the repository. */
  name: string;
  text: string;
  /** Without what stands between fences. */
  prose: string;
}

const names = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export const pages: readonly Page[] = names.map((name) => {
  const text = read(name);
  return { name, text, prose: text.replace(/^```.*?^```$/gms, '') };
});

/** What stands in backticks in the prose of a page. */
export const codeIn = ({ prose }: Page): string[] => [...prose.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

/** The cells of the rows of the table that begins with this line. */
export function tableIn(page: string, head: string): string[][] {
  const text = read(page);
  const start = text.indexOf(`${head}\n`);
  if (start === -1) throw new Error(`${page} has no table ${head}`);
  const lines = text.slice(start).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(2, end).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}
