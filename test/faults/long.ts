/**
 * `npm run test:faults`: does to telesweep what a bad night does, some thousand times, and prints what came of it.
 * Exits 0 where every promise held, 1 where one did not, 64 for wrong usage.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const usage = `npm run test:faults -- [options]
  --seed N         repeat the kill of that seed and show all that its passes wrote
  --kills N        random kills beside those at every statement and call (400)
  --first N        choose the random ones by another number (1)
  --only TEXT      only what has TEXT in its line of the table
  --stages N       so many trials at once (3)
  --json FILE      write the table as JSON as well
  --markdown FILE  write the table as Markdown as well, whole and in two dozen lines
`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      kills: { type: 'string', default: '400' },
      first: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      stages: { type: 'string', default: '3' },
      json: { type: 'string' },
      markdown: { type: 'string' },
    },
  });
  const number = (name: 'seed' | 'kills' | 'first' | 'stages', least: number): number => {
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new TypeError(`--${name}: "${values[name]}" is no whole number from ${least} on`);
    }
    return value;
  };
  return {
    seed: values.seed === undefined ? null : number('seed', 0),
    kills: number('kills', 0),
    first: number('first', 0),
    stages: number('stages', 1),
    only: values.only,
    json: values.json,
    markdown: values.markdown,
  };
}

async function main(): Promise<number> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}`);
    return 64;
  }
  // A copy, so that the project can be built again meanwhile. It is read when the suite is loaded.
  const copy = mkdtempSync(join(tmpdir(), 'telesweep-bundle-'));
  const built = dirname(fileURLToPath(new URL('../../dist/telesweep.cjs', import.meta.url)));
  if (process.env.TEST_BUNDLE === undefined) {
    cpSync(built, copy, { recursive: true });
    process.env.TEST_BUNDLE = join(copy, 'telesweep.cjs');
  }
  try {
    const [{ playLong }, { briefTable }] = await Promise.all([
      import('./suite/long-form.ts'),
      import('./suite/brief.ts'),
    ]);
    const startedAt = performance.now();
    const table = await playLong(options, (line) => process.stdout.write(`${line}\n`));
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const markdown = `${table.markdown()}\n\n${briefTable(table.rows)}`;
    process.stdout.write(`\n${markdown}\n\n`);
    for (const fault of table.faults) process.stdout.write(`${fault.slice(0, 2_000)}\n`);
    const verdict = table.faults.length === 0 ? 'Every promise held' : `${table.faults.length} faults`;
    process.stdout.write(`${verdict}, after ${seconds} s.\n`);
    if (options.markdown !== undefined) writeFileSync(options.markdown, `${markdown}\n`);
    if (options.json !== undefined) {
      const report = { seconds, node: process.version, rows: table.json(), faults: table.faults };
      writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
    }
    return table.faults.length === 0 ? 0 : 1;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

process.exit(await main());
