import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

export interface SilentServer {
  /** `127.0.0.1:…` */
  host: string;
  /** Resolves with the first connection. */
  connected: Promise<unknown>;
  connections: number;
  close(): void;
}

/** Takes connections and never says anything. */
export async function startSilentServer(): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    silent.connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  const connected = once(server, 'connection');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const silent: SilentServer = {
    host: `127.0.0.1:${address.port}`,
    connected,
    connections: 0,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  return silent;
}

/** The same address at another host and port. */
export function at(host: string, address: string): string {
  const url = new URL(address);
  url.host = host;
  return url.href;
}
