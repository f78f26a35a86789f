/** What the registry knows against packages, asked by npm itself of a registry that the test plays. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';

const advisory = (id: string, range = '*') => ({
  id,
  url: `https://github.com/advisories/${id}`,
  title: `what ${id} tells`,
  severity: 'high',
  vulnerable_versions: range,
});

let registry: Server;
let folder: string;
let known: Record<string, object[]> = {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'telesweep-audit-'));
  registry = createServer((request, response) => {
    request.resume().on('end', () => {
      const asked = request.url === '/-/npm/v1/security/advisories/bulk';
      response
        .writeHead(asked ? 200 : 404, { 'content-type': 'application/json' })
        .end(asked ? JSON.stringify(known) : '{}');
    });
  }).listen(0, '127.0.0.1');
  await once(registry, 'listening');
});
afterAll(() => {
  registry.close();
  rmSync(folder, { recursive: true });
});

async function audit(exceptions: Record<string, string>) {
  const file = join(folder, 'exceptions.json');
  writeFileSync(file, JSON.stringify(exceptions));
  const { port } = registry.address() as AddressInfo;
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/audit.ts', '--exceptions', file], {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: process.env.PATH, HOME: folder, npm_config_registry: `http://127.0.0.1:${port}` },
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stdout, stderr };
}

test('what is known against a package that ships fails, unless there is a reason to live with it', async () => {
  known = { undici: [advisory('GHSA-of-undici')], tinyqueue: [advisory('GHSA-of-old', '<1.0.0')] };
  const found = await audit({});
  expect(found).toMatchObject({ code: 1, stdout: '' });
  expect(found.stderr).toMatch(/^undici [\d.]+: what GHSA-of-undici tells \(high, https:.*\)\n$/);
  const excepted = await audit({ 'GHSA-of-undici': 'telesweep does not ask for it' });
  expect(excepted).toMatchObject({ code: 0, stderr: '' });
  expect(excepted.stdout).toMatch(
    /^excepted: undici .*: telesweep does not ask for it\n\d+ packages are built in; all is well\n$/,
  );
});

test('what is known against a tool that does not ship is no fault of the program', async () => {
  known = { '@biomejs/biome': [advisory('GHSA-of-biome')] };
  expect(await audit({})).toMatchObject({ code: 0, stderr: '' });
});

test('an exception that excepts nothing fails', async () => {
  known = {};
  const { code, stderr } = await audit({ 'GHSA-gone': 'it was so' });
  expect(code).toBe(1);
  expect(stderr).toContain('nothing is known (any more) as GHSA-gone');
});
