import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createClient } from '../../src/telegram/client.ts';
import { connectionsTo } from '../../src/telegram/connections.ts';
import { CallFailure } from '../../src/telegram/failure.ts';
import { createHttpFetch } from '../../src/telegram/http-fetch.ts';
import { readProxy } from '../../src/telegram/proxy.ts';
import { secureServer, socksProxy, tunnelProxy } from './proxies.ts';
import { cert, key } from './self-signed.ts';
import { answering, closedPort, listen } from './tiny-servers.ts';

const post = { headers: {}, body: 'chat_id=1' };
const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`;

function through(proxy: string, apiRoot: string, timeoutMs = 5000) {
  const made = createHttpFetch({ connections: connectionsTo(apiRoot, proxy, timeoutMs), timeoutMs });
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
    const { fetch } = through(`http://me:p%40ss@127.0.0.1:${proxy.port}`, api.url);
    expect(await fetch(`${api.url}/bot1:x/getMe`, post)).toMatchObject({ status: 200, body: 'passed on' });
    for (let n = 0; n < 5; n++) await fetch(`${api.url}/bot1:x/getMe`, post);
    expect(seen).toEqual(Array(6).fill([`${api.url}/bot1:x/getMe`, basic('me:p@ss')]));
    expect(proxy.sockets.length, 'the connection to the proxy is kept').toBeLessThanOrEqual(2);
    expect(api.sockets).toEqual([]);
  });

  test('names the server as host, and its connections are given up as others are', async () => {
    const hosts: unknown[] = [];
    const proxy = await listen(
      answering((_, request, response) => {
        hosts.push(request.headers.host);
        response.writeHead(200, { 'keep-alive': 'timeout=1' }).end('passed on');
      }),
    );
    const { fetch } = through(proxy.url, 'http://telegram.example:81');
    for (let n = 0; n < 2; n++) {
      await fetch('http://telegram.example:81/', post);
      const socket = proxy.sockets[n];
      if (socket?.closed === false) await once(socket.resume(), 'close');
    }
    expect(hosts).toEqual(['telegram.example:81', 'telegram.example:81']);
    expect(proxy.sockets).toHaveLength(2);
  });

  test('that wants other credentials says so in its own answer', async () => {
    const proxy = await listen(answering((_, __, response) => response.writeHead(407).end('<h1>No</h1>')));
    const { fetch } = through(`http://me:wrong@127.0.0.1:${proxy.port}`, 'http://telegram.example');
    expect(await fetch('http://telegram.example/', post)).toMatchObject({ status: 407 });
    const client = await createClient('1:x', { apiRoot: 'http://telegram.example', timeoutMs: 5000, proxy: proxy.url });
    onTestFinished(() => client.close());
    expect(await client.sendMessage({ chatId: '7', text: 'x' })).toMatchObject({ kind: 'not_sent' });
  });

  test('that nobody answers at: the call never left; that drops it: it may have', async () => {
    const api = await telegram();
    const dead = through(`http://me:hush@127.0.0.1:${await closedPort()}`, api.url);
    const refused = await failureOf(dead.fetch(api.url, post));
    expect(refused).toMatchObject({ mayHaveArrived: false, message: expect.stringMatching(/ECONNREFUSED/) });
    expect(refused.message).not.toContain('hush');

    const dropping = await listen(answering((_, request) => request.socket.destroy()));
    const dropped = through(dropping.url, api.url);
    expect(await failureOf(dropped.fetch(api.url, post))).toMatchObject({ mayHaveArrived: true });
  });
});

