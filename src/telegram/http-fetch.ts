/**
 * A small fetch over node:http: it knows whether a request can have reached the server, which decides whether a send may
 * be repeated. Node's global fetch cannot tell, and costs four times the CPU.
 */
import type { Agent, ClientRequest } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
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
  const underWay = new Set<(message: string) => void>();
  let closed = false;

  const fetch: HttpFetch = (url, { headers, body, signal }) =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new CallFailure('the client is closed', false));
      if (signal?.aborted) return reject(new CallFailure('stopped before the call', false));
      let request: ClientRequest;
      try {
        request = start(url, { method: 'POST', agent, headers });
      } catch {
        // The error's own words may quote the address, and with it the token.
        return reject(new CallFailure('the address of the Bot API is no http or https address', false));
      }
      const mayHaveArrived = watchConnection(request, connected, () => fail('the connection was already down'));

      const settle = (): boolean => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        return underWay.delete(fail);
      };
      const fail = (message: string): void => {
        if (!settle()) return;
        request.destroy();
        reject(new CallFailure(message, mayHaveArrived()));
      };
      const onAbort = () => fail('the call was dropped');
      const timer = setTimeout(() => {
        fail(`no ${mayHaveArrived() ? 'answer' : 'connection'} within ${timeoutMs} ms`);
      }, timeoutMs);
      underWay.add(fail);
      signal?.addEventListener('abort', onAbort, { once: true });

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
    for (const fail of underWay) fail('the client was closed');
    agent.destroy();
  };
  return { fetch, close };
}

function start(url: string, options: http.RequestOptions): ClientRequest {
  return url.startsWith('https:') ? https.request(url, options) : http.request(url, options);
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
