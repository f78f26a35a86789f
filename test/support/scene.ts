/** What a test of a job needs: a migrated database, the simulated Bot API and the settings that join them. */
import type { Summary } from '../../src/job.ts';
import { type BotApi, type BotApiOptions, botToken, startBotApi } from './bot-api.ts';
import { createDatabase, type TestDatabase } from './postgres.ts';
import { type RunResult, type Started, start, telesweep } from './run.ts';

export interface Scene {
  db: TestDatabase;
  api: BotApi;
  env: Record<string, string>;
  /** Runs a command to its end. `env` is added to the scene's own. */
  run(args: readonly string[], env?: Record<string, string>): Promise<RunResult>;
  start(args: readonly string[], env?: Record<string, string>): Started;
  /** Runs a job, expects it to end with a summary, and returns both. */
  pass(args: readonly string[], env?: Record<string, string>): Promise<RunResult & { summary: Summary }>;
  /** Everything as it was at the start: no rows, no chats' calls, no faults. */
  close(): Promise<void>;
}

/** Limits are off unless asked for, and the rate is high, so that tests spend no time waiting. */
export async function createScene(api: BotApiOptions = {}, env: Record<string, string> = {}): Promise<Scene> {
  const [db, botApi] = await Promise.all([
    createDatabase(),
    startBotApi({ ...api, limits: { sendsPerSecondPerChat: 0, groupSendsPerMinute: 0, ...api.limits } }),
  ]);
  const own = {
    DATABASE_URL: db.url,
    TELEGRAM_BOT_TOKEN: botToken,
    TELEGRAM_API_ROOT: botApi.url,
    TELEGRAM_RATE: '500',
    ...env,
  };
  return {
    db,
    api: botApi,
    env: own,
    run: (args, more) => telesweep(args, { env: { ...own, ...more } }),
    start: (args, more) => start(args, { env: { ...own, ...more } }),
    async pass(args, more) {
      const result = await telesweep(args, { env: { ...own, ...more } });
      const { summary } = result;
      if (summary === undefined) throw new Error(`no summary: exit ${result.code}\n${result.stdout}\n${result.stderr}`);
      return { ...result, summary };
    },
    async close() {
      await Promise.all([botApi.close(), db.drop()]);
    },
  };
}
