import { getEventListeners } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { Pool } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CallFailure } from '../../src/telegram/failure.ts';
import { createHttpFetch, type HttpFetch } from '../../src/telegram/http-fetch.ts';
import { dispatcherFor } from '../../src/telegram/proxy.ts';
import { cert, key } from './self-signed.ts';
import { answering, closedPort, listen } from './tiny-servers.ts';

const timeoutMs = 5000;

interface FetcherOptions {
  timeoutMs?: number;
  /** Of a pool of the test's own. */
  pool?: Pool.Options;
}

/** A pool has one origin: each that a test calls gets its own. */
async function fetcher({ timeoutMs: limit = timeoutMs, pool }: FetcherOptions = {}) {
  const made = new Map<string, Promise<ReturnType<typeof createHttpFetch>>>();
  const make = async (origin: string) =>
    createHttpFetch({
      dispatcher: pool ? new Pool(origin, pool) : await dispatcherFor(origin, null, limit),
      timeoutMs: limit,
    });
  const close = async () => {
    for (const one of await Promise.all(made.values())) one.close();
  };
  const fetch: HttpFetch = async (url, options) => {
    const origin = URL.canParse(url) ? new URL(url).origin : 'http://127.0.0.1';
    const known = made.get(origin) ?? make(origin);
    made.set(origin, known);
    return (await known).fetch(url, options);
  };
  onTestFinished(close);
  return { fetch, close };
}

const post = (signal?: AbortSignal) => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'chat_id=1&text=%C3%A4',
  signal,
});

/** The failure of a call, which must fail. */
async function failureOf(call: Promise<unknown>): Promise<CallFailure> {
  const error = await call.then(
    () => new Error('the call was answered'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CallFailure);
  return error as CallFailure;
}

/** Waits until a connection is closed, which may have been long ago. */
const closed = (socket: net.Socket | undefined) =>
  new Promise<void>((resolve) => {
    if (socket === undefined || socket.closed) return resolve();
    socket.resume().once('close', () => resolve());
  });

const maybe = (message: RegExp) => ({ mayHaveArrived: true, message: expect.stringMatching(message) });
const never = (message: RegExp) => ({ mayHaveArrived: false, message: expect.stringMatching(message) });

describe('an answer', () => {
  test('comes with status, headers and body, whatever the status', async () => {
    const seen: unknown[] = [];
    const server = await listen(
      answering((body, { method, url, headers }, response) => {
        seen.push([method, url, headers['content-type'], headers['content-length'], body]);
        response.writeHead(429, { 'retry-after': '3' }).end('später');
      }),
    );
    const { fetch } = await fetcher();
    const answer = await fetch(`${server.url}/bot1:x/sendMessage`, post());
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '3' }, body: 'später' });
    expect(seen).toEqual([
      ['POST', '/bot1:x/sendMessage', 'application/x-www-form-urlencoded', '21', 'chat_id=1&text=%C3%A4'],
    ]);
  });

  test('of a redirect is the redirect', async () => {
    const paths: unknown[] = [];
    const server = await listen(
      answering((_, request, response) => {
        paths.push(request.url);
        response.writeHead(307, { location: '/elsewhere' }).end();
      }),
    );
    const { fetch } = await fetcher();
    expect(await fetch(`${server.url}/a`, post())).toMatchObject({ status: 307, body: '' });
    expect(paths).toEqual(['/a']);
  });

  test('that is cut off, is no HTTP or has more than 1 MiB is no answer', async () => {
    const { fetch } = await fetcher();
    const cut = await listen(
      answering((_, request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"ok":true');
        setImmediate(() => request.socket.destroy());
      }),
    );
    expect(await failureOf(fetch(cut.url, post()))).toMatchObject(maybe(/other side closed|ECONNRESET/));
    const noise = await listen(net.createServer((socket) => socket.once('data', () => socket.end('220 mail\r\n'))));
    expect(await failureOf(fetch(noise.url, post()))).toMatchObject(maybe(/Expected HTTP/));
    const large = await listen(answering((_, __, response) => response.end('x'.repeat(1024 * 1024 + 1))));
    expect(await failureOf(fetch(large.url, post()))).toMatchObject(maybe(/1 MiB/));
    const full = await listen(answering((_, __, response) => response.end('x'.repeat(1024 * 1024))));
    expect((await fetch(full.url, post())).body).toHaveLength(1024 * 1024);
  });
});

