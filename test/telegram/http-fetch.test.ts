import { getEventListeners } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { Pool } from 'undici';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Connections, connectionsTo } from '../../src/telegram/connections.ts';
import { CallFailure } from '../../src/telegram/failure.ts';
import { createHttpFetch, type HttpFetch } from '../../src/telegram/http-fetch.ts';
import { cert, key } from './self-signed.ts';
import { answering, closedPort, listen } from './tiny-servers.ts';

const timeoutMs = 5000;

interface FetcherOptions {
  timeoutMs?: number;
  /** Of a pool of the test's own. */
  pool?: Pool.Options;
}

/** Connections have one origin: each that a test calls gets its own. */
function fetcher({ timeoutMs: limit = timeoutMs, pool }: FetcherOptions = {}) {
  const made = new Map<string, ReturnType<typeof createHttpFetch>>();
  const close = () => {
    for (const one of made.values()) one.close();
  };
  const fetch: HttpFetch = (url, options) => {
    const origin = URL.canParse(url) ? new URL(url).origin : 'http://127.0.0.1';
    const connections = () => (pool ? connectionsOf(new Pool(origin, pool)) : connectionsTo(origin, null, limit));
    const known = made.get(origin) ?? createHttpFetch({ connections: connections(), timeoutMs: limit });
    made.set(origin, known);
    return known.fetch(url, options);
  };
  onTestFinished(close);
  return { fetch, close };
}

const connectionsOf = (pool: Pool): Connections => ({
  post: ({ origin, path }, headers, body, handler) =>
    void pool.dispatch({ origin, path, method: 'POST', headers, body }, handler),
  close: () => void pool.destroy().catch(() => {}),
});

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
    const { fetch } = fetcher();
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
    const { fetch } = fetcher();
    expect(await fetch(`${server.url}/a`, post())).toMatchObject({ status: 307, body: '' });
    expect(paths).toEqual(['/a']);
  });

  test('is the last one, after any early hints, and may end with its connection', async () => {
    const server = await listen(
      answering((_, __, response) => {
        response.writeEarlyHints({ link: '</style.css>; rel=preload' });
        response.writeHead(418, { connection: 'close' }).end('yes');
      }),
    );
    const { fetch } = fetcher();
    expect(await fetch(server.url, post())).toMatchObject({ status: 418, body: 'yes' });
    const endless = await listen(
      net.createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nyes'))),
    );
    expect(await fetch(endless.url, post())).toMatchObject({ status: 200, headers: {}, body: 'yes' });
  });

  test('that is cut off, is no HTTP or has more than 1 MiB is no answer', async () => {
    const { fetch } = fetcher();
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
    expect(await failureOf(fetch(large.url, post()))).toMatchObject(maybe(/exceeded max size/));
    const full = await listen(answering((_, __, response) => response.end('x'.repeat(1024 * 1024))));
    expect((await fetch(full.url, post())).body).toHaveLength(1024 * 1024);
  });
});

