/** Everything that a pass talks to, saying nothing at all: each has its own time-out. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { nothingFound } from './findings.ts';
import type { Load } from './load.ts';
import { recover } from './lost-connections.ts';
import { lastLines } from './stage.ts';
import type { Trial } from './trial.ts';

/** Takes connections and never answers. */
async function silentServer(): Promise<{ host: string; close(): void }> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the silent server has no port');
  return {
    host: `127.0.0.1:${address.port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Pings and the Pushgateway: a monitor that hangs turns no good pass into a bad one. */
export function silentMonitors(load: Load): Trial {
  return {
    part: 'Telegram',
    what: 'ping address and Pushgateway that never answer',
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      const silent = await silentServer();
      const laid = await stage.layOut(load, { items: 2 });
      const env = { PING_URL: `http://${silent.host}/{job}`, PUSHGATEWAY_URL: `http://${silent.host}` };
      const since = performance.now();
      const { code, stderr } = await stage.run(load.job, laid, env);
      const ms = Math.round(performance.now() - since);
      silent.close();
      found.times = 1;
      if (code === null || !laid.endCodes.includes(code)) found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
      if (ms > 15_000) found.wrong.push(`monitors kept the pass for ${ms} ms`);
      await stage.finish(load.job, laid, found.wrong);
      await stage.account(load.job, laid, found);
      return found;
    },
  };
}

/** The database takes the connection and never greets, or takes a statement and never answers. */
export function silentDatabase(load: Load, silentAt: 'greeting' | 'statement'): Trial {
  return {
    part: 'PostgreSQL',
    what: `no answer to the ${silentAt}`,
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      const silent = await silentServer();
      const laid = await stage.layOut(load, { items: 2 });
      const url = new URL(stage.url);
      if (silentAt === 'greeting') url.host = silent.host;
      else url.host = new URL(stage.proxy.url).host;
      let release = (): void => {};
      const until = new Promise<void>((resolve) => {
        release = resolve;
      });
      stage.proxy.onStatement = (n) => (n === 2 ? until : undefined);
      const since = performance.now();
      const { code, stderr } = await stage.run(load.job, laid, { DATABASE_URL: url.href });
      const ms = Math.round(performance.now() - since);
      release();
      silent.close();
      found.times = 1;
      if (code !== 69) found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
      // 15 s for the connection, or 30 s where the next pass is not as near; 30 s for a statement.
      const connecting = load.job === 'delete-due' ? 17_000 : 32_000;
      const longest = silentAt === 'greeting' ? connecting : 36_000;
      if (ms > longest) found.wrong.push(`waited ${ms} ms`);
      await recover(stage, load.job, laid, found);
      return found;
    },
  };
}
