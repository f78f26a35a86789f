import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { DelayLine } from './delay-proxy/delay-line.ts';
import { type DelayProxy, startDelayProxy } from './delay-proxy.ts';

const roundTripMs = 10;
const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** A server behind a proxy. */
async function behindProxy(serve: (socket: Socket) => void): Promise<{ proxy: DelayProxy; connect(): Socket }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push({
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const proxy = await startDelayProxy(`postgres://someone:p%40ss@127.0.0.1:${address.port}/bot?a=b`, roundTripMs);
  opened.push(proxy);
  const { port } = new URL(proxy.url);
  return {
    proxy,
    connect() {
      const socket = dial({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => {});
      opened.push({ close: () => socket.destroy() });
      return socket;
    },
  };
}

/** Up to the end of the other side's half; this side's stays open. */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a thing arrives its delay after it left, in order, however many are on their way', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.nat(50), fc.array(fc.nat(20)), (waits, delayMs, looks) => {
      const line = new DelayLine<number>(delayMs);
      let leftAt = 0;
      const times = waits.map((wait) => {
        leftAt += wait;
        return leftAt;
      });
      for (const [n, at] of times.entries()) line.leave(n, at);
      let now = 0;
      let arrived: number[] = [];
      for (const look of looks) {
        now += look;
        arrived = [...arrived, ...line.arrived(now)];
        expect(arrived).toEqual(times.flatMap((at, n) => (at + delayMs <= now ? [n] : [])));
        const next = times[arrived.length];
        expect(line.nextAt).toBe(next === undefined ? null : next + delayMs);
      }
    }),
  );
});

test('every byte arrives, in order and both ways, with the end of each half', async () => {
  const answers = randomBytes(3_000_000);
  const asked: Promise<Buffer>[] = [];
  const { connect } = await behindProxy((socket) => {
    const question = readAll(socket);
    asked.push(question);
    void question.then(() => socket.end(answers));
  });
  const questions = [randomBytes(2_000_000), randomBytes(700_000), randomBytes(1)];
  const heard = await Promise.all(
    questions.map((question) => {
      const socket = connect();
      for (let at = 0; at < question.length; at += 9_973) socket.write(question.subarray(at, at + 9_973));
      socket.end();
      return readAll(socket);
    }),
  );
  for (const answer of heard) expect(answer.equals(answers)).toBe(true);
  const arrived = await Promise.all(asked);
  expect(arrived.map(({ length }) => length).sort()).toEqual(questions.map(({ length }) => length).sort());
  for (const question of questions) expect(arrived.some((bytes) => bytes.equals(question))).toBe(true);
});

test('the address differs in host and port alone', async () => {
  const { proxy } = await behindProxy((socket) => socket.end());
  const { port } = new URL(proxy.url);
  expect(proxy.url).toBe(`postgres://someone:p%40ss@127.0.0.1:${port}/bot?a=b`);
});

test('what a slow reader has not taken is held back at the sender', async () => {
  let written = 0;
  const { connect } = await behindProxy((socket) => {
    const chunk = Buffer.alloc(65_536);
    const more = (): void => {
      while (!socket.destroyed && written < 200_000_000) {
        written += chunk.length;
        if (!socket.write(chunk)) return void socket.once('drain', more);
      }
    };
    more();
  });
  const socket = connect().pause();
  await once(socket, 'connect');
  // The kernel's buffers fill within some tens of megabytes, and then nothing moves.
  for (let last = -1, still = 0; still < 20_000; still = written === last ? still + 1 : 0) {
    last = written;
    await turn();
  }
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThan(100_000_000);
});

test('the loss of a connection on one side ends the other, and no other connection', async () => {
  const serving: Socket[] = [];
  const { proxy, connect } = await behindProxy((socket) => serving.push(socket.resume()));
  const clients = [connect(), connect(), connect()];
  for (const client of clients) client.resume();
  while (serving.length < 3) await turn();
  expect(proxy.open).toBe(3);

  const [first, second, third] = serving;
  const [, , stays] = clients;
  const closed = clients.slice(0, 2).map((client) => once(client, 'close'));
  first?.resetAndDestroy();
  second?.destroy();
  for (const client of clients.slice(0, 2)) client.on('end', () => client.end());
  await Promise.all(closed);
  expect([stays?.destroyed, third?.destroyed]).toEqual([false, false]);

  const gone = third && once(third, 'close');
  third?.on('end', () => third.end());
  stays?.destroy();
  await gone;
  while (proxy.open > 0) await turn();
});

test('closing drops what is open and takes no more', async () => {
  const serving: Socket[] = [];
  const { proxy, connect } = await behindProxy((socket) => serving.push(socket.resume()));
  const client = connect().resume();
  while (serving.length === 0) await turn();
  client.on('end', () => client.end());
  const ended = once(client, 'close');
  await proxy.close();
  await ended;
  expect(proxy.open).toBe(0);
  const late = connect();
  const [error] = await once(late, 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
});
