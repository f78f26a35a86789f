import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** A server or a pooler that answers the first words of a connection by one error, as PostgreSQL's protocol writes it. */
export async function startRefusingServer(code: string, message: string) {
  const text = `SFATAL\0VFATAL\0C${code}\0M${message}\0\0`;
  const size = Buffer.alloc(4);
  size.writeInt32BE(4 + Buffer.byteLength(text));
  let connections = 0;
  let database: URL | null = null;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
    if (database !== null) {
      const near = connect(Number(database.port), database.hostname);
      near.on('error', () => socket.destroy()).pipe(socket);
      socket.pipe(near);
      return;
    }
    socket.once('data', () => socket.end(Buffer.concat([Buffer.from('E'), size, Buffer.from(text)])));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    host: `127.0.0.1:${address.port}`,
    connections: () => connections,
    /** From now on it passes connections on, as a server that has come up. */
    comeUp(as: URL): void {
      database = as;
    },
    close: () => server.close(),
  };
}