describe('an http proxy on the way to an https address', () => {
  test('opens a tunnel that is kept', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const api = await secureTelegram();
    const proxy = await tunnelProxy();
    const { fetch } = through(`http://me:p%40ss@127.0.0.1:${proxy.port}`, api.url);
    for (let n = 0; n < 5; n++) expect(await fetch(api.url, post)).toMatchObject({ status: 200, body: 'yes' });
    expect(proxy.asked.length).toBeLessThanOrEqual(2);
    expect(proxy.asked).toEqual(proxy.asked.map(() => [`127.0.0.1:${api.port}`, basic('me:p@ss')]));
  });

  test('that refuses, is not there or leads to a server that nobody trusts: the call never left', async () => {
    const api = await secureTelegram();
    for (const code of [403, 407, 502]) {
      const refusing = await tunnelProxy(code);
      const { fetch } = through(refusing.url, api.url);
      const message = `the proxy refuses to connect: HTTP ${code}`;
      expect(await failureOf(fetch(api.url, post))).toMatchObject({ mayHaveArrived: false, message });
      expect(refusing.asked).toHaveLength(1);
    }
    const dead = through(`http://127.0.0.1:${await closedPort()}`, api.url);
    expect(await failureOf(dead.fetch(api.url, post))).toMatchObject({ mayHaveArrived: false });
    const proxy = await tunnelProxy();
    const untrusted = through(proxy.url, api.url);
    const message = expect.stringMatching(/self-signed/);
    expect(await failureOf(untrusted.fetch(api.url, post))).toMatchObject({ mayHaveArrived: false, message });
  });

  test('that never answers: the call never left, and the connection is given up as well', async () => {
    const silent = await listen(net.createServer(() => {}));
    const { fetch } = through(silent.url, 'https://127.0.0.1:1', 200);
    expect(await failureOf(fetch('https://127.0.0.1:1/', post))).toMatchObject({ mayHaveArrived: false });
    const [socket] = silent.sockets;
    if (socket?.resume().closed === false) await once(socket, 'close');
  });

  test('that never answers: close drops the call and the connection', async () => {
    const silent = await listen(net.createServer(() => close()));
    const { fetch, close } = through(silent.url, 'https://127.0.0.1:1');
    const message = 'the client was closed';
    expect(await failureOf(fetch('https://127.0.0.1:1/', post))).toMatchObject({ mayHaveArrived: false, message });
    const [socket] = silent.sockets;
    if (socket?.resume().closed === false) await once(socket, 'close');
  });
});

describe('a proxy that hangs up or talks nonsense: the call never left', () => {
  const yes = 'HTTP/1.1 200 OK\r\n\r\n';
  test.each<[string, (socket: net.Socket) => void]>([
    ['at once', (socket) => socket.destroy()],
    ['with a reset', (socket) => socket.resetAndDestroy()],
    ['with a greeting', (socket) => socket.end('220 mail\r\n')],
    ['after it agreed', (socket) => socket.end(yes)],
    ['with a reset after it agreed', (socket) => socket.write(yes, () => socket.resetAndDestroy())],
    ['in the middle of its answer', (socket) => socket.end('HTTP/1.1 200 O')],
    ['after an answer in between', (socket) => socket.end(`HTTP/1.1 102 Processing\r\n\r\n${yes}`)],
  ])('http, %s', async (_, answer) => {
    const proxy = await listen(http.createServer().on('connect', (_, socket: net.Socket) => answer(socket)));
    const { fetch } = through(proxy.url, 'https://telegram.example');
    const failure = await failureOf(fetch('https://telegram.example/', post));
    expect(failure).toMatchObject({ mayHaveArrived: false, message: expect.not.stringMatching(/within/) });
  });

  test.each<[string, number[][]]>([
    ['at once', []],
    ['after the greeting', [[5, 0]]],
    ['with another version', [[4, 0]]],
  ])('socks5, %s', async (_, answers) => {
    const proxy = await listen(
      net.createServer((socket) => {
        if (answers.length === 0) return socket.destroy();
        socket.on('data', () => socket.end(Buffer.from(answers[0] ?? [])));
      }),
    );
    const { fetch } = through(`socks5://127.0.0.1:${proxy.port}`, 'http://telegram.example');
    const failure = await failureOf(fetch('http://telegram.example/', post));
    expect(failure).toMatchObject({ mayHaveArrived: false, message: expect.not.stringMatching(/within/) });
  });
});

describe('a proxy that is reached over TLS', () => {
  const overTls = () => https.createServer({ cert, key }).on('tlsClientError', () => {});

  test('carries http and https', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const asked: unknown[] = [];
    const forward = await secureServer((request, response) => {
      asked.push([request.url, request.headers['proxy-authorization']]);
      response.end('passed on');
    });
    const names: unknown[] = [];
    forward.server.on('secureConnection', ({ servername }: TLSSocket) => names.push(servername));
    const { fetch } = through(`https://me:p%40ss@localhost:${forward.port}`, 'http://telegram.example');
    for (let n = 0; n < 3; n++)
      expect(await fetch('http://telegram.example/x', post)).toMatchObject({ body: 'passed on' });
    expect(asked).toEqual(Array(3).fill(['http://telegram.example/x', basic('me:p@ss')]));
    expect(names).toEqual(['localhost']);

    const api = await secureTelegram();
    const tunnels = await tunnelProxy(undefined, overTls());
    const tunnelled = through(`https://me:p%40ss@127.0.0.1:${tunnels.port}`, api.url);
    expect(await tunnelled.fetch(api.url, post)).toMatchObject({ body: 'yes' });
    expect(tunnels.asked).toEqual([[`127.0.0.1:${api.port}`, basic('me:p@ss')]]);
  });

  test.each([
    'http://telegram.example',
    'https://telegram.example',
  ])('but is not trusted: no call to %s leaves', async (root) => {
    const proxy = await tunnelProxy(undefined, overTls());
    const { fetch } = through(`https://me:hush-hush@127.0.0.1:${proxy.port}`, root);
    const message = expect.stringMatching(/self-signed/);
    expect(await failureOf(fetch(root, post))).toMatchObject({ mayHaveArrived: false, message });
    expect(proxy.asked).toEqual([]);
  });
});

