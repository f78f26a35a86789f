/** What a test of a job needs: a migrated database, the simulated Bot API and the settings that join them. */
import type { Summary } from '../../src/process/summary.ts';
import { type BotApi, type BotApiOptions, botToken, startBotApi } from './bot-api.ts';
import { type Monitors, startMonitors } from './monitors.ts';
import { createDatabase, type DatabaseOptions, type TestDatabase } from './postgres.ts';
import { type RunResult, type Started, start } from './run.ts';
import { runHere } from './run-here.ts';
import { Recorder } from './secrets.ts';

/** Settings; undefined takes one of the scene's own away. */
export type Env = Record<string, string | undefined>;

export interface Scene {
  db: TestDatabase;
  api: BotApi;
  env: Record<string, string>;
  /** What watches the passes: pings, a Pushgateway, metrics. Null unless asked for. */
  monitors: Monitors | null;
  /** Runs a command to its end, in this process. `env` is added to the scene's own. */
  run(args: readonly string[], env?: Env): Promise<RunResult>;
  /** Starts a command in a process of its own, which the test may signal or kill. */
  start(args: readonly string[], env?: Env): Started;
  /** Runs a job, expects it to end with a summary, and returns both. */
  pass(args: readonly string[], env?: Env): Promise<RunResult & { summary: Summary }>;
  /** Adds to what is searched for secrets at the end. */
  note(place: string, text: string): void;
  /** Removes everything. @throws where a token or a password stood in any output, record, metric or ping of the scene */
  close(): Promise<void>;
}

export interface SceneOptions {
  /** A server of the test's own; the run's by default. */
  server?: DatabaseOptions['server'];
  monitors?: boolean;
  /** False: an empty database. */
  migrated?: boolean;
  /** Options of CREATE DATABASE, of an empty database. */
  database?: string | undefined;
}

/** Limits are off unless asked for, and the rate is high, so that tests spend no time waiting. */
export async function createScene(
  api: BotApiOptions = {},
  env: Record<string, string> = {},
  { server, monitors: monitored = false, migrated = true, database }: SceneOptions = {},
): Promise<Scene> {
  const [db, botApi, monitors] = await Promise.all([
    createDatabase({ migrated, ...(server && { server }), ...(database !== undefined && { as: database }) }),
    startBotApi({ ...api, limits: { sendsPerSecondPerChat: 0, groupSendsPerMinute: 0, ...api.limits } }),
    monitored ? startMonitors() : null,
  ]);
  const own = {
    DATABASE_URL: db.url,
    TELEGRAM_BOT_TOKEN: botToken,
    TELEGRAM_API_ROOT: botApi.url,
    TELEGRAM_RATE: '500',
    ...monitors?.env,
    ...env,
  };
  const recorder = new Recorder();
  recorder.knows(own);

  const record = (args: readonly string[], { stdout, stderr }: RunResult): void => {
    recorder.add(`stdout of telesweep ${args.join(' ')}`, stdout);
    recorder.add(`stderr of telesweep ${args.join(' ')}`, stderr);
  };
  const startPass: Scene['start'] = (args, more = {}) => {
    recorder.knows(more);
    const started = start(args, { env: given({ ...own, ...more }) });
    started.done.then(
      (result) => record(args, result),
      () => {},
    );
    return started;
  };
  const runPass: Scene['run'] = async (args, more = {}) => {
    recorder.knows(more);
    const result = await runHere(args, { env: given({ ...own, ...more }) });
    record(args, result);
    return result;
  };

  return {
    db,
    api: botApi,
    env: own,
    monitors,
    run: runPass,
    start: startPass,
    async pass(args, more) {
      const result = await runPass(args, more);
      const { summary } = result;
      if (summary === undefined) throw new Error(`no summary: exit ${result.code}\n${result.stdout}\n${result.stderr}`);
      return { ...result, summary };
    },
    note: (place, text) => recorder.add(place, text),
    async close() {
      await recorder.addDatabase(db);
      for (const text of monitors?.texts() ?? []) recorder.add('what the monitors heard', text);
      await Promise.all([botApi.close(), db.drop(), monitors?.close()]);
      const leaks = recorder.leaks();
      if (leaks.length > 0) throw new Error(`secrets came out:\n${leaks.join('\n')}`);
    },
  };
}

function given(env: Env): Record<string, string> {
  const pairs = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(pairs);
}
