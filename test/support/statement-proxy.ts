/**
 * Stands between telesweep and PostgreSQL and counts statements, so that a test can act at the nth one: before the server
 * sees it, or when the server has answered and the client does not know it yet.
 */
import { createServer, connect as dial, type Socket } from 'node:net';

/**
 * `n` counts from 1 in each connection. The statement, or its answer, waits for a promise; the value `cut` drops the
 * connection there and then.
 */
type Hook = (n: number, statement: Statement) => unknown;

export interface Statement {
  text: string;
  /** Counts the proxy's connections from 1. */
  connection: number;
}

export interface StatementProxy {
  /** The database's address, through here. */
  readonly url: string;
  onStatement: Hook | undefined;
  onAnswered: Hook | undefined;
  close(): Promise<void>;
}

const types = { query: 0x51, parse: 0x50, sync: 0x53, password: 0x70, terminate: 0x58, ready: 0x5a } as const;

export async function startStatementProxy(databaseUrl: string): Promise<StatementProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    const current: Statement = { text: '', connection: ++connections };
    const upstream = dial(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // Killed clients reset their connections: that is what the tests are about.
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    void forwardStatements(client, upstream, current, (n) => proxy.onStatement?.(n, current)).catch(() => {});
    void forwardAnswers(upstream, client, (n) => proxy.onAnswered?.(n, current)).catch(() => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const url = new URL(databaseUrl);
  url.port = String(address.port);

  const proxy: StatementProxy = {
    url: url.href,
    onStatement: undefined,
    onAnswered: undefined,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

/** A statement's messages go on together, with the one that ends it: until then the server has none of them. */
async function forwardStatements(
  client: Socket,
  upstream: Socket,
  current: Statement,
  hook: (n: number) => unknown,
): Promise<void> {
  let count = 0;
  let held: Buffer[] = [];
  for await (const { type, bytes } of messages(client, false)) {
    held.push(bytes);
    // After type and length: a query's text, or a name that this project leaves empty and then the text.
    if (type === types.query) current.text = bytes.toString('utf8', 5, bytes.length - 1);
    if (type === types.parse) current.text = bytes.toString('utf8', 6, bytes.indexOf(0, 6));
    const ends = type === types.query || type === types.sync;
    if (!ends && type !== null && type !== types.password && type !== types.terminate) continue;
    if (ends && (await hook(++count)) === 'cut') client.destroy();
    if (client.destroyed || upstream.destroyed) return;
    upstream.write(Buffer.concat(held));
    held = [];
  }
}

/** The first `ready` ends the greeting, each later one a statement. */
async function forwardAnswers(upstream: Socket, client: Socket, hook: (n: number) => unknown): Promise<void> {
  let count = -1;
  let held: Buffer[] = [];
  for await (const { type, bytes } of messages(upstream, true)) {
    held.push(bytes);
    if (type === types.ready && ++count > 0 && (await hook(count)) === 'cut') client.destroy();
    if (count >= 0 && type !== types.ready) continue;
    if (client.destroyed) return;
    client.write(Buffer.concat(held));
    held = [];
  }
}

/** The protocol's messages: a type, a length that counts itself, a body. A client's first one has no type. */
async function* messages(socket: Socket, typed: boolean): AsyncGenerator<{ type: number | null; bytes: Buffer }> {
  let buffer = Buffer.alloc(0);
  let first = !typed;
  for await (const chunk of socket) {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const head = first ? 0 : 1;
      if (buffer.length < head + 4) break;
      const length = head + buffer.readUInt32BE(head);
      if (buffer.length < length) break;
      yield { type: first ? null : (buffer[0] ?? null), bytes: buffer.subarray(0, length) };
      buffer = buffer.subarray(length);
      first = false;
    }
  }
}
