/** The way to the Bot API: straight, or through a proxy, whose agent is loaded only then. */
import type { Dispatcher } from 'undici';
import Pool from 'undici/lib/dispatcher/pool.js';

const poolOptions = {
  // As many as there are calls under way in a sweep.
  connections: 64,
  // A call each: the next one waits for no answer.
  pipelining: 1,
  // An idle connection is given up before a server is likely to drop it in silence: a send that fails on a dropped one would be
  // uncertain. A shorter `Keep-Alive: timeout` of the server is obeyed.
  keepAliveTimeout: 4_000,
  keepAliveMaxTimeout: 4_000,
  // A call has one time limit, for all of it.
  headersTimeout: 0,
  bodyTimeout: 0,
};

/**
 * Makes the pool of connections to one API root.
 * @param proxy an address with `http:`, `https:` or `socks5:`, with or without credentials; null for none
 * @param timeoutMs for a connection to stand
 * @throws TypeError where the proxy is no address
 */
export async function dispatcherFor(apiRoot: string, proxy: string | null, timeoutMs: number): Promise<Dispatcher> {
  // Node's own 250 ms for one of several addresses is too short for a far server, and the call then fails with ETIMEDOUT.
  const connect = { timeout: timeoutMs, autoSelectFamilyAttemptTimeout: 2_500 };
  if (proxy === null) {
    // Another address is refused at each call.
    const origin = /^https?:/.test(apiRoot) && URL.canParse(apiRoot) ? new URL(apiRoot).origin : 'http://localhost';
    return new Pool(origin, { ...poolOptions, connect });
  }
  const { ProxyAgent, Socks5ProxyAgent } = (await import('undici')).default;
  const url = new URL(proxy);
  const [username, password] = [decodeAddressPart(url.username), decodeAddressPart(url.password)];
  url.username = '';
  url.password = '';
  if (url.protocol.startsWith('socks')) {
    return new Socks5ProxyAgent(url.href, { ...poolOptions, username, password });
  }
  // Credentials travel as a header. A tunnel where it is needed: for an http address a proxy is asked outright.
  const token = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return new ProxyAgent({
    ...poolOptions,
    uri: url.href,
    ...(username !== '' || password !== '' ? { token } : {}),
    proxyTunnel: apiRoot.startsWith('https:'),
    proxyTls: connect,
    requestTls: connect,
  });
}

/** Takes percent-encoding off a user name or password; a stray percent sign stands for itself. */
export function decodeAddressPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
