import { describe, expect, it } from 'vitest';
import { createPing, type Ping, type PingOptions } from '../../src/output/ping.ts';
import { deadUrl, startServer } from './http-server.ts';

const job = 'delete-due';
const name = null;
const runId = '0a3d4b5e-0000-4000-8000-000000000001';
const body = JSON.stringify({ job, counts: { records: 3 }, text: '✅' });

/** The end of a pass that has begun. */
function startPing(options: PingOptions): Ping['end'] {
  const ping = createPing(options);
  ping.start();
  return ping.end;
}

describe('a ping', () => {
  it('is a start and an exit code with the summary, tied by the run id', async () => {
    const server = await startServer();
    const finish = startPing({ url: `${server.url}/ping/{job}/{job}`, job, name, runId });
    expect(await finish(75, body)).toBeNull();
    expect(server.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `POST /ping/delete-due/delete-due/start?rid=${runId}`,
      `POST /ping/delete-due/delete-due/75?rid=${runId}`,
    ]);
    expect(server.received[0]?.body).toBe('');
    expect(server.received[1]?.body).toBe(body);
    expect(server.received[1]?.headers['content-type']).toBe('application/json');
  });

  it.each([
    ['/uuid/', `/uuid/0?rid=${runId}`],
    ['', `/0?rid=${runId}`],
    ['/uuid?create=1&tag=a%20b', `/uuid/0?create=1&tag=a%20b&rid=${runId}`],
  ])('at %j goes to %s', async (path, expected) => {
    const server = await startServer();
    await startPing({ url: `${server.url}${path}`, job, name, runId })(0, body);
    expect(server.received[1]?.path).toBe(expected);
  });

  it('of an end alone is that of a pass that never came to its lease', async () => {
    const server = await startServer();
    expect(await createPing({ url: server.url, job, name, runId }).end(69, body)).toBeNull();
    expect(server.received.map(({ path }) => path)).toEqual([`/69?rid=${runId}`]);
  });

  it('of the end never overtakes that of the start', async () => {
    let answerStart = () => {};
    let startSeen = () => {};
    const startArrived = new Promise<void>((resolve) => {
      startSeen = resolve;
    });
    const order: string[] = [];
    const server = await startServer((response, { path }) => {
      if (!path.includes('/start')) {
        order.push('end arrived');
        response.end('OK');
        return;
      }
      answerStart = () => {
        order.push('start answered');
        response.end('OK');
      };
      startSeen();
    });
    const finish = startPing({ url: server.url, job, name, runId });
    await startArrived;
    const ended = finish(0, body);
    answerStart();
    expect(await ended).toBeNull();
    expect(order).toEqual(['start answered', 'end arrived']);
  });
});

describe('a ping that fails', () => {
  const secretPath = '/4fd1c6a2-secret';

  it('is a warning that names the host and the reason, and not the path', async () => {
    const server = await startServer((response) => {
      response.writeHead(404).end(`no such check: ${secretPath}`);
    });
    const url = `http://user:hunter2@${server.host}${secretPath}`;
    expect(await startPing({ url, job, name, runId })(0, body)).toBe(`PING_URL: ${server.host}: answered 404`);
  });

  it('follows no redirect', async () => {
    const other = await startServer();
    const server = await startServer((response) => {
      response.writeHead(302, { location: `${other.url}/` }).end();
    });
    expect(await startPing({ url: server.url, job, name, runId })(0, body)).toBe(
      `PING_URL: ${server.host}: answered 302`,
    );
    expect(other.received).toEqual([]);
  });

  it('says so when only the start was lost', async () => {
    const server = await startServer((response, { path }) => {
      response.writeHead(path.includes('/start') ? 500 : 200).end();
    });
    expect(await startPing({ url: server.url, job, name, runId })(0, body)).toBe(
      `PING_URL: ${server.host}: answered 500`,
    );
    expect(server.received).toHaveLength(2);
  });

  it('says so when nobody listens', async () => {
    const url = await deadUrl();
    const warning = await startPing({ url: `${url}${secretPath}`, job, name, runId })(0, body);
    expect(warning).toBe(`PING_URL: ${new URL(url).host}: ECONNREFUSED`);
  });

  it.each(['not a url', 'ftp://127.0.0.1/x', 'http://[::1'])('says so at the address %j', async (url) => {
    expect(await startPing({ url, job, name, runId })(0, body)).toBe('PING_URL: the address is not valid');
  });

  it('costs no more than its budget, start and end together, where nobody answers', async () => {
    const server = await startServer(() => {});
    const began = performance.now();
    const finish = startPing({ url: server.url, job, name, runId, budgetMs: 300 });
    const warning = await finish(0, body);
    const took = performance.now() - began;
    expect(warning).toMatch(/^PING_URL: 127\.0\.0\.1:\d+: no answer within \d+ ms$/);
    expect(took).toBeGreaterThan(200);
    // Twice the budget and more would be what each ping waits for by itself.
    expect(took).toBeLessThan(2_900);
    expect(server.received.map(({ path }) => path.split('?')[0])).toEqual(['/start', '/0']);
  });

  it('is over with the headers: an answer that never ends holds up neither the pass nor the process', async () => {
    const closed: Promise<unknown>[] = [];
    const server = await startServer((response) => {
      closed.push(new Promise((resolve) => response.once('close', resolve)));
      response.writeHead(200);
      response.write('O');
    });
    expect(await startPing({ url: server.url, job, name, runId, budgetMs: 3_600_000 })(0, body)).toBeNull();
    expect(closed).toHaveLength(2);
    await Promise.all(closed);
  });
});
