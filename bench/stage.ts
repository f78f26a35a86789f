/** Where the measurements play: the server, bundled scripts, and the built telesweep. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import type { Summary } from '../src/process/summary.ts';
import { botToken } from '../test/support/bot-api.ts';
import { type BotApiProcess, type BotApiProcessOptions, startBotApiProcess } from './bot-api.ts';
import { type ChildOptions, type ChildResult, runNode, writeUsageHook } from './child.ts';
import { type Database, type DatabaseServer, type Statements, startDatabaseServer } from './database.ts';
import { startServerProcess } from './server-process.ts';

export interface Pass extends ChildResult {
  summary: Summary;
  statements: Statements;
}

export interface Stage {
  /** The full sizes, instead of the ones that take four minutes. */
  readonly long: boolean;
  readonly server: DatabaseServer;
  /** The built command. */
  readonly telesweep: string;
  readonly usageHook: string;
  /** `bare-loop.ts`, bundled. */
  readonly bareLoop: string;
  /** What is going on, for a person that waits. */
  say(line: string): void;
  /** Runs the work with a Bot API process that ends after it. */
  withBotApi<T>(options: BotApiProcessOptions, work: (api: BotApiProcess) => Promise<T>): Promise<T>;
  /** Runs the work with the address of a database that is so far away. */
  atDistance<T>(db: Database, roundTripMs: number, work: (databaseUrl: string) => Promise<T>): Promise<T>;
  /** Whether the built command has the flag. */
  knows(command: string, flag: string): Promise<boolean>;
  /** One pass of the built telesweep, its statements counted. */
  pass(db: Database, args: readonly string[], options?: ChildOptions): Promise<Pass>;
  close(): Promise<void>;
}

export interface StageOptions {
  long: boolean;
  /** The folder of the built command. */
  dist: string;
  say(line: string): void;
}

export async function openStage({ long, dist, say }: StageOptions): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'telesweep-bench-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  // A build meanwhile must not change what is measured.
  cpSync(dist, join(folder, 'dist'), { recursive: true });
  const telesweep = join(folder, 'dist', 'telesweep.cjs');
  const usageHook = writeUsageHook(folder);
  const botApi = await bundled('../test/support/bot-api/main.ts', join(folder, 'bot-api.mjs'));
  const delayProxy = await bundled('../test/support/delay-proxy/main.ts', join(folder, 'delay-proxy.mjs'));
  const bareLoop = await bundled('./bare-loop.ts', join(folder, 'bare-loop.mjs'));
  const server = await startDatabaseServer(telesweep);
  return {
    long,
    server,
    telesweep,
    usageHook,
    bareLoop,
    say,
    async withBotApi(options, work) {
      const api = await startBotApiProcess(botApi, options);
      try {
        return await work(api);
      } finally {
        await api.close();
      }
    },
    async atDistance(db, roundTripMs, work) {
      if (roundTripMs === 0) return work(db.url);
      const proxy = await startServerProcess(delayProxy, { databaseUrl: db.url, roundTripMs });
      try {
        return await work(proxy.url);
      } finally {
        await proxy.close();
      }
    },
    async knows(command, flag) {
      const { stdout } = await runNode([telesweep, command, '--help']);
      return stdout.split(/\s+/).includes(flag);
    },
    async pass(db, args, options = {}) {
      const env = { DATABASE_URL: db.url, TELEGRAM_BOT_TOKEN: botToken, ...options.env };
      const ran = await server.watch(db, () => runNode([telesweep, ...args, '--json'], { ...options, env }));
      const summary: Summary = JSON.parse(ran.stdout);
      // A crontab's next pass leaves where the one before it is still there.
      if (summary.outcome !== 'ok' && summary.outcome !== 'skipped')
        throw new Error(`${args.join(' ')}: ${ran.stdout}`);
      return { ...ran, summary };
    },
    async close() {
      await server.dispose();
      removeFolder();
    },
  };
}

/** Plain Node runs the bundle, so that no loader of TypeScript is measured. */
async function bundled(source: string, file: string): Promise<string> {
  const entry = fileURLToPath(new URL(source, import.meta.url));
  await build({ input: entry, platform: 'node', output: { file, format: 'esm' }, logLevel: 'warn' });
  return file;
}
