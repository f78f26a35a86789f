import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Who may import from whom: a file's own layer or one below it. The first pattern that fits a file names its layer. */
const layers: readonly (readonly [RegExp, number])[] = [
  [/^bin\//, 70],
  [/^src\/cli\//, 60],
  [/^src\/(pass|operator)\//, 50],
  [/^src\/jobs\//, 45],
  [/^src\/engine\//, 40],
  [/^src\/job\//, 35],
  [/^src\/telegram\//, 30],
  [/^migrations\//, 25],
  [/^src\/tables\//, 20],
  [/^src\/store\//, 15],
  [/^src\/output\//, 10],
  [/^src\/settings\//, 5],
  [/^src\/process\//, 0],
];

interface Import {
  from: string;
  to: string;
}

const files = ['bin', 'src', 'migrations'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file)),
);

const pattern =
  /(?:^|\n)\s*(?:import|export)\s+[^'";]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g;

const imports: Import[] = files.flatMap((from) =>
  [...readFileSync(join(root, from), 'utf8').matchAll(pattern)].map((match) => {
    const path = match[1] ?? match[2] ?? match[3] ?? '';
    const to = path.startsWith('.') ? relative(root, normalize(join(root, dirname(from), path))) : path;
    return { from, to };
  }),
);

const layerOf = (file: string): number | null => layers.find(([pattern]) => pattern.test(file))?.[1] ?? null;
const isOurs = ({ to }: Import): boolean => /^(bin|src|migrations)\//.test(to);

describe('layers', () => {
  test('every file belongs to one', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((file) => layerOf(file) === null)).toEqual([]);
  });

  test('imports go down', () => {
    expect(imports.filter(isOurs).length).toBeGreaterThan(50);
    const upward = imports.filter(isOurs).filter(({ from, to }) => (layerOf(to) ?? 0) > (layerOf(from) ?? 0));
    expect(upward).toEqual([]);
  });

  test('jobs do not import each other', () => {
    const jobOf = (file: string): string | undefined => /^src\/jobs\/([a-z-]+-[a-z]+)(?:\.ts|\/)/.exec(file)?.[1];
    const shared = new Set(['sweep-batches']);
    const crossing = imports.filter(({ from, to }) => {
      const [a, b] = [jobOf(from), jobOf(to)];
      return a !== undefined && b !== undefined && a !== b && !shared.has(b);
    });
    expect(crossing).toEqual([]);
  });

  test.each([
    ['node-telegram-bot-api', 'src/telegram/client.ts'],
    ['pg', 'src/store/connect.ts'],
  ])('%s is imported by %s alone', (name, owner) => {
    const importing = imports.filter(
      ({ from, to }) => !from.endsWith('.d.ts') && (to === name || to.startsWith(`${name}/`)),
    );
    expect([...new Set(importing.map(({ from }) => from))]).toEqual([owner]);
  });

  test('no process.exit below bin, and no settings read from the process', () => {
    const reading = files
      .filter((file) => !file.startsWith('bin/'))
      .filter((file) => /process\.(exit\b|env\b|argv\b)/.test(readFileSync(join(root, file), 'utf8')));
    expect(reading).toEqual([]);
  });
});
