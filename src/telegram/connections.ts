/** The connections to one API root, straight or through a proxy. */
import type { Socket } from 'node:net';
import type { buildConnector, Dispatcher } from 'undici';
import connector, { type Connector } from 'undici/lib/core/connect.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { readProxy, through } from './proxy.ts';

export interface Connections {
  /** Posts to an address of this root. The handler is told of every end, errors too. */
  post(to: Address, headers: Record<string, string>, body: string, handler: Dispatcher.DispatchHandler): void;
  /** Drops every connection, those too that do not stand yet: undici leaves them alone, and they would keep the process. */
  close(): void;
}

export interface Address {
  origin: string;
  host: string;
  path: string;
}

const poolOptions = {
  // A call each: no call waits behind another one, or fails with it. There is no limit of connections: whoever calls
  // decides how many calls are under way, and one that waited here would lose its time.
  pipelining: 1,
  // An idle connection is given up before a server is likely to drop it in silence: a send that fails on a dropped one
  // would be uncertain. Where the server says `Keep-Alive: timeout`, 2 s before that.
  keepAliveTimeout: 4_000,
  keepAliveMaxTimeout: 4_000,
  maxResponseSize: 1024 * 1024,
  // A call has one time limit, for all of it.
  headersTimeout: 0,
  bodyTimeout: 0,
};

/**
 * @param proxy an address with `http:`, `https:`, `socks5:` or `socks5h:`, with or without credentials; null for none
 * @param timeoutMs for each step on the way to a connection: to the proxy, through it, TLS
 * @throws TypeError where the proxy is no address
 */
export function connectionsTo(apiRoot: string, proxy: string | null, timeoutMs: number): Connections {
  const open = new Set<Socket>();
  const connectStraight = connector({
    timeout: timeoutMs,
    // The bundle has none (`scripts/build.mjs`).
    allowH2: false,
    // Node's own 250 ms for one of several addresses is too short for a far server, and the call then fails with ETIMEDOUT.
    autoSelectFamilyAttemptTimeout: 2_500,
  });
  const connect: Connector = (to, done) => {
    const socket = connectStraight(to, done);
    open.add(socket);
    return socket.once('close', () => open.delete(socket));
  };
  const { pool, post } = proxy === null ? direct(apiRoot, connect) : proxied(apiRoot, proxy, connect, timeoutMs);
  const close = (): void => {
    pool.destroy().catch(() => {});
    for (const socket of open) socket.destroy();
  };
  return { post, close };
}

type Way = Pick<Connections, 'post'> & { pool: Pool };

function direct(apiRoot: string, connect: buildConnector.connector): Way {
  // Another address is refused at each call.
  const origin = /^https?:/.test(apiRoot) && URL.canParse(apiRoot) ? new URL(apiRoot).origin : 'http://localhost';
  const pool = new Pool(origin, { ...poolOptions, connect });
  const post: Connections['post'] = ({ origin, path }, headers, body, handler) => {
    pool.dispatch({ origin, path, method: 'POST', headers, body }, handler);
  };
  return { pool, post };
}

function proxied(apiRoot: string, address: string, connect: Connector, timeoutMs: number): Way {
  const proxy = readProxy(address);
  if (proxy.isSocks || apiRoot.startsWith('https:')) return direct(apiRoot, through(proxy, connect, timeoutMs));
  // For an http root a proxy is asked outright: many open no tunnel to its port.
  const connectToProxy: Connector = (_, done) => connect(proxy.address, done);
  const pool = new Pool(proxy.origin, { ...poolOptions, connect: connectToProxy });
  const post: Connections['post'] = ({ origin, host, path }, headers, body, handler) => {
    const asked = { path: origin + path, headers: { ...headers, host, ...proxy.headers } };
    pool.dispatch({ origin: proxy.origin, method: 'POST', body, ...asked }, handler);
  };
  return { pool, post };
}
