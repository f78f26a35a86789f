import { monotonicMs } from '../process/clock.ts';
import type { JobName } from '../process/summary.ts';
import { PostError, post } from './post.ts';

export interface PingOptions {
  /** PING_URL: `{job}` and `{name}` stand for the names of the job and of the bot; a query is kept. */
  url: string;
  job: JobName;
  /** Null for a bot without a name, whose address does not ask for it. */
  name: string | null;
  /** Ties start and end together, as `rid`. */
  runId: string;
  /** What the pings may cost the pass, in milliseconds. */
  budgetMs?: number;
}

/** What a monitor is told of one pass. */
export interface Ping {
  /** A pass begins: it has the lease. Does not wait for the answer. */
  start(): void;
  /** How it ended. Returns a warning without secrets, or null; takes at most 3 s and never throws. */
  end(exitCode: number, body: string): Promise<string | null>;
}

/**
 * For a healthchecks-style monitor: `POST <url>/start?rid=…`, then `POST <url>/<exit code>?rid=…` with the summary as body. An
 * end without a start is a failure all the same.
 * Source: https://healthchecks.io/docs/http_api/ (start, exit status, run id).
 */
export function createPing({ url, job, name, runId, budgetMs = 3000 }: PingOptions): Ping {
  const send = async (suffix: string, body: string, timeoutMs: number): Promise<string | null> => {
    try {
      const filled = url.replaceAll('{job}', job).replaceAll('{name}', name ?? '');
      const address = pingAddress(filled, suffix, runId);
      await post(address, { body, contentType: 'application/json', timeoutMs });
      return null;
    } catch (error) {
      return `PING_URL: ${error instanceof PostError ? error.message : 'the address is not valid'}`;
    }
  };
  let starting: Promise<string | null> = Promise.resolve(null);
  return {
    start() {
      starting = send('start', '', (budgetMs * 2) / 3);
    },
    async end(exitCode, body) {
      const began = monotonicMs();
      // A start that arrives after the end would read as a pass that hangs.
      const startWarning = await starting;
      const left = budgetMs - (monotonicMs() - began);
      return (await send(String(exitCode), body, left)) ?? startWarning;
    },
  };
}

function pingAddress(base: string, suffix: string, runId: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${suffix}`;
  url.search += `${url.search === '' ? '?' : '&'}rid=${encodeURIComponent(runId)}`;
  return url;
}
