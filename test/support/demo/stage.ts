/** Where the demo plays: a real PostgreSQL, the simulated Telegram, and the built telesweep between them. */
import pg from 'pg';
import { formatCount, formatDuration } from '../../../src/report/format.ts';
import { type BotApi, botToken, startBotApi } from '../bot-api.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { type RunResult, type Started, start } from '../run.ts';
import type { Screen } from './screen.ts';

/** Telegram's documented limits. */
export const callsPerSecond = 30;
/** What telesweep is told to use of them; on a busy machine calls may arrive a little closer than they left. */
const rate = '26';

const brokenOff = 'the demo is being closed';

export interface Stage {
  readonly screen: Screen;
  readonly api: BotApi;
  /** Everything that must appear in no output. */
  readonly secrets: readonly string[];
  query<Row = Record<string, unknown>>(sql: string, params?: unknown[]): Promise<Row[]>;
  /** Runs the built telesweep: a child process, no terminal, settings in its environment alone. */
  telesweep(args: readonly string[]): Promise<RunResult>;
  /** Ends the child under way and everything that was started; leaves no file. */
  close(): Promise<void>;
}

export async function openStage(screen: Screen): Promise<Stage> {
  const api = await startBotApi({ limits: { callsPerSecond, sendsPerSecondPerChat: 1 } });
  let server: PostgresServer;
  try {
    server = await startPostgres();
  } catch (error) {
    await api.close();
    throw error;
  }
  const client = new pg.Client(server.url('postgres'));
  // The server is stopped first where the demo is broken off.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('create database bot');
  await client.end();

  const url = server.url('bot');
  const pool = new pg.Pool({ connectionString: url, max: 1, allowExitOnIdle: true });
  pool.on('error', () => undefined);
  const env = {
    DATABASE_URL: url,
    TELEGRAM_BOT_TOKEN: botToken,
    TELEGRAM_API_ROOT: api.url,
    TELEGRAM_RATE: rate,
  };
  let running: Started | null = null;
  let closing = false;

  return {
    screen,
    api,
    secrets: [botToken, server.password, encodeURIComponent(server.password)],
    async query<Row>(sql: string, params?: unknown[]) {
      const { rows } = await pool.query(sql, params);
      // The caller names the columns of its own statement.
      return rows as Row[];
    },
    async telesweep(args) {
      if (closing) throw new Error(brokenOff);
      const startedAt = performance.now();
      const ticker = setInterval(() => {
        const elapsed = formatDuration(performance.now() - startedAt);
        screen.status(`${elapsed}, ${formatCount(api.callCount)} calls to Telegram so far`);
      }, 200);
      try {
        running = start(args, { env });
        const result = await running.done;
        // Ctrl-C ends the pass as well; the demo must not go on from there.
        if (closing) throw new Error(brokenOff);
        return result;
      } finally {
        running = null;
        clearInterval(ticker);
        screen.status(null);
      }
    },
    async close() {
      closing = true;
      if (running !== null) {
        // What it was doing goes down with its database.
        running.child.kill('SIGKILL');
        await running.done;
      }
      await Promise.all([api.close(), pool.end()]);
      await server.dispose();
    },
  };
}
