/** Servers of a few lines for one test each; what they hold ends with the test. */
import http from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import net from 'node:net';
import { onTestFinished } from 'vitest';

export interface Listening {
  server: Server;
  port: number;
  /** Without a slash at its end. */
  url: string;
  /** Every connection that was ever made, in order. */
  sockets: Socket[];
}

/** Listens on 127.0.0.1 until the test is over. */
export async function listen(server: Server, scheme = 'http'): Promise<Listening> {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { server, port, url: `${scheme}://127.0.0.1:${port}`, sockets };
}

/** Answers every request that has arrived as a whole. */
export function answering(
  answer: (body: string, request: http.IncomingMessage, response: http.ServerResponse) => void,
) {
  return http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => answer(body, request, response));
  });
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Pipes two sockets into each other, as a proxy does. */
export function join(near: Socket, far: Socket): void {
  near.pipe(far).pipe(near);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}
