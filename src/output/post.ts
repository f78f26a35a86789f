import { codeOf } from '../process/errors.ts';
import { formatDuration } from './format.ts';

/** What can go wrong with a report over HTTP; the message names host and reason, never path, user or password. */
export class PostError extends Error {
  override name = 'PostError';
  /** False only where the report cannot have arrived, or was refused. */
  readonly mayHaveArrived: boolean;
  constructor(message: string, mayHaveArrived: boolean) {
    super(message);
    this.mayHaveArrived = mayHaveArrived;
  }
}

export interface PostOptions {
  body: string;
  contentType: string;
  /** For the whole request, the look-up of the name included. */
  timeoutMs: number;
}

/**
 * One POST on a connection of its own, without following redirects; resolves once a 2xx arrives. Throws PostError.
 * node:http and not `fetch`, whose first use costs 50 ms.
 */
export async function post(url: URL, { body, contentType, timeoutMs }: PostOptions): Promise<void> {
  const secure = url.protocol === 'https:';
  // Not imported: from Node 22 on that loads Node's own fetch as well, 20 ms, and ends a process that has no room for WebAssembly.
  const { request } = process.getBuiltinModule(secure ? 'node:https' : 'node:http');
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
  const headers = { 'content-type': contentType, 'content-length': Buffer.byteLength(body), connection: 'close' };
  let connected = false;
  const status = await new Promise<number>((resolve, reject) => {
    const call = request(url, { method: 'POST', agent: false, headers, signal }, (response) => {
      resolve(response.statusCode ?? 0);
      // The body is of no interest, and may never end.
      response.on('error', () => {});
      response.destroy();
    });
    call.on('error', (error) => {
      const reason = signal.aborted ? `no answer within ${formatDuration(timeoutMs)}` : codeOf(error) || error.name;
      reject(new PostError(`${url.host}: ${reason}`, connected));
    });
    call.on('socket', (socket) => {
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        connected = true;
      });
    });
    call.end(body);
  });
  if (status < 200 || status > 299) {
    throw new PostError(`${url.host}: answered ${status}`, status >= 500);
  }
}
