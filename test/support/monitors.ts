/** What watches a pass from outside: a ping receiver, a Pushgateway and a folder of metrics. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Heard {
  path: string;
  body: string;
}

export interface Monitors {
  /** The settings that point telesweep at them. */
  env: Record<string, string>;
  pings: readonly Heard[];
  pushes: readonly Heard[];
  /** The metrics file of a job; empty where there is none. */
  metrics(job: string): string;
  /** All that was heard and written, for a search. */
  texts(): string[];
  close(): Promise<void>;
}

export async function startMonitors(): Promise<Monitors> {
  const pings: Heard[] = [];
  const pushes: Heard[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'telesweep-metrics-'));
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const path = request.url ?? '';
      (path.startsWith('/metrics/') ? pushes : pings).push({ path, body });
      response.end('OK');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the monitors have no port');
  const url = `http://127.0.0.1:${address.port}`;
  const files = (): string[] => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  return {
    env: { PING_URL: `${url}/ping/{job}`, PUSHGATEWAY_URL: url, METRICS_TEXTFILE_DIR: folder },
    pings,
    pushes,
    metrics(job) {
      const name = `telesweep_${job}.prom`;
      return readdirSync(folder).includes(name) ? readFileSync(join(folder, name), 'utf8') : '';
    },
    texts: () => [...pings, ...pushes].flatMap(({ path, body }) => [path, body]).concat(files()),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
