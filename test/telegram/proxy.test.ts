import net from 'node:net';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { CallFailure } from '../../src/telegram/failure.ts';
import { createHttpFetch } from '../../src/telegram/http-fetch.ts';
import { dispatcherFor } from '../../src/telegram/proxy.ts';
import { secureServer, socksProxy, tunnelProxy } from './proxies.ts';
import { answering, closedPort, listen } from './tiny-servers.ts';

const post = { headers: {}, body: 'chat_id=1' };
const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`;

async function through(proxy: string, apiRoot: string, timeoutMs = 5000) {
  const made = createHttpFetch({ dispatcher: await dispatcherFor(apiRoot, proxy, timeoutMs), timeoutMs });
  onTestFinished(() => made.close());
  return made;
}

async function failureOf(call: Promise<unknown>): Promise<CallFailure> {
  const error = await call.then(
    () => new Error('the call was answered'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CallFailure);
  return error as CallFailure;
}

const secureTelegram = () => secureServer((_, response) => response.end('yes'));
const telegram = () => listen(answering((body, request, response) => response.end(`${request.url} ${body}`)));

afterEach(() => vi.unstubAllEnvs());

describe('an http proxy', () => {
  test('gets whole addresses and the credentials', async () => {
    const api = await telegram();
    const seen: unknown[] = [];
    const proxy = await listen(
      answering((_, request, response) => {
        seen.push([request.url, request.headers['proxy-authorization']]);
        response.end('passed on');
      }),
    );
    const { fetch } = await through(`http://me:p%40ss@127.0.0.1:${proxy.port}`, api.url);
    expect(await fetch(`${api.url}/bot1:x/getMe`, post)).toMatchObject({ status: 200, body: 'passed on' });
    for (let n = 0; n < 5; n++) await fetch(`${api.url}/bot1:x/getMe`, post);
    expect(seen).toEqual(Array(6).fill([`${api.url}/bot1:x/getMe`, basic('me:p@ss')]));
    expect(proxy.sockets.length, 'the connection to the proxy is kept').toBeLessThanOrEqual(2);
    expect(api.sockets).toEqual([]);
  });

  test('that nobody answers at: the call never left; that drops it: it may have', async () => {
    const api = await telegram();
    const dead = await through(`http://me:hush@127.0.0.1:${await closedPort()}`, api.url);
    const refused = await failureOf(dead.fetch(api.url, post));
    expect(refused).toMatchObject({ mayHaveArrived: false, message: expect.stringMatching(/ECONNREFUSED/) });
    expect(refused.message).not.toContain('hush');

    const dropping = await listen(answering((_, request) => request.socket.destroy()));
    const dropped = await through(dropping.url, api.url);
    expect(await failureOf(dropped.fetch(api.url, post))).toMatchObject({ mayHaveArrived: true });
  });
});

describe('an https proxy', () => {
  test('opens a tunnel that is kept', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const api = await secureTelegram();
    const proxy = await tunnelProxy();
    const { fetch } = await through(`http://me:p%40ss@127.0.0.1:${proxy.port}`, api.url);
    for (let n = 0; n < 5; n++) expect(await fetch(api.url, post)).toMatchObject({ status: 200, body: 'yes' });
    expect(proxy.asked.length).toBeLessThanOrEqual(2);
    expect(proxy.asked).toEqual(proxy.asked.map(() => [`127.0.0.1:${api.port}`, basic('me:p@ss')]));
  });

  test('that refuses, is not there or leads to a server that nobody trusts: the call never left', async () => {
    const api = await secureTelegram();
    for (const code of [403, 407, 502]) {
      const refusing = await tunnelProxy(code);
      const { fetch } = await through(refusing.url, api.url);
      const message = `the proxy refuses to connect: HTTP ${code}`;
      expect(await failureOf(fetch(api.url, post))).toMatchObject({ mayHaveArrived: false, message });
      expect(refusing.asked).toHaveLength(1);
    }
    const dead = await through(`http://127.0.0.1:${await closedPort()}`, api.url);
    expect(await failureOf(dead.fetch(api.url, post))).toMatchObject({ mayHaveArrived: false });
    const proxy = await tunnelProxy();
    const untrusted = await through(proxy.url, api.url);
    const message = expect.stringMatching(/self-signed/);
    expect(await failureOf(untrusted.fetch(api.url, post))).toMatchObject({ mayHaveArrived: false, message });
  });

  test('that never answers: the call never left, and close drops the connection', async () => {
    const silent = await listen(net.createServer(() => {}));
    const { fetch, close } = await through(silent.url, 'https://127.0.0.1:1', 200);
    expect(await failureOf(fetch('https://127.0.0.1:1/', post))).toMatchObject({ mayHaveArrived: false });
    const dropped = new Promise((resolve) => silent.sockets[0]?.once('close', resolve));
    silent.sockets[0]?.resume();
    close();
    await dropped;
  });
});

test('close with a kept tunnel ends without an error', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  const api = await secureTelegram();
  const proxy = await tunnelProxy();
  const { fetch, close } = await through(proxy.url, api.url);
  await fetch(api.url, post);
  const dropped = new Promise((resolve) => proxy.sockets[0]?.once('close', resolve));
  close();
  await dropped;
});

describe('a socks5 proxy', () => {
  test('carries http and https', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const proxy = await socksProxy();
    const plain = await telegram();
    const secure = await secureTelegram();
    const address = `socks5://me:p%40ss@127.0.0.1:${proxy.port}`;
    const { fetch } = await through(address, plain.url);
    expect(await fetch(`${plain.url}/x`, post)).toMatchObject({ body: '/x chat_id=1' });
    expect(await fetch(`${plain.url}/y`, post)).toMatchObject({ body: '/y chat_id=1' });
    const overTls = await through(address, secure.url);
    expect(await overTls.fetch(secure.url, post)).toMatchObject({ body: 'yes' });
    expect(new Set(proxy.asked)).toEqual(new Set(['me p@ss']));
    expect(proxy.asked.length, 'connections are kept').toBeLessThanOrEqual(4);
  });

  test('that is not there: the call never left, and the password is in no message', async () => {
    const api = await telegram();
    const { fetch } = await through(`socks5://me:hush-hush@127.0.0.1:${await closedPort()}`, api.url);
    const failure = await failureOf(fetch(api.url, post));
    expect(failure.mayHaveArrived).toBe(false);
    expect(failure.message).not.toContain('hush-hush');
  });
});