describe('whether a call that fails can have arrived', () => {
  test('nobody listens, no such host, no address: never', async () => {
    const { fetch } = await fetcher();
    const port = await closedPort();
    expect(await failureOf(fetch(`http://127.0.0.1:${port}/`, post()))).toMatchObject(never(/ECONNREFUSED/));
    expect(await failureOf(fetch(`http://localhost:${port}/`, post()))).toMatchObject(never(/ECONNREFUSED/));
    expect(await failureOf(fetch('http://host.invalid/', post()))).toMatchObject(never(/ENOTFOUND|EAI_AGAIN/));
    const secret = await failureOf(fetch('http://[bot1:secret/', post()));
    expect(secret).toMatchObject(never(/no http or https address/));
    expect(secret.message).not.toContain('secret');
  });

  test('the connection drops after the request: maybe', async () => {
    let arrived = 0;
    const server = await listen(
      answering((_, request) => {
        arrived++;
        request.socket.destroy();
      }),
    );
    const { fetch } = await fetcher();
    expect(await failureOf(fetch(server.url, post()))).toMatchObject(maybe(/other side closed|ECONNRESET/));
    expect(arrived).toBe(1);
  });

  test('no answer in time: maybe, and about when the time is over', async () => {
    const server = await listen(answering(() => {}));
    const { fetch } = await fetcher({ timeoutMs: 200 });
    const before = performance.now();
    expect(await failureOf(fetch(server.url, post()))).toMatchObject(maybe(/no answer within 200 ms/));
    const took = performance.now() - before;
    expect(took).toBeGreaterThan(150);
    expect(took).toBeLessThan(2000);
    await closed(server.sockets[0]);
  });

  test('an answer that trickles on for ever is cut off in time as well', async () => {
    const server = await listen(
      answering((_, __, response) => {
        response.write('{');
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(drip));
      }),
    );
    const { fetch } = await fetcher({ timeoutMs: 200 });
    expect(await failureOf(fetch(server.url, post()))).toMatchObject(maybe(/no answer within 200 ms/));
  });

  test('no connection in time: never', async () => {
    // The other end takes the connection but never shakes hands, so the request stays here.
    const server = await listen(
      net.createServer(() => {}),
      'https',
    );
    const { fetch } = await fetcher({ timeoutMs: 200 });
    expect(await failureOf(fetch(server.url, post()))).toMatchObject(never(/no connection within 200 ms/));
    expect(server.sockets).toHaveLength(1);
  });

  test('TLS: a server that speaks none or whom nobody trusts never got it; a trusted one that hangs up may', async () => {
    const plain = await listen(
      answering(() => {}),
      'https',
    );
    const straight = await fetcher();
    expect(await failureOf(straight.fetch(plain.url, post()))).toMatchObject(never(/./));

    const bodies: string[] = [];
    const secure = https.createServer({ cert, key }, (request, response) => {
      request.on('data', (chunk) => bodies.push(String(chunk)));
      request.on('end', () => (request.url === '/drop' ? request.socket.destroy() : response.end('yes')));
    });
    secure.on('tlsClientError', () => {});
    const server = await listen(secure, 'https');
    expect(await failureOf(straight.fetch(server.url, post()))).toMatchObject(never(/self-signed certificate/));
    expect(bodies).toEqual([]);

    const trusting = await fetcher({ pool: { connect: { ca: cert } } });
    expect(await trusting.fetch(server.url, post())).toMatchObject({ status: 200, body: 'yes' });
    expect(await failureOf(trusting.fetch(`${server.url}/drop`, post()))).toMatchObject(maybe(/./));
    expect(bodies).toHaveLength(2);
  });

  test('a connection that waited for another call counts as standing', async () => {
    // With one connection for all, the second request gets it without the event of its making.
    const secure = https.createServer({ cert, key }, (request, response) => {
      request.resume();
      request.on('end', () => (request.url === '/drop' ? request.socket.destroy() : response.end('yes')));
    });
    const server = await listen(secure, 'https');
    const { fetch } = await fetcher({ pool: { connections: 1, connect: { ca: cert } } });
    const [first, second] = await Promise.allSettled([fetch(server.url, post()), fetch(`${server.url}/drop`, post())]);
    expect(first).toMatchObject({ status: 'fulfilled' });
    expect(second).toMatchObject({ status: 'rejected', reason: maybe(/./) });
    expect(server.sockets).toHaveLength(1);
  });

  test('an abort: before the call never, under way maybe', async () => {
    const abort = new AbortController();
    const server = await listen(answering(() => abort.abort()));
    const { fetch } = await fetcher();
    expect(await failureOf(fetch(server.url, post(abort.signal)))).toMatchObject(maybe(/dropped/));
    expect(await failureOf(fetch(server.url, post(abort.signal)))).toMatchObject(never(/before the call/));
    expect(server.sockets).toHaveLength(1);
  });

  test('an abort: of every call of its signal, and of no other', async () => {
    const waiting: http.ServerResponse[] = [];
    const abort = new AbortController();
    const server = await listen(
      answering((_, __, response) => {
        waiting.push(response);
        if (waiting.length === 4) abort.abort();
      }),
    );
    const { fetch } = await fetcher();
    const others = [fetch(server.url, post()), fetch(server.url, post(new AbortController().signal))];
    const dropped = [fetch(server.url, post(abort.signal)), fetch(server.url, post(abort.signal))];
    for (const call of dropped) expect(await failureOf(call)).toMatchObject(maybe(/dropped/));
    for (const response of waiting) response.end('yes');
    for (const call of others) expect(await call).toMatchObject({ body: 'yes' });
  });
});

