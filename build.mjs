/**
 * Builds dist/: one file for what every pass runs, and files beside it that load with the first use of what is in them.
 * A pass with nothing due runs 1,440 times a day: a single file of all of it takes 15 ms longer to compile, and each
 * further file of what it does need 0.2 ms to find.
 */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { build } from 'esbuild';

const outdir = 'dist';

/**
 * Two lines that are shell and JavaScript at once. Node 20 takes an `--env-file` behind the script for its own and ends
 * with a code of its own where the file is missing; the two dashes tell it to leave the flag to telesweep.
 */
const start = `#!/bin/sh\n':' //; exec node -- "$0" "$@"\n`;

/** What packages load and telesweep never uses. */
const unused = [
  // commander runs subcommands as programs of their own, which telesweep has none of: 5 ms.
  { importer: /commander/, path: /^node:child_process$/ },
  // undici speaks HTTP/2 and sends the bodies of a fetch: 5 ms of 24 where something is due.
  { importer: /undici/, path: /\/(client-h2|web\/fetch\/body)\.js$/ },
];

const withoutUnused = {
  name: 'without-unused',
  setup(esbuild) {
    for (const { importer, path } of unused) {
      esbuild.onResolve({ filter: path }, (found) =>
        importer.test(found.importer) ? { path: found.path, namespace: 'none' } : undefined,
      );
    }
    esbuild.onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'module.exports = {}' }));
  },
};

/** Of pg the client alone, without its pool and its binding to libpq, and with a quicker login: see pg-crypto.ts. */
const leanPg = {
  name: 'lean-pg',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^pg$/ }, ({ resolveDir }) => ({ path: resolveDir, namespace: 'pg' }));
    esbuild.onLoad({ filter: /.*/, namespace: 'pg' }, ({ path }) => ({
      contents: `export { default as Client } from 'pg/lib/client.js'`,
      resolveDir: path,
    }));
    esbuild.onResolve({ filter: /\/utils$/ }, ({ path, importer }) =>
      /\/pg\/lib\/(client|crypto\/sasl)\.js$/.test(importer) && join(importer, '..', path).endsWith('crypto/utils')
        ? { path: resolve('src/store/pg-crypto.ts') }
        : undefined,
    );
  },
};

/** The file of a source that is imported late, and all files that it imports at once. */
function loadedWith(source, outputs) {
  const found = new Set(Object.keys(outputs).filter((file) => outputs[file].entryPoint === source));
  for (const file of found) {
    const imports = outputs[file].imports.filter(({ kind, external }) => kind === 'import-statement' && !external);
    for (const { path } of imports) found.add(path);
  }
  return [...found];
}

/** Files that are joined in one: whoever imports one of them gets its part of the whole. */
const partsOf = (whole, parts) => ({
  name: 'parts',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^\.\// }, ({ path, kind }) => {
      if (kind === 'entry-point') return undefined;
      const part = parts.indexOf(basename(path));
      return part === -1 ? { path, external: true } : { path: String(part), namespace: 'part' };
    });
    esbuild.onLoad({ filter: /.*/, namespace: 'part' }, ({ path }) => ({
      contents: `module.exports = require('./${whole}').part${path}`,
      resolveDir: '.',
    }));
  },
});

/** The licences of the packages that are built in, which go where their code goes. */
async function licensesOf(inputs) {
  const folders = inputs.map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  const texts = [];
  for (const folder of [...new Set(folders.filter((name) => name !== undefined))].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? '' : await readFile(join(folder, file), 'utf8');
    texts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${'-'.repeat(78)}\n\n`);
}

const work = await mkdtemp(join(outdir, '..', '.build-'));
const split = join(work, 'split');
const built = join(work, 'built');
try {
  // esbuild splits ES modules alone; Node starts CommonJS faster, so that is what they become in a second step.
  const { metafile } = await build({
    entryPoints: ['bin/telesweep.ts'],
    metafile: true,
    outdir: split,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    chunkNames: 'telesweep-[hash]',
    outExtension: { '.js': '.cjs' },
    // pg asks for Response to know Cloudflare's runtime by, and the Bot API's library for Request to know whether bodies
    // may stream, which telesweep's never do: in Node the question alone loads its fetch, 20 ms and 5 MiB.
    define: { Response: 'undefined', Request: 'undefined' },
    plugins: [withoutUnused, leanPg],
    legalComments: 'none',
    logLevel: 'warning',
  });
  const second = {
    outdir: built,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    outExtension: { '.js': '.cjs' },
    loader: { '.cjs': 'js' },
    // A late import() becomes a late require(), which does without Node's loader of ES modules: 10 ms.
    supported: { 'dynamic-import': false },
    minify: true,
    logLevel: 'warning',
  };
  const parts = loadedWith('src/cli.ts', metafile.outputs).map((file) => basename(file));
  const others = (await readdir(split)).filter((file) => !parts.includes(file));
  const joined = await build({
    ...second,
    stdin: {
      contents: parts.map((file, part) => `export * as part${part} from './${file}';`).join('\n'),
      resolveDir: split,
    },
    entryNames: 'telesweep-[hash]',
    metafile: true,
    external: others.map((file) => `./${file}`),
  });
  const [whole] = Object.keys(joined.metafile.outputs);
  await build({
    ...second,
    entryPoints: others.map((file) => join(split, file)),
    plugins: [partsOf(basename(whole), parts)],
  });
  const entry = join(built, 'telesweep.cjs');
  await writeFile(entry, (await readFile(entry, 'utf8')).replace(/^#!.*\n/, start));
  await writeFile(join(built, 'licenses.txt'), await licensesOf(Object.keys(metafile.inputs)));
  // What is new comes before what is old goes, and telesweep.cjs last: a program started meanwhile finds its files.
  const files = await readdir(built);
  await mkdir(outdir, { recursive: true });
  for (const file of files.sort()) await rename(join(built, file), join(outdir, file));
  const stale = (await readdir(outdir)).filter((file) => !files.includes(file));
  for (const file of stale) await rm(join(outdir, file), { recursive: true, force: true });
} finally {
  await rm(work, { recursive: true, force: true });
}
