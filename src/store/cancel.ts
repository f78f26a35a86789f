import { connect } from 'node:net';

/** The protocol's code of a cancel request (postgresql.org/docs/current/protocol-message-formats.html). */
const cancelCode = 80_877_102;

/**
 * Asks the server, on a connection of its own, to end the statement that a client waits for no more; PgBouncer hands it on. Nobody
 * waits for it, and where it fails the statement goes on, as it would without.
 */
export function cancelStatement(client: { host: string; port: number }): void {
  const processId: unknown = Reflect.get(client, 'processID');
  const secretKey: unknown = Reflect.get(client, 'secretKey');
  if (typeof processId !== 'number' || typeof secretKey !== 'number') return;
  const packet = Buffer.alloc(16);
  packet.writeInt32BE(16, 0);
  packet.writeInt32BE(cancelCode, 4);
  packet.writeInt32BE(processId, 8);
  packet.writeInt32BE(secretKey, 12);
  const { host, port } = client;
  const address = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const socket = connect(address, () => socket.end(packet));
  socket.on('error', () => {});
  socket.unref();
}