describe('connections', () => {
  test('are used again', async () => {
    const server = await listen(answering((_, __, response) => response.end('yes')));
    const { fetch } = await fetcher();
    for (let n = 0; n < 10; n++) await fetch(server.url, post());
    // The pool lets a turn of the event loop pass before it uses one again.
    expect(server.sockets.length).toBeLessThanOrEqual(2);
  });

  test('put one listener on a signal, however many of their calls share it', async () => {
    const server = await listen(answering((_, __, response) => response.end('yes')));
    const { fetch } = await fetcher();
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 20 }, () => fetch(server.url, post(signal))));
    await fetch(server.url, post(signal));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  });

  test('that the server closed while idle are not used again', async () => {
    const server = http.createServer((_, response) => response.end('yes'));
    const { url, sockets } = await listen(server);
    const { fetch } = await fetcher();
    await fetch(url, post());
    server.closeIdleConnections();
    await closed(sockets[0]);
    expect(await fetch(url, post())).toMatchObject({ body: 'yes' });
    expect(sockets).toHaveLength(2);
  });

  test('are given up sooner than the server says that it drops them', async () => {
    const server = await listen(
      answering((_, __, response) => response.writeHead(200, { 'keep-alive': 'timeout=1' }).end('yes')),
    );
    const { fetch } = await fetcher();
    await fetch(server.url, post());
    await closed(server.sockets[0]);
    await fetch(server.url, post());
    expect(server.sockets).toHaveLength(2);
  });

  test('close drops the calls under way and refuses new ones', async () => {
    const server = await listen(answering(() => made.close()));
    const made = await fetcher();
    expect(await failureOf(made.fetch(server.url, post()))).toMatchObject(maybe(/closed/));
    expect(await failureOf(made.fetch(server.url, post()))).toMatchObject(never(/closed/));
    expect(server.sockets).toHaveLength(1);
  });
});
