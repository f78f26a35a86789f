/** The way to the Bot API: straight, or through a proxy whose package is loaded only then. */
import http from 'node:http';
import https from 'node:https';

const agentOptions = {
  keepAlive: true,
  // An idle connection is given up before a server is likely to drop it in silence: a send that fails on a dropped one
  // would be uncertain. A shorter `Keep-Alive: timeout` of the server is obeyed by Node.
  timeout: 4000,
  // Node's own 250 ms is too short for a far server, and the call then fails with ETIMEDOUT.
  autoSelectFamilyAttemptTimeout: 2500,
};

/**
 * Makes the agent for one API root.
 * @param proxy an address with `http:`, `https:` or `socks5:`, with or without credentials; null for none
 * @throws TypeError where the proxy is no address
 */
export async function agentFor(apiRoot: string, proxy: string | null): Promise<http.Agent> {
  const secure = apiRoot.startsWith('https:');
  if (proxy === null) return secure ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
  if (proxy.startsWith('socks')) {
    const { SocksProxyAgent } = await import('socks-proxy-agent');
    return new SocksProxyAgent(proxy, agentOptions);
  }
  // The agents print their proxy's address where DEBUG is set, so the credentials travel as a header.
  const { address, headers } = withoutCredentials(proxy);
  const stop = new AbortController();
  const options = { ...agentOptions, headers, signal: stop.signal };
  const agent = secure
    ? new (await import('https-proxy-agent')).HttpsProxyAgent(address, options)
    : new (await import('http-proxy-agent')).HttpProxyAgent(address, options);
  // The agent does not know of connections that still wait for the proxy's answer.
  const destroy = agent.destroy.bind(agent);
  agent.destroy = () => {
    destroy();
    stop.abort();
  };
  return agent;
}

function withoutCredentials(proxy: string): { address: string; headers: Record<string, string> } {
  const url = new URL(proxy);
  if (url.username === '' && url.password === '') return { address: url.href, headers: {} };
  const credentials = `${decodeAddressPart(url.username)}:${decodeAddressPart(url.password)}`;
  url.username = '';
  url.password = '';
  const basic = Buffer.from(credentials).toString('base64');
  return { address: url.href, headers: { 'Proxy-Authorization': `Basic ${basic}` } };
}

/** Takes percent-encoding off a user name or password; a stray percent sign stands for itself. */
export function decodeAddressPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
