import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { botToken } from './support/bot-api.ts';
import { pendingDeletion } from './support/rows.ts';
import { bundle } from './support/run.ts';
import { createScene, type Scene } from './support/scene.ts';
import { forwardProxy, passOn, secureServer, socksProxy, tunnelProxy } from './telegram/proxies.ts';
import { cert, key } from './telegram/self-signed.ts';
import { answering, closedPort, listen } from './telegram/tiny-servers.ts';

const folder = mkdtempSync(join(tmpdir(), 'telesweep-proxy-'));
const certFile = join(folder, 'cert.pem');
const basic = `Basic ${Buffer.from('me:hush p@ss').toString('base64')}`;
const secrets = ['hush p@ss', 'hush%20p%40ss', basic.slice(6), botToken];
let scene: Scene;

beforeAll(async () => {
  writeFileSync(certFile, cert);
  scene = await createScene();
});
afterAll(async () => {
  await scene.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A pass in a process of its own: Node reads certificates and hooks when it starts. */
async function passApart(env: Record<string, string>) {
  const result = await scene.start(['delete-due', '--json'], env).done;
  const { summary } = result;
  if (summary === undefined) throw new Error(`no summary: ${result.stderr}`);
  return { ...result, summary };
}

/** One record of two messages, swept through a proxy; all that is printed, with packages asked to tell what they do. */
async function sweepThrough(proxy: string, env: Record<string, string> = {}) {
  const chatId = 1000 + scene.api.callCount;
  scene.api.addMessages(chatId, [1, 2]);
  await pendingDeletion(scene.db, { chatId, messageIds: [1, 2] });
  const result = await passApart({ TELEGRAM_PROXY: proxy, NODE_EXTRA_CA_CERTS: certFile, DEBUG: '*', ...env });
  const output = result.stdout + result.stderr;
  for (const secret of secrets) expect(output).not.toContain(secret);
  expect(output).not.toMatch(/Warning/);
  return { ...result, left: scene.api.messageIds(chatId), notices: scene.api.sent(chatId).length };
}

describe('TELEGRAM_PROXY', () => {
  test('an http proxy carries a pass to an http address', async () => {
    const proxy = await forwardProxy();
    const { code, summary, notices } = await sweepThrough(`http://me:hush%20p%40ss@127.0.0.1:${proxy.port}`);
    expect([code, summary.outcome, summary.counts.messages_deleted, notices]).toEqual([0, 'ok', 2, 1]);
    expect(proxy.asked).toHaveLength(summary.telegram.calls);
    expect(new Set(proxy.asked.map(([, credentials]) => credentials))).toEqual(new Set([basic]));
  });

  test('an http proxy opens a tunnel to an https address', async () => {
    const proxy = await tunnelProxy();
    const secure = await secureServer((request, response) => passOn(scene.api.url + request.url, request, response));
    const env = { TELEGRAM_API_ROOT: secure.url };
    const { code, summary, notices } = await sweepThrough(`http://me:hush%20p%40ss@127.0.0.1:${proxy.port}`, env);
    expect([code, summary.outcome, summary.counts.messages_deleted, notices]).toEqual([0, 'ok', 2, 1]);
    expect(proxy.asked.length).toBeGreaterThan(0);
    expect(new Set(proxy.asked.map(String))).toEqual(new Set([String([`127.0.0.1:${secure.port}`, basic])]));
    expect(secure.sockets).toHaveLength(proxy.asked.length);
  });

  test('a proxy with a certificate carries a pass', async () => {
    const proxy = await tunnelProxy(undefined, https.createServer({ cert, key }));
    const secure = await secureServer((request, response) => passOn(scene.api.url + request.url, request, response));
    const env = { TELEGRAM_API_ROOT: secure.url };
    const { code, summary, notices } = await sweepThrough(`https://me:hush%20p%40ss@localhost:${proxy.port}`, env);
    expect([code, summary.outcome, summary.counts.messages_deleted, notices]).toEqual([0, 'ok', 2, 1]);
    expect(new Set(proxy.asked.map(String))).toEqual(new Set([String([`127.0.0.1:${secure.port}`, basic])]));
  });

  test.each(['socks5', 'socks5h'])('a %s proxy carries a pass', async (scheme) => {
    const proxy = await socksProxy();
    const { code, summary, notices } = await sweepThrough(`${scheme}://me:hush%20p%40ss@127.0.0.1:${proxy.port}`);
    expect([code, summary.outcome, summary.counts.messages_deleted, notices]).toEqual([0, 'ok', 2, 1]);
    expect(new Set(proxy.asked)).toEqual(new Set(['me hush p@ss']));
  });

  test.each([
    'http',
    'socks5',
  ])('an %s proxy that is not there ends the pass with 69, and the record stays', async (scheme) => {
    const calls = scene.api.callCount;
    const { code, summary, left } = await sweepThrough(`${scheme}://me:hush%20p%40ss@127.0.0.1:${await closedPort()}`);
    expect([code, summary.stop_reason, left]).toEqual([69, 'error', [1, 2]]);
    expect(summary.error).toMatch(/^Telegram cannot be reached: .*ECONNREFUSED/);
    expect(scene.api.callCount).toBe(calls);
    await scene.db.query('delete from pending_deletions');
  });

  test('a certificate that nobody here knows ends the pass with 69 and the setting that makes it known', async () => {
    const secure = await secureServer((request, response) => passOn(scene.api.url + request.url, request, response));
    await pendingDeletion(scene.db, { chatId: 76, messageIds: [1] });
    const { code, summary } = await passApart({ TELEGRAM_API_ROOT: secure.url });
    expect(code).toBe(69);
    expect(summary.error).toMatch(/^Telegram cannot be reached: self-signed certificate; .*NODE_EXTRA_CA_CERTS/);
    await scene.db.query('delete from pending_deletions');
  });

  test('a proxy that refuses the credentials ends the pass with 69, and the record stays as it was', async () => {
    const http = await listen(answering((_, __, response) => response.writeHead(407).end('<h1>No</h1>')));
    const socks = await socksProxy({ login: 1 });
    for (const address of [
      `http://me:hush%20p%40ss@127.0.0.1:${http.port}`,
      `socks5://me:hush%20p%40ss@127.0.0.1:${socks.port}`,
    ]) {
      const { code, summary, left } = await sweepThrough(address);
      expect([code, summary.stop_reason, left]).toEqual([69, 'error', [1, 2]]);
      expect(summary.error).toMatch(/the proxy wants other credentials|Authentication failed/);
      expect(await scene.db.query('select 1 from pending_deletions where failed_at is null')).toHaveLength(1);
      await scene.db.query('delete from pending_deletions');
    }
  });

  test('undici is loaded only where something is due, and the package for socks5 only where it is set', async () => {
    const hook = join(folder, 'list-loaded.cjs');
    const list = join(folder, 'loaded.json');
    writeFileSync(
      hook,
      `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(list)}, JSON.stringify(Object.keys(require.cache))));`,
    );
    const NODE_OPTIONS = `--require ${JSON.stringify(hook)}`;
    const filesWith = (words: string) =>
      readdirSync(dirname(bundle))
        .map((file) => join(dirname(bundle), file))
        .filter((file) => file.endsWith('.cjs') && readFileSync(file, 'utf8').includes(words));
    const packages = { undici: filesWith('HTTPParserError'), socks: filesWith('Socks5 Authentication failed') };
    expect(Object.values(packages).map(({ length }) => length)).toEqual([1, 1]);
    const loadedPackages = () => {
      const loaded: string[] = JSON.parse(readFileSync(list, 'utf8'));
      expect(loaded).toContain(bundle);
      return Object.entries(packages).flatMap(([name, files]) =>
        files.some((file) => loaded.includes(file)) ? name : [],
      );
    };

    const idle = await passApart({ NODE_OPTIONS });
    expect(idle.summary.telegram.calls).toBe(0);
    expect(loadedPackages()).toEqual([]);
    await pendingDeletion(scene.db, { chatId: 77, messageIds: [1] });
    await passApart({ NODE_OPTIONS });
    expect(loadedPackages()).toEqual(['undici']);
    const proxy = await socksProxy();
    await sweepThrough(`socks5://me:hush%20p%40ss@127.0.0.1:${proxy.port}`, { NODE_OPTIONS });
    expect(loadedPackages()).toEqual(['undici', 'socks']);
  });
});
