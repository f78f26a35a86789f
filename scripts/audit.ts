/**
 * `npm run audit`: asks the registry what is known against the packages that ship inside the program, at the versions that
 * are built in. `npm audit --omit=dev` would look at none of them: they are installed to build, not to run. Exits with 1 where
 * something is known that audit-exceptions.json gives no reason to live with, or an exception has nothing to except.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** As `npm audit --json` tells it; a string in `via` names another package that is at fault. */
interface AuditReport {
  vulnerabilities?: Record<string, { nodes: string[]; via: (Advisory | string)[] }>;
  message?: string;
}

interface Advisory {
  title: string;
  url: string;
  severity: string;
}

const { values } = parseArgs({ options: { exceptions: { type: 'string', default: 'scripts/audit-exceptions.json' } } });
const exceptions: Record<string, string> = readJson(values.exceptions);
const sbom: { components: { name: string; version: string }[] } = readJson('dist/sbom.cdx.json');
const lock: { packages: Record<string, { version?: string }> } = readJson('package-lock.json');

const nodes = new Set<string>();
for (const { name, version } of sbom.components) {
  const found = Object.keys(lock.packages).filter(
    (node) => node.endsWith(`node_modules/${name}`) && lock.packages[node]?.version === version,
  );
  if (found.length === 0) fail(`${name} ${version} is built in and not locked: npm ci && npm run build`);
  for (const node of found) nodes.add(node);
}

const asked = spawnSync('npm', ['audit', '--json'], { encoding: 'utf8' });
const report: AuditReport = JSON.parse(asked.stdout || '{}');
if (report.vulnerabilities === undefined) fail(`the registry was not asked: ${report.message ?? asked.stderr}`);

const excepted = new Set<string>();
for (const [name, found] of Object.entries(report.vulnerabilities)) {
  for (const node of found.nodes.filter((node) => nodes.has(node))) {
    for (const advisory of found.via.filter((via) => typeof via !== 'string')) {
      const id = advisory.url.split('/').at(-1) ?? advisory.url;
      const reason = exceptions[id];
      const told = `${name} ${lock.packages[node]?.version}: ${advisory.title} (${advisory.severity}, ${advisory.url})`;
      if (reason === undefined) complain(told);
      else process.stdout.write(`excepted: ${told}: ${reason}\n`);
      excepted.add(id);
    }
  }
}
for (const id of Object.keys(exceptions).filter((id) => !excepted.has(id))) {
  complain(`${values.exceptions}: nothing is known (any more) as ${id}`);
}
if (process.exitCode === undefined)
  process.stdout.write(`${sbom.components.length} packages are built in; all is well\n`);

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}

function fail(line: string): never {
  process.stderr.write(`audit: ${line}\n`);
  process.exit(1);
}

/** The files are npm's and the build's own, or reviewed. */
function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8'));
}
