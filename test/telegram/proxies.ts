/** Proxies of a few lines, and a server that only https reaches; each ends with its test. */
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { cert, key } from './self-signed.ts';
import { join, type Listening, listen } from './tiny-servers.ts';

/** A server with the certificate of `self-signed.ts`. Like Telegram's it takes whoever offers HTTP/2 at his word. */
export function secureServer(answer: http.RequestListener): Promise<Listening> {
  const server = https.createServer({ cert, key, ALPNProtocols: ['h2', 'http/1.1'] }, answer);
  server.on('tlsClientError', () => {});
  return listen(server, 'https');
}

/** Hands a request on to a server and its answer back. */
export function passOn(to: string, request: http.IncomingMessage, response: http.ServerResponse): void {
  const onward = http.request(to, { method: request.method, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
}

/** A proxy for http, which gets whole addresses. */
export async function forwardProxy() {
  const asked: [target: string | undefined, credentials: string | undefined][] = [];
  const server = http.createServer((request, response) => {
    asked.push([request.url, request.headers['proxy-authorization']]);
    passOn(request.url ?? '', request, response);
  });
  return { asked, ...(await listen(server)) };
}

/** A proxy for https: opens tunnels and remembers what it was asked. */
export async function tunnelProxy(refuseWith?: number, server: http.Server | https.Server = http.createServer()) {
  const asked: [target: string | undefined, credentials: string | undefined][] = [];
  server.on('connect', (request, near) => {
    asked.push([request.url, request.headers['proxy-authorization']]);
    if (refuseWith !== undefined) return near.end(`HTTP/1.1 ${refuseWith} No\r\ncontent-length: 0\r\n\r\n`);
    const [host, port] = request.url?.split(':') ?? [];
    const far = net.connect(Number(port), host, () => near.write('HTTP/1.1 200 OK\r\n\r\n'));
    join(near as net.Socket, far);
  });
  return { asked, ...(await listen(server)) };
}

/**
 * A SOCKS5 proxy with user name and password, for targets by IPv4 or by name. Source: RFC 1928, RFC 1929.
 * @param replies what it says of the login and of the target, 0 for yes
 */
export async function socksProxy({ login: toLogin = 0, target: toTarget = 0 } = {}) {
  const asked: string[] = [];
  const targets: string[] = [];
  const server = net.createServer((near) => {
    near.once('data', () => {
      near.write(Buffer.from([5, 2]));
      near.once('data', (login: Buffer) => {
        const name = login.subarray(2, 2 + (login[1] ?? 0));
        asked.push(`${name} ${login.subarray(3 + name.length)}`);
        near.write(Buffer.from([1, toLogin]));
        near.once('data', (target: Buffer) => {
          const end = target.length - 2;
          const host = target[3] === 3 ? target.toString('utf8', 5, end) : target.subarray(4, end).join('.');
          targets.push(host);
          const answer = Buffer.from([5, toTarget, 0, 1, 0, 0, 0, 0, 0, 0]);
          if (toTarget !== 0) return near.end(answer);
          const far = net.connect(target.readUInt16BE(end), host, () => {
            near.write(answer);
            join(near, far);
          });
        });
      });
    });
  });
  return { asked, targets, ...(await listen(server)) };
}
