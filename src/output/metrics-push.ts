import type { Teller } from './metrics-sample.ts';
import { PostError, post } from './post.ts';

/**
 * Pushes to `/metrics/job/telesweep/sweep_job/<job>`, for a bot with a name `…/name/<name>`, with POST, which leaves the metrics alone that are not in the text: a
 * failed pass does not wipe out the last success. Returns a warning or null; takes at most `timeoutMs`; never throws.
 * Not prom-client's own Pushgateway: it uses `url.parse`, about which newer Nodes warn on stderr.
 */
export async function pushMetrics(
  gatewayUrl: string,
  { job, name }: Teller,
  text: string,
  timeoutMs = 3000,
): Promise<string | null> {
  try {
    const url = new URL(gatewayUrl);
    const group = ['job', 'telesweep', 'sweep_job', job, ...(name === null ? [] : ['name', name])];
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/metrics/${group.map(encodeURIComponent).join('/')}`;
    await post(url, { body: text, contentType: 'text/plain; version=0.0.4; charset=utf-8', timeoutMs });
    return null;
  } catch (error) {
    return `PUSHGATEWAY_URL: ${error instanceof PostError ? error.message : 'the address is not valid'}`;
  }
}
