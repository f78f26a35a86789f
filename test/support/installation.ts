/** A directory of bots: each with a database and a token of its own, and one simulated Bot API for all of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BotApi, type BotApiOptions, startBotApi } from './bot-api.ts';
import { createDatabase, type TestDatabase } from './postgres.ts';
import { type RunResult, type Started, start } from './run.ts';
import { runHere } from './run-here.ts';
import { Recorder } from './secrets.ts';

export interface TestBot {
  name: string;
  token: string;
  db: TestDatabase;
}

export interface Installation {
  directory: string;
  api: BotApi;
  bots: readonly TestBot[];
  /** @throws where there is none of this name */
  bot(name: string): TestBot;
  /** Writes `NAME.env`. */
  write(name: string, settings: Record<string, string>): void;
  remove(name: string): void;
  /** The settings that each bot's file begins with. */
  settingsOf(bot: TestBot): Record<string, string>;
  /** Runs a command over the directory, in this process. */
  run(args: readonly string[], env?: Record<string, string>): Promise<RunResult>;
  /** Starts one in a process of its own. */
  start(args: readonly string[]): Started;
  /** Removes everything. @throws where a token or a password stood in any output */
  close(): Promise<void>;
}

/** Limits are off, and the rate is high, unless asked for. */
export async function createInstallation(
  names: readonly string[],
  api: BotApiOptions = {},
  common: Record<string, string> = {},
): Promise<Installation> {
  const directory = mkdtempSync(join(tmpdir(), 'telesweep-bots-'));
  const bots = await Promise.all(
    names.map(async (name, index) => {
      const token = `${700_001 + index}:AAF-simulated-token_of-bot-${index}-0123456`;
      return { name, token, db: await createDatabase() };
    }),
  );
  const botApi = await startBotApi({
    bots: bots.map(({ token }, index) => ({ token, username: `bot_${index}` })),
    ...api,
    limits: { sendsPerSecondPerChat: 0, groupSendsPerMinute: 0, ...api.limits },
  });
  const recorder = new Recorder();
  const write: Installation['write'] = (name, settings) => {
    recorder.knows(settings);
    const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(join(directory, `${name}.env`), lines.join(''), { mode: 0o600 });
  };
  const settingsOf = ({ db, token }: TestBot) => ({ DATABASE_URL: db.url, TELEGRAM_BOT_TOKEN: token });
  write('common', { TELEGRAM_API_ROOT: botApi.url, TELEGRAM_RATE: '500', ...common });
  for (const bot of bots) write(bot.name, settingsOf(bot));
  const record = ({ stdout, stderr }: RunResult, args: readonly string[]): void => {
    recorder.add(`stdout of telesweep ${args.join(' ')}`, stdout);
    recorder.add(`stderr of telesweep ${args.join(' ')}`, stderr);
  };
  return {
    directory,
    api: botApi,
    bots,
    bot(name) {
      const found = bots.find((bot) => bot.name === name);
      if (found === undefined) throw new Error(`there is no bot ${name}`);
      return found;
    },
    write,
    remove: (name) => rmSync(join(directory, `${name}.env`)),
    settingsOf,
    async run(args, env = {}) {
      const result = await runHere([...args, '--env-file', directory], { env });
      record(result, args);
      return result;
    },
    start(args) {
      const started = start([...args, '--env-file', directory]);
      started.done.then(
        (result) => record(result, args),
        () => {},
      );
      return started;
    },
    async close() {
      await Promise.all([botApi.close(), ...bots.map(({ db }) => db.drop())]);
      rmSync(directory, { recursive: true });
      const leaks = recorder.leaks();
      if (leaks.length > 0) throw new Error(`secrets came out:\n${leaks.join('\n')}`);
    },
  };
}
