import { PostError, post } from './post.ts';

/**
 * Pushes to `/metrics/job/telesweep/sweep_job/<job>` with POST, which leaves the metrics alone that are not in the text: a
 * failed pass does not wipe out the last success. Returns a warning or null; takes at most `timeoutMs`; never throws.
 * Not prom-client's own Pushgateway: it uses `url.parse`, about which newer Nodes warn on stderr.
 */
export async function pushMetrics(
  gatewayUrl: string,
  job: string,
  text: string,
  timeoutMs = 3000,
): Promise<string | null> {
  try {
    const url = new URL(gatewayUrl);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/metrics/job/telesweep/sweep_job/${encodeURIComponent(job)}`;
    await post(url, { body: text, contentType: 'text/plain; version=0.0.4; charset=utf-8', timeoutMs });
    return null;
  } catch (error) {
    return `PUSHGATEWAY_URL: ${error instanceof PostError ? error.message : 'the address is not valid'}`;
  }
}
