/** The program's first steps, on a Node that pretends to be another one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { telesweep } from '../support/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'telesweep-host-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `telesweep --version` after these lines of CommonJS. */
function after(lines: string) {
  const file = join(folder, 'before.cjs');
  writeFileSync(file, lines);
  return telesweep(['--version'], { env: { NODE_OPTIONS: `--require ${file}` } });
}

const asNode = (version: string): string =>
  `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;

test('a Node that is too old is told, as a wrong setting is', async () => {
  const wanted = packageJson.engines.node.replace('>=', '');
  expect(await after(asNode('20.18.3'))).toMatchObject({
    code: 78,
    stdout: '',
    stderr: `telesweep: needs Node.js ${wanted} or later, this is 20.18.3\n`,
  });
  expect(await after(asNode('18.20.8'))).toMatchObject({ code: 78 });
  for (const good of [`${wanted}.0`, '22.0.0']) {
    expect(await after(asNode(good))).toMatchObject({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
  }
});

test('compiled code that lies in the temporary directory, where anybody may put it, is not asked for', async () => {
  const told = await after(
    `require('node:module').enableCompileCache = (folder) => process.stderr.write('trusts ' + folder);`,
  );
  expect(told).toMatchObject({ code: 0, stderr: '' });
});