test('close with a kept tunnel ends without an error', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  const api = await secureTelegram();
  const proxy = await tunnelProxy();
  const { fetch, close } = through(proxy.url, api.url);
  await fetch(api.url, post);
  const dropped = new Promise((resolve) => proxy.sockets[0]?.once('close', resolve));
  close();
  await dropped;
});

test('an address of IPv6 loses its brackets, and a stray percent sign stands for itself', () => {
  const { address, username, password } = readProxy('http://me:100%@[::1]:3128');
  expect(address).toEqual({ protocol: 'http:', host: '[::1]:3128', hostname: '::1', port: '3128' });
  expect([username, password]).toEqual(['me', '100%']);
});

describe('a socks5 proxy', () => {
  test('carries http and https', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const proxy = await socksProxy();
    const plain = await telegram();
    const secure = await secureTelegram();
    const address = `socks5://me:p%40ss@127.0.0.1:${proxy.port}`;
    const { fetch } = through(address, plain.url);
    expect(await fetch(`${plain.url}/x`, post)).toMatchObject({ body: '/x chat_id=1' });
    expect(await fetch(`${plain.url}/y`, post)).toMatchObject({ body: '/y chat_id=1' });
    const overTls = through(address, secure.url);
    expect(await overTls.fetch(secure.url, post)).toMatchObject({ body: 'yes' });
    expect(new Set(proxy.asked)).toEqual(new Set(['me p@ss']));
    expect(proxy.asked.length, 'connections are kept').toBeLessThanOrEqual(4);
  });

  test('looks up the name itself, whether it is called socks5 or socks5h, and nobody is warned', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error) => warnings.push(warning);
    process.on('warning', warned);
    onTestFinished(() => {
      process.off('warning', warned);
    });
    const api = await telegram();
    for (const scheme of ['socks5', 'socks5h']) {
      const proxy = await socksProxy();
      const root = `http://localhost:${api.port}`;
      const { fetch } = through(`${scheme}://me:p%40ss@127.0.0.1:${proxy.port}`, root);
      expect(await fetch(`${root}/x`, post)).toMatchObject({ body: '/x chat_id=1' });
      expect(proxy.targets).toEqual(['localhost']);
    }
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
  });

  test('that refuses the login or the target, or says nothing: the call never left', async () => {
    const api = await telegram();
    const silent = await listen(net.createServer(() => {}));
    const proxies = [
      [(await socksProxy({ login: 1 })).port, /Authentication failed/],
      [(await socksProxy({ target: 2 })).port, /NotAllowed/],
      [silent.port, /no connection within 200 ms/],
    ] as const;
    for (const [port, words] of proxies) {
      const { fetch } = through(`socks5://me:hush-hush@127.0.0.1:${port}`, api.url, 200);
      const failure = await failureOf(fetch(api.url, post));
      expect(failure).toMatchObject({ mayHaveArrived: false, message: expect.stringMatching(words) });
    }
    expect(api.sockets).toEqual([]);
  });

  test('that drops the connection after the request: it may have arrived', async () => {
    const api = await listen(answering((_, request) => request.socket.destroy()));
    const proxy = await socksProxy();
    const { fetch } = through(`socks5://me:p%40ss@127.0.0.1:${proxy.port}`, api.url);
    expect(await failureOf(fetch(api.url, post))).toMatchObject({ mayHaveArrived: true });
    expect(api.sockets).toHaveLength(1);
  });

  test('that is not there: the call never left, and the password is in no message', async () => {
    const api = await telegram();
    const { fetch } = through(`socks5://me:hush-hush@127.0.0.1:${await closedPort()}`, api.url);
    const failure = await failureOf(fetch(api.url, post));
    expect(failure.mayHaveArrived).toBe(false);
    expect(failure.message).not.toContain('hush-hush');
  });
});