describe('whether a call that fails can have arrived', () => {
  test('nobody listens, no such host, no address: never', async () => {
    const { fetch } = fetcher();
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
    const { fetch } = fetcher();
    expect(await failureOf(fetch(server.url, post()))).toMatchObject(maybe(/other side closed|ECONNRESET/));
    expect(arrived).toBe(1);
  });

  test('no answer in time: maybe, and about when the time is over', async () => {
    const server = await listen(answering(() => {}));
    const { fetch } = fetcher({ timeoutMs: 200 });
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
    const { fetch } = fetcher({ timeoutMs: 200 });
    expect(await failureOf(fetch(server.url, post()))).toMatchObject(maybe(/no answer within 200 ms/));
  });

  test('no connection in time: never', async () => {
    // The other end takes the connection but never shakes hands, so the request stays here.
    const server = await listen(
      net.createServer(() => {}),
      'https',
    );
    const { fetch } = fetcher({ timeoutMs: 200 });
    expect(await failureOf(fetch(server.url, post()))).toMatchObject(never(/no connection within 200 ms/));
    expect(server.sockets).toHaveLength(1);
  });

  test('TLS: a server that speaks none or whom nobody trusts never got it; a trusted one that hangs up may', async () => {
    const plain = await listen(
      answering(() => {}),
      'https',
    );
    const straight = fetcher();
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

    const elsewhere = fetcher({ pool: { connect: { ca: cert, servername: 'elsewhere.example' } } });
    expect(await failureOf(elsewhere.fetch(server.url, post()))).toMatchObject(never(/altnames/));
    expect(bodies).toEqual([]);

    const trusting = fetcher({ pool: { connect: { ca: cert } } });
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
    const { fetch } = fetcher({ pool: { connections: 1, connect: { ca: cert } } });
    const [first, second] = await Promise.allSettled([fetch(server.url, post()), fetch(`${server.url}/drop`, post())]);
    expect(first).toMatchObject({ status: 'fulfilled' });
    expect(second).toMatchObject({ status: 'rejected', reason: maybe(/./) });
    expect(server.sockets).toHaveLength(1);
  });

  test('an abort: before the call never, under way maybe', async () => {
    const abort = new AbortController();
    const server = await listen(answering(() => abort.abort()));
    const { fetch } = fetcher();
    expect(await failureOf(fetch(server.url, post(abort.signal)))).toMatchObject(maybe(/dropped/));
    expect(await failureOf(fetch(server.url, post(abort.signal)))).toMatchObject(never(/before the call/));
    expect(server.sockets).toHaveLength(1);
  });

  test('an abort: of a call that waits for a connection never, and it does not leave later', async () => {
    const asked: unknown[] = [];
    const abort = new AbortController();
    const server = await listen(
      answering((_, request, response) => {
        asked.push(request.url);
        abort.abort();
        response.end('yes');
      }),
    );
    const { fetch } = fetcher({ pool: { connections: 1 } });
    const calls = ['/a', '/b', '/c'].map((path) =>
      fetch(server.url + path, post(path === '/b' ? abort.signal : undefined)),
    );
    const [first, second, third] = await Promise.allSettled(calls);
    expect(second).toMatchObject({ status: 'rejected', reason: never(/dropped/) });
    for (const call of [first, third]) expect(call).toMatchObject({ status: 'fulfilled' });
    expect(asked).toEqual(['/a', '/c']);
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
    const { fetch } = fetcher();
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
    const { fetch } = fetcher();
    for (let n = 0; n < 10; n++) await fetch(server.url, post());
    expect(server.sockets).toHaveLength(1);
    const callOnAndOn = async () => {
      for (let n = 0; n < 10; n++) await fetch(server.url, post());
    };
    await Promise.all(Array.from({ length: 10 }, callOnAndOn));
    expect(server.sockets).toHaveLength(10);
  });

  test('carry one call each, and there are as many as calls', async () => {
    // Nobody is answered before all have asked: a call behind another one would wait for ever.
    const waiting: http.ServerResponse[] = [];
    const server = await listen(
      answering((_, __, response) => {
        waiting.push(response);
        if (waiting.length === 300) for (const one of waiting) one.end('yes');
      }),
    );
    const { fetch } = fetcher();
    const answers = await Promise.all(Array.from({ length: 300 }, () => fetch(server.url, post())));
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['yes']));
    expect(server.sockets).toHaveLength(300);
  });

  test('put one listener on a signal, however many of their calls share it', async () => {
    const server = await listen(answering((_, __, response) => response.end('yes')));
    const { fetch } = fetcher();
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 20 }, () => fetch(server.url, post(signal))));
    await fetch(server.url, post(signal));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  });

  test('that the server closed while idle are not used again', async () => {
    const server = http.createServer((_, response) => response.end('yes'));
    const { url, sockets } = await listen(server);
    const { fetch } = fetcher();
    await fetch(url, post());
    server.closeIdleConnections();
    await closed(sockets[0]);
    expect(await fetch(url, post())).toMatchObject({ body: 'yes' });
    expect(sockets).toHaveLength(2);
  });

  test.each([
    'destroy',
    'end',
    'resetAndDestroy',
  ] as const)('that the server has just closed (%s) lose no call: it never left, or is answered on another one', async (how) => {
    const arrived: net.Socket[] = [];
    const server = await listen(
      answering((_, request, response) => {
        arrived.push(request.socket);
        response.end('yes');
      }),
    );
    const { fetch } = fetcher();
    await fetch(server.url, post());
    server.sockets[0]?.[how]();
    const outcome = await fetch(server.url, post()).catch((error: CallFailure) => error);
    expect(outcome).toMatchObject(outcome instanceof CallFailure ? { mayHaveArrived: false } : { body: 'yes' });
    expect(arrived).toHaveLength(outcome instanceof CallFailure ? 1 : 2);
    expect(new Set(arrived).size).toBe(arrived.length);
  });

  test.each([
    ['nothing', {}],
    ['ten minutes', { 'keep-alive': 'timeout=600' }],
  ])('are given up after 4 s where the server promises %s', async (_, headers) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    // Node's own promise would be 5 s.
    const silent = Object.assign(
      answering((_, __, response) => response.writeHead(200, headers).end('yes')),
      { keepAliveTimeout: 0 },
    );
    const server = await listen(silent);
    const { fetch } = fetcher();
    await fetch(server.url, post());
    vi.advanceTimersByTime(3_900);
    await fetch(server.url, post());
    expect(server.sockets).toHaveLength(1);
    vi.advanceTimersByTime(4_100);
    await closed(server.sockets[0]);
    await fetch(server.url, post());
    expect(server.sockets).toHaveLength(2);
  });

  test('are given up sooner than the server says that it drops them', async () => {
    const server = await listen(
      answering((_, __, response) => response.writeHead(200, { 'keep-alive': 'timeout=1' }).end('yes')),
    );
    const { fetch } = fetcher();
    await fetch(server.url, post());
    await closed(server.sockets[0]);
    await fetch(server.url, post());
    expect(server.sockets).toHaveLength(2);
  });

  test('that do not stand yet are dropped by close as well', async () => {
    const silent = await listen(
      net.createServer(() => made.close()),
      'https',
    );
    const made = fetcher();
    expect(await failureOf(made.fetch(silent.url, post()))).toMatchObject(never(/closed/));
    await closed(silent.sockets[0]);
  });

  test('close drops the calls under way and refuses new ones', async () => {
    const server = await listen(answering(() => made.close()));
    const made = fetcher();
    expect(await failureOf(made.fetch(server.url, post()))).toMatchObject(maybe(/closed/));
    expect(await failureOf(made.fetch(server.url, post()))).toMatchObject(never(/closed/));
    expect(server.sockets).toHaveLength(1);
  });
});
