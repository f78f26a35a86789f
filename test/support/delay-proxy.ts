/**
 * Stands between telesweep and PostgreSQL and makes the way longer: whatever leaves one side reaches the other half a
 * round trip later, in order, however much is under way. A connection costs a round trip before its first byte.
 */
import { createServer, connect as dial, type Socket } from 'node:net';
import { DelayLine } from './delay-proxy/delay-line.ts';

export interface DelayProxy {
  /** The database's address, through here. */
  readonly url: string;
  /** Connections that are open on either side. */
  readonly open: number;
  /** Drops every connection and stops. */
  close(): Promise<void>;
}

/** @param roundTripMs of the way that is added; half of it each way */
export async function startDelayProxy(databaseUrl: string, roundTripMs: number): Promise<DelayProxy> {
  const target = new URL(databaseUrl);
  const connections = new Set<{ end(): void }>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = dial({ port: Number(target.port), host: target.hostname, allowHalfOpen: true, noDelay: true });
    const there = forward(client, upstream, roundTripMs / 2, performance.now() + roundTripMs);
    const back = forward(upstream, client, roundTripMs / 2, 0);
    const connection = {
      end() {
        for (const stop of [there, back]) stop();
        for (const socket of [client, upstream]) socket.destroy();
      },
    };
    connections.add(connection);
    const left = () => {
      if (client.closed && upstream.closed) connections.delete(connection);
    };
    for (const socket of [client, upstream]) socket.on('close', left);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${address.port}`;
  return {
    url: url.href,
    get open() {
      return connections.size;
    },
    async close() {
      for (const connection of connections) connection.end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Timers fire to the millisecond: what is due within half of one goes now. */
const timerMs = 0.5;

/**
 * Bytes, the end of a half and the loss of a connection all travel alike.
 * @param openFrom nothing leaves before
 * @returns what leaves the rest undelivered
 */
function forward(from: Socket, to: Socket, delayMs: number, openFrom: number): () => void {
  const line = new DelayLine<() => void>(delayMs);
  let timer: NodeJS.Timeout | undefined;
  const deliver = (): void => {
    timer = undefined;
    for (const arrive of line.arrived(performance.now() + timerMs)) arrive();
    wait();
  };
  const wait = (): void => {
    const { nextAt } = line;
    if (nextAt !== null) timer ??= setTimeout(deliver, nextAt - performance.now());
  };
  const leave = (arrive: () => void): void => {
    line.leave(arrive, Math.max(performance.now(), openFrom));
    wait();
  };
  from.on('data', (chunk) =>
    leave(() => {
      // A reader that is slower than the sender slows the sender down, as it would without the proxy.
      if (!to.write(chunk) && !to.destroyed) from.pause();
    }),
  );
  to.on('drain', () => from.resume());
  from.on('end', () => leave(() => to.end()));
  // Killed clients reset their connections; the other side hears of it like of everything else.
  from.on('error', () => {});
  from.on('close', () => leave(() => to.destroy()));
  return () => clearTimeout(timer);
}
