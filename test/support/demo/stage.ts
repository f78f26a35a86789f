/** Where the demo plays: a real PostgreSQL, the simulated Telegram, and the built telesweep between them. */
import { join } from 'node:path';
import pg from 'pg';
import { formatCount, formatDuration } from '../../../src/output/format.ts';
import { type BotApi, botToken, startBotApi } from '../bot-api.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { type RunResult, type Started, start } from '../run.ts';
import { botsOf } from './bots-of.ts';
import type { Screen } from './screen.ts';

/** Telegram's documented limit; telesweep takes 25 of them where it is not told otherwise. */
export const callsPerSecond = 30;

/** A zone in which it is early afternoon now, so that no midnight and no new slot falls into the demo. */
function afternoonZone(): string {
  const ahead = 13 - new Date().getUTCHours();
  // The sign of these names is the other way round: Etc/GMT-3 is three hours ahead of UTC.
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}

const brokenOff = 'the demo is being closed';

export interface Stage {
  readonly screen: Screen;
  readonly api: BotApi;
  /** Everything that must appear in no output. */
  readonly secrets: readonly string[];
  /** Every pass so far, in the order in which they ended. */
  readonly passes: readonly RunResult[];
  readonly databaseUrl: string;
  /** Where the env files of several bots go; does not stand yet. */
  readonly botsFolder: string;
  /** For "today" and slots. */
  readonly timeZone: string;
  query<Row = Record<string, unknown>>(sql: string, params?: unknown[]): Promise<Row[]>;
  /**
   * Runs the built telesweep: a child process, no terminal, settings in its environment alone.
   * @param env added to the stage's own
   */
  telesweep(args: readonly string[], env?: Record<string, string>): Promise<RunResult>;
  /** Ends the children under way and everything that was started; leaves no file. */
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
  const timeZone = afternoonZone();
  const stageEnv = {
    DATABASE_URL: url,
    TELEGRAM_BOT_TOKEN: botToken,
    TELEGRAM_API_ROOT: api.url,
    TIMEZONE: timeZone,
  };
  const running = new Set<Started>();
  const passes: RunResult[] = [];
  let closing = false;

  return {
    screen,
    api,
    secrets: [botToken, server.password, encodeURIComponent(server.password)],
    passes,
    databaseUrl: url,
    botsFolder: join(server.folder, 'bots'),
    timeZone,
    async query<Row>(sql: string, params?: unknown[]) {
      const { rows } = await pool.query(sql, params);
      // The caller names the columns of its own statement.
      return rows as Row[];
    },
    async telesweep(args, env = {}) {
      if (closing) throw new Error(brokenOff);
      const startedAt = performance.now();
      const ticker = setInterval(() => {
        const elapsed = formatDuration(performance.now() - startedAt);
        screen.status(`${elapsed}, ${formatCount(api.callCount)} calls to Telegram so far`);
      }, 200);
      const started = start(args, { env: { ...stageEnv, ...env } });
      running.add(started);
      try {
        const result = await started.done;
        // Ctrl-C ends the pass as well; the demo must not go on from there.
        if (closing) throw new Error(brokenOff);
        passes.push(...passesOf(result));
        return result;
      } finally {
        running.delete(started);
        clearInterval(ticker);
        screen.status(null);
      }
    },
    async close() {
      closing = true;
      // What they were doing goes down with their database.
      for (const { child } of running) child.kill('SIGKILL');
      await Promise.all([...running].map(({ done }) => done));
      await Promise.all([api.close(), pool.end()]);
      await server.dispose();
    },
  };
}

/** One for each bot of a directory. */
export function passesOf(result: RunResult): RunResult[] {
  if (result.summary !== undefined) return [result];
  return botsOf(result).map(({ summary }) => ({ ...result, summary: summary ?? undefined }));
}
