/**
 * A small fetch over undici's pool: it knows whether a request can have reached the server, which decides whether a send may be
 * repeated. Node's own fetch cannot tell, and costs four times the CPU.
 */
import type { Dispatcher } from 'undici';
import { CallFailure } from './failure.ts';
import type { AnswerHeaders } from './read-answer.ts';

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
export function createHttpFetch(options: { dispatcher: Dispatcher; timeoutMs: number }): {
  fetch: HttpFetch;
  close(): void;
} {
  const { dispatcher, timeoutMs } = options;
  const underWay = new Set<Call>();
  const addresses = new Map<string, { origin: string; path: string }>();
  const heeded = new WeakSet<AbortSignal>();
  let closed = false;

  /** Splits an address once: a pass calls few of them many times, and each time costs 5 µs of 40. */
  const addressOf = (url: string): { origin: string; path: string } => {
    const known = addresses.get(url);
    if (known !== undefined) return known;
    const { protocol, origin, pathname, search } = new URL(url);
    if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(protocol);
    const address = { origin, path: pathname + search };
    addresses.set(url, address);
    return address;
  };

  const failAll = (message: string, signal?: AbortSignal): void => {
    for (const call of underWay) if (signal === undefined || call.signal === signal) call.fail(message);
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
      let address: { origin: string; path: string };
      try {
        address = addressOf(url);
      } catch {
        // The error's own words may quote the address, and with it the token.
        return reject(new CallFailure('the address of the Bot API is no http or https address', false));
      }
      if (signal !== undefined) heed(signal);
      const call = new Call(signal, timeoutMs, { resolve, reject, ended: () => underWay.delete(call) });
      underWay.add(call);
      dispatcher.dispatch({ ...address, method: 'POST', headers, body }, call);
    });

  const close = (): void => {
    closed = true;
    failAll('the client was closed');
    dispatcher.destroy().catch(() => {});
  };
  return { fetch, close };
}

interface Ends {
  resolve(answer: HttpAnswer): void;
  reject(failure: CallFailure): void;
  ended(): void;
}

/** One call, as undici's pool reports of it. Its end takes place once, whatever is reported later. */
class Call implements Dispatcher.DispatchHandler {
  readonly signal: AbortSignal | undefined;
  #ends: Ends | null;
  readonly #timer: NodeJS.Timeout;
  /** Null until a connection stands (with TLS: until the server's certificate was accepted): before, nothing can have left. */
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #headers: AnswerHeaders = {};
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(signal: AbortSignal | undefined, timeoutMs: number, ends: Ends) {
    this.signal = signal;
    this.#ends = ends;
    this.#timer = setTimeout(() => {
      this.fail(`no ${this.#controller === null ? 'connection' : 'answer'} within ${timeoutMs} ms`);
    }, timeoutMs);
  }

  fail(message: string): void {
    const controller = this.#controller;
    this.#end()?.reject(new CallFailure(message, controller !== null));
    controller?.abort(dropped);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It was given up while it waited for its connection.
    if (this.#ends === null) controller.abort(dropped);
    else this.#controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > maxAnswerBytes) this.fail('an answer of more than 1 MiB');
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#chunks, this.#bytes).toString('utf8');
    this.#end()?.resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const arrived = this.#controller !== null;
    this.#end()?.reject(new CallFailure(messageOf(error), arrived));
  }

  #end(): Ends | null {
    const ends = this.#ends;
    this.#ends = null;
    this.#controller = null;
    clearTimeout(this.#timer);
    ends?.ended();
    return ends;
  }
}

const dropped = new Error('the call was dropped');

/** Errors of several addresses tried at once have a code and no message. */
function messageOf(error: NodeJS.ErrnoException): string {
  const refusal = /^Proxy response \((\d+)\)/.exec(error.message)?.[1];
  if (refusal !== undefined) return `the proxy refuses to connect: HTTP ${refusal}`;
  return error.message || error.code || 'the connection failed';
}
