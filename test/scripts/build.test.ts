/** The build and the package, made in a clean copy of the sources as `git clone` gives them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reportTo } from '../../src/process/defect.ts';
import { createScene, type Scene } from '../support/scene.ts';

const root = join(import.meta.dirname, '../..');
const sources = ['bin', 'src', 'migrations', 'scripts', 'deploy', 'package.json', 'package-lock.json', 'tsconfig.json'];
const papers = ['LICENSE', 'README.md', '.env.example', 'crontab.example'];

let folder: string;
let clone: string;
let scene: Scene;

beforeAll(async () => {
  scene = await createScene({}, {}, { migrated: false });
  folder = mkdtempSync(join(tmpdir(), 'telesweep-build-'));
  clone = join(folder, 'clone');
  for (const name of [...sources, ...papers]) cpSync(join(root, name), join(clone, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await scene.close();
});

const build = (...hooks: string[]) =>
  spawnSync(process.execPath, [...hooks, 'scripts/build.mjs'], { cwd: clone, encoding: 'utf8' });
const read = (file: string): string => readFileSync(join(clone, file), 'utf8');
const edit = (file: string, change: (text: string) => string): void =>
  writeFileSync(join(clone, file), change(read(file)));

test('packed and installed by the README’s own line, where nothing is and without a network, it makes its tables and a pass', async () => {
  const prefix = join(folder, 'prefix');
  const [install = ''] = /^npm install -g .*$/m.exec(read('README.md')) ?? [];
  execFileSync('sh', ['-c', install], {
    cwd: clone,
    env: { ...process.env, npm_config_prefix: prefix, npm_config_offline: 'true' },
  });
  const installed = join(prefix, 'lib/node_modules/telesweep');
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  expect(files).toEqual(
    expect.arrayContaining([...papers, 'deploy/grants.sql', 'dist/licenses.txt', 'dist/sbom.cdx.json']),
  );
  expect(files.filter((file) => file.endsWith('.map') || file.includes('node_modules'))).toEqual([]);

  const telesweep = (...args: string[]) =>
    spawnSync(join(prefix, 'bin/telesweep'), args, {
      // A setting's flag reaches the program, though every Node takes one of that name for its own.
      env: { PATH: process.env.PATH, TELEGRAM_BOT_TOKEN: scene.env.TELEGRAM_BOT_TOKEN },
      encoding: 'utf8',
    });
  const envFile = join(folder, 'bot.env');
  writeFileSync(envFile, `DATABASE_URL='${scene.db.url}'\n`);
  expect(telesweep('migrate', '--env-file', envFile)).toMatchObject({ status: 0, stderr: '' });
  const pass = telesweep('delete-due', '--json', '--env-file', envFile);
  expect(pass).toMatchObject({ status: 0 });
  expect(JSON.parse(pass.stdout)).toMatchObject({ job: 'delete-due', outcome: 'ok' });
  expect(telesweep('delete-due', '--env-file', '/nowhere.env').status).toBe(78);
});

test('what is built in is listed at its locked version, with its licence', () => {
  const { packages } = JSON.parse(read('package-lock.json'));
  const { metadata, components } = JSON.parse(read('dist/sbom.cdx.json'));
  expect(metadata.component.purl).toBe(`pkg:npm/telesweep@${JSON.parse(read('package.json')).version}`);
  expect(components.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['pg', 'undici', 'kysely']),
  );
  const licenses = read('dist/licenses.txt');
  for (const { name, version, purl } of components) {
    const locked = Object.keys(packages).filter((path) => path.endsWith(`node_modules/${name}`));
    expect(locked.map((path) => packages[path].version)).toContain(version);
    expect(decodeURIComponent(purl)).toBe(`pkg:npm/${name}@${version}`);
    expect(licenses).toContain(`${name} ${version} (`);
  }
});

test('a defect is reported where package.json says', () => {
  expect(JSON.parse(read('package.json')).bugs.url).toBe(reportTo);
});

test('at every step of a build the program in dist/ finds its files', () => {
  edit('package.json', (text) => text.replace('"version": "0.1.0"', '"version": "0.1.1"'));
  const before = new Set(readdirSync(join(clone, 'dist')));
  const hook = join(folder, 'hook.cjs');
  writeFileSync(hook, watchSteps);
  const { status, stdout } = build('--require', hook);
  expect(status).toBe(0);
  const steps: { lost: string[] }[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const after = readdirSync(join(clone, 'dist'));
  // What came and what went, one by one.
  const gone = [...before].filter((file) => !after.includes(file));
  expect(gone.length).toBeGreaterThan(20);
  expect(steps.length).toBeGreaterThanOrEqual(after.length + gone.length);
  expect(steps.filter(({ lost }) => lost.length > 0)).toEqual([]);
});

/** After each change of a file: what the program names, and what that names, that is not there. */
const watchSteps = `
const fs = require('node:fs');
const lost = () => {
  const seen = new Set(['telesweep.cjs']);
  for (const file of seen) {
    if (!fs.existsSync('dist/' + file)) continue;
    for (const [, name] of fs.readFileSync('dist/' + file, 'utf8').matchAll(/require\\(.\\.\\/(telesweep[^"'\`]*)/g)) seen.add(name);
  }
  if (seen.size < 20) throw new Error('the files of the program were not found: ' + [...seen]);
  return [...seen].filter((file) => !fs.existsSync('dist/' + file));
};
for (const name of ['rename', 'rm']) {
  const real = fs.promises[name];
  fs.promises[name] = async (...args) => {
    await real(...args);
    console.log(JSON.stringify({ name, args, lost: lost() }));
  };
}
require('node:module').syncBuiltinESMExports();
`;

test.each([
  [
    'no reason',
    () => edit('scripts/built-in.json', (text) => text.replace(/.*"kysely".*\n/, '')),
    /no reason for kysely/,
  ],
  [
    'a reason and nothing built in',
    () => edit('scripts/built-in.json', (text) => text.replace('{', '{"left-pad": "pads",')),
    /not built in \(any more\): left-pad/,
  ],
  ['no licence', () => forgetLicense('tinyqueue'), /tinyqueue [\d.]+: no text of its licence/],
])('a package with %s fails the build, and dist/ stays as it was', (_, change, problem) => {
  const before = readdirSync(join(clone, 'dist'));
  const reasons = read('scripts/built-in.json');
  change();
  const { status, stderr } = build();
  writeFileSync(join(clone, 'scripts/built-in.json'), reasons);
  expect(status).toBe(1);
  expect(stderr).toMatch(problem);
  expect(readdirSync(join(clone, 'dist'))).toEqual(before);
  expect(readdirSync(clone).filter((name) => name.startsWith('.build-'))).toEqual([]);
});

/** Puts a copy of the package without the file in the place where the clone looks first. */
function forgetLicense(name: string): void {
  const copy = join(clone, 'src/node_modules', name);
  cpSync(join(root, 'node_modules', name), copy, {
    recursive: true,
    filter: (file) => !/(licen[cs]e|readme[^/]*)$/i.test(file),
  });
  writeFileSync(join(copy, 'README.md'), `# ${name}\n`);
}
