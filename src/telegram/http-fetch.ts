/**
 * A small fetch over node:http: it knows whether a request can have reached the server, which decides whether a send may
 * be repeated. Node's global fetch cannot tell, and costs four times the CPU.
 */
import type { Agent, ClientRequest } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { urlToHttpOptions } from 'node:url';
import { CallFailure } from './failure.ts';
import type { AnswerHeaders } from './outcome.ts';

export interface HttpAnswer {
  status: number;
  headers: AnswerHeaders;
  body: string;
}

export interface HttpPost {
  headers: Record<string, string>;
  body: string;
  signal?: AbortSignal | undefined;
}

/** Posts and returns whatever answer came; follows no redirect. Throws only `CallFailure`. */
export type HttpFetch = (url: string, post: HttpPost) => Promise<HttpAnswer>;

const maxAnswerBytes = 1024 * 1024;

/**
 * @param options.timeoutMs for one whole call, from the look-up of the name to the answer's last byte
 * @returns the fetch, and `close`, which drops the calls under way and every connection
 */
export function createHttpFetch(options: { agent: Agent; timeoutMs: number }): { fetch: HttpFetch; close(): void } {
  const { agent, timeoutMs } = options;
  const connected = new WeakSet<Duplex>();
  const underWay = new Set<Call>();
  const addresses = new Map<string, http.RequestOptions>();
  const heeded = new WeakSet<AbortSignal>();
  let closed = false;

  /** Splits an address once: a pass calls few of them many times, and each time costs 5 µs of 40. */
  const addressOf = (url: string): http.RequestOptions => {
    const known = addresses.get(url);
    if (known !== undefined) return known;
    const address = urlToHttpOptions(new URL(url));
    addresses.set(url, address);
    return address;
  };

  const failAll = (message: string, signal?: AbortSignal): void => {
    for (const call of underWay) if (signal === undefined || call.signal === signal) call.fail?.(message);
  };

  /** One listener for all calls of a signal. With one a call, Node's removed listeners hold on to those after them. */
  const heed = (signal: AbortSignal): void => {
    if (heeded.has(signal)) return;
    heeded.add(signal);
    signal.addEventListener('abort', () => failAll('the call was dropped', signal), { once: true });
  };

  const fetch: HttpFetch = (url, { headers, body, signal }) =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new CallFailure('the client is closed', false));
      if (signal?.aborted) return reject(new CallFailure('stopped before the call', false));
      let request: ClientRequest;
      try {
        request = start({ ...addressOf(url), method: 'POST', agent, headers });
      } catch {
        // The error's own words may quote the address, and with it the token.
        return reject(new CallFailure('the address of the Bot API is no http or https address', false));
      }
      const mayHaveArrived = watchConnection(request, connected, () => fail('the connection was already down'));

      const settle = (): boolean => {
        if (call.fail === null) return false;
        call.fail = null;
        underWay.delete(call);
        clearTimeout(timer);
        return true;
      };
      const fail = (message: string): void => {
        if (!settle()) return;
        request.destroy();
        reject(new CallFailure(message, mayHaveArrived()));
      };
      const timer = setTimeout(() => {
        fail(`no ${mayHaveArrived() ? 'answer' : 'connection'} within ${timeoutMs} ms`);
      }, timeoutMs);
      const call: Call = { fail, signal };
      underWay.add(call);
      if (signal !== undefined) heed(signal);

      // The listener stays after the end: a late error must not become an uncaught one.
      request.on('error', (error) => fail(messageOf(error)));
      // A proxy that refuses the tunnel: what follows is its own answer, not Telegram's.
      request.on('proxyConnect', ({ statusCode }: { statusCode?: number }) => {
        if (statusCode !== undefined && statusCode !== 200) fail(`the proxy refuses to connect: HTTP ${statusCode}`);
      });
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > maxAnswerBytes) fail('an answer of more than 1 MiB');
          else chunks.push(chunk);
        });
        // Comes without an `end` where the connection broke.
        response.on('close', () => fail('the answer broke off'));
        response.on('end', () => {
          if (!settle()) return;
          const text = Buffer.concat(chunks, bytes).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      });
      request.end(body);
    });

  const close = (): void => {
    closed = true;
    failAll('the client was closed');
    agent.destroy();
  };
  return { fetch, close };
}

/**
 * A call under way. Its end takes `fail` out: a Set's former tables live on for a while with what was in them, and whole
 * calls kept so cost 60 MiB and half the time (20,000 calls: 65 µs each instead of 36).
 */
interface Call {
  fail: ((message: string) => void) | null;
  signal: AbortSignal | undefined;
}

function start(options: http.RequestOptions): ClientRequest {
  return options.protocol === 'https:' ? https.request(options) : http.request(options);
}

/**
 * Tells whether the request can have left: not before its connection stands (with TLS: before the server's certificate
 * was accepted). `connected` holds the connections that stand, because a later request gets them without the event.
 * `onDown` is called where the request was given a connection that is closed; Node then tells nothing.
 */
function watchConnection(request: ClientRequest, connected: WeakSet<Duplex>, onDown: () => void): () => boolean {
  let left = false;
  request.once('socket', (socket) => {
    const encrypted = 'encrypted' in socket;
    if (connected.has(socket) || (!socket.connecting && !encrypted)) {
      left = socket.writable;
      if (!left) onDown();
      return;
    }
    socket.once(encrypted ? 'secureConnect' : 'connect', () => {
      connected.add(socket);
      left = true;
    });
  });
  return () => left;
}

/** Errors of several addresses tried at once have a code and no message. */
function messageOf(error: NodeJS.ErrnoException): string {
  return error.message || error.code || 'the connection failed';
}
