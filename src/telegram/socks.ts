/** Loaded where a socks5 proxy is set. */
import type { Socket } from 'node:net';
import { SocksClient } from 'socks';

/**
 * Asks a SOCKS5 proxy over its connection to connect on to a target, whose name it looks up.
 * @throws where it refuses or hangs up
 */
export async function askSocks(
  proxy: { address: { hostname: string; port: string }; username: string; password: string },
  near: Socket,
  target: { host: string; port: number },
): Promise<void> {
  const { username, password, address } = proxy;
  // It may have hung up while this file was loaded, which nobody would hear of.
  if (near.destroyed) throw new Error('the proxy hung up');
  const credentials = username === '' && password === '' ? {} : { userId: username, password };
  await SocksClient.createConnection({
    command: 'connect',
    proxy: { type: 5, host: address.hostname, port: Number(address.port), ...credentials },
    destination: target,
    existing_socket: near,
  });
}
