/** Proxies: what their address says, and the way through. */
import http from 'node:http';
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { Connector } from 'undici/lib/core/connect.js';

export interface ProxyServer {
  isSocks: boolean;
  origin: string;
  /** Where to connect. */
  address: Pick<buildConnector.Options, 'protocol' | 'host' | 'hostname' | 'port'>;
  username: string;
  password: string;
  /** What an http proxy is told of the credentials, if there are any. */
  headers: Record<string, string>;
}

/** @throws TypeError where it is no address */
export function readProxy(text: string): ProxyServer {
  const url = new URL(text);
  const { protocol, host, hostname, port } = url;
  const [username, password] = [decodeAddressPart(url.username), decodeAddressPart(url.password)];
  const isSocks = protocol.startsWith('socks');
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return {
    isSocks,
    origin: `${protocol}//${host}`,
    address: { protocol: isSocks ? 'http:' : protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port },
    username,
    password,
    headers: username === '' && password === '' ? {} : { 'proxy-authorization': basic },
  };
}

/**
 * Connects through a proxy, by SOCKS5 or a tunnel. What fails here fails before a request leaves.
 * @param connect straight to an address; over `httpSocket`, where it is given, TLS alone
 * @param timeoutMs for the proxy's consent
 */
export function through(proxy: ProxyServer, connect: Connector, timeoutMs: number): buildConnector.connector {
  return (target, done) => {
    connect(proxy.address, (error, near) => {
      if (error !== null) return done(error, null);
      const limit = setTimeout(() => near.destroy(), timeoutMs);
      ask(proxy, near, target)
        .finally(() => clearTimeout(limit))
        .then(
          () => {
            if (target.protocol === 'https:') connect({ ...target, httpSocket: near }, done);
            else done(null, near);
          },
          (refusal: Error) => {
            near.destroy();
            done(refusal, null);
          },
        );
    });
  };
}

async function ask(proxy: ProxyServer, near: Socket, target: buildConnector.Options): Promise<void> {
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  if (!proxy.isSocks) return askForTunnel(proxy, near, target.port ? `${target.host}` : `${target.host}:${port}`);
  const { askSocks } = await import('./socks.ts');
  return askSocks(proxy, near, { host: target.hostname, port: Number(port) });
}

function askForTunnel(proxy: ProxyServer, near: Socket, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { host: path, connection: 'keep-alive', ...proxy.headers };
    const request = http.request({ method: 'CONNECT', path, headers, createConnection: () => near });
    request.once('connect', ({ statusCode = 0 }) => {
      if (statusCode >= 200 && statusCode <= 299) resolve();
      else reject(new Error(`the proxy refuses to connect: HTTP ${statusCode}`));
    });
    request.once('error', reject);
    request.end();
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
