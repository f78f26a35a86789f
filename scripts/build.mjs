/**
 * Builds dist/: the program with all its packages in it, their licences, an SBOM (CycloneDX), and source maps, which stay
 * out of the tarball and serve `npm run trace`.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const telesweep = JSON.parse(await readFile('package.json', 'utf8'));
const reasons = JSON.parse(await readFile('scripts/built-in.json', 'utf8'));

/**
 * Two lines that are shell and JavaScript at once. Every Node (tried: 20, 22, 24, 26) looks for the file of an `--env-file`
 * behind the script as well and exits 9 where it is missing; the two dashes tell it to leave the flag to telesweep.
 * BusyBox has no `env -S` to say so in one line.
 */
const start = `#!/usr/bin/env sh\n':' //; exec node -- "$0" "$@"`;

/** The packages that the files were made of, by folder; each has a reason and a licence. @throws where one has not */
async function builtInPackages(files) {
  const folders = files.map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  const packages = [];
  for (const folder of [...new Set(folders.filter((found) => found !== undefined))].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry)) ?? 'README.md';
    // Two packages of old have theirs at the end of the README alone.
    const text = /^(?:.*\n## license\n)?(.*)$/is.exec(await readFile(join(folder, file), 'utf8'))?.[1]?.trim() ?? '';
    if (!/permission|redistribution|licensor/i.test(text))
      throw new Error(`${name} ${version}: no text of its licence`);
    packages.push({ name, version, license, text });
  }
  const names = packages.map(({ name }) => name);
  const problems = names.filter((name) => !(name in reasons)).map((name) => `no reason for ${name}`);
  for (const name of Object.keys(reasons)) if (!names.includes(name)) problems.push(`not built in (any more): ${name}`);
  if (problems.length > 0) throw new Error(`scripts/built-in.json: ${problems.join('; ')}`);
  return packages;
}

const componentOf = (type, { name, version, license }) => {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type, 'bom-ref': purl, name, version, licenses: [{ expression: license }], purl };
};

/** undici does without where Node has none, and ours speaks HTTP/1.1 alone: 6 ms of every pass with work. */
const withoutHttp2 = {
  name: 'without-http2',
  resolveId: (id) => (id === 'node:http2' ? '\0http2' : null),
  load: (id) => (id === '\0http2' ? 'export const constants = {};' : null),
};

const work = await mkdtemp('.build-');
try {
  const bundle = await rolldown({
    input: 'bin/telesweep.ts',
    platform: 'node',
    plugins: [withoutHttp2],
    transform: {
      target: 'node20.19',
      // pg asks for Response to know Cloudflare's runtime by, the Bot API's library for Request to know whether bodies may
      // stream. In Node 20 the question alone loads its fetch: 17 ms.
      define: { Response: 'undefined', Request: 'undefined' },
    },
  });
  const { output } = await bundle.write({
    dir: work,
    // Node starts CommonJS faster than ES modules: 5 ms.
    format: 'cjs',
    // What loads with its first use stands in files of its own, 33 ms less than one file of all, and what every pass runs in one:
    // each further one takes 0.2 ms to find.
    codeSplitting: { groups: [{ name: 'pass', test: /src\/cli\/main\.ts$/ }] },
    // 3 ms, and 1.2 MB in place of 1.9.
    minify: true,
    comments: false,
    postBanner: ({ isEntry }) => (isEntry ? start : ''),
    entryFileNames: 'telesweep.cjs',
    chunkFileNames: 'telesweep-[name]-[hash].cjs',
    sourcemap: 'hidden',
  });
  await chmod(join(work, 'telesweep.cjs'), 0o755);
  const packages = await builtInPackages(output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : [])));
  const licenses = packages.map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`);
  await writeFile(join(work, 'licenses.txt'), licenses.join(`\n${'-'.repeat(78)}\n\n`));
  const metadata = { component: componentOf('application', telesweep) };
  const components = packages.map((found) => componentOf('library', found));
  const sbom = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata, components };
  await writeFile(join(work, 'sbom.cdx.json'), `${JSON.stringify(sbom, null, 2)}\n`);
  // What is new comes before what is old goes, and telesweep.cjs last: a program started meanwhile finds its files.
  const files = await readdir(work);
  await mkdir('dist', { recursive: true });
  for (const file of files.sort()) await rename(join(work, file), join('dist', file));
  const stale = (await readdir('dist')).filter((file) => !files.includes(file));
  for (const file of stale) await rm(join('dist', file), { recursive: true, force: true });
} finally {
  await rm(work, { recursive: true, force: true });
}
