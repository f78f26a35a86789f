import { ofBot, safeWriter } from '../../output/output.ts';
import { exitCodes } from '../../process/exit-code.ts';
import { redact } from '../../process/redact.ts';
import type { World } from '../../process/world.ts';
import { readSettings, type Settings } from '../../settings/settings.ts';
import { type Connection, connect } from '../../store/connect.ts';
import { type CommandFlags, endCommand, ofBotAsJson } from '../command.ts';
import { type MigrateOptions, migrate } from './migrate.ts';
import { planAsJson, planAsSql, planAsText } from './migrate-text.ts';
import { planMigration } from './plan-migration.ts';

export interface MigrateFlags extends CommandFlags {
  dryRun: boolean;
  down: boolean;
  /** Print the statements and run none. */
  sql: boolean;
}

/** How often somebody at a terminal hears how far the building of an index is. */
const tellEveryMs = 5_000;

/** `telesweep migrate`. Never throws. @returns the exit code */
export async function runMigrate(flags: MigrateFlags, world: World): Promise<number> {
  const print = safeWriter(world.stdout);
  let settings: Settings | null = null;
  try {
    settings = readSettings({ env: world.env, envFile: flags.envFile, ...flags.bot, requires: ['DATABASE_URL'] });
    const { database, secrets } = settings;
    // An index on a large table takes its time; what a signal breaks off is told by `migrate`.
    const open = (): Promise<Connection> => connect(database, { statementTimeoutMs: null, signal: world.signal });
    const connection = await open();
    try {
      const db = await connection.kysely();
      if (flags.sql) {
        print(redact(planAsSql(await planMigration(db, flags.down, settings.schema), flags), secrets));
        return exitCodes.ok;
      }
      const result = flags.dryRun
        ? { ...(await planMigration(db, flags.down, settings.schema)), interrupted: false }
        : await migrate(db, { ...optionsOf(flags, open, world, settings.name), schema: settings.schema });
      print(redact(flags.json ? ofBotAsJson(planAsJson(result, flags), settings) : planAsText(result, flags), secrets));
      return result.interrupted ? exitCodes.interrupted : exitCodes.ok;
    } finally {
      connection.close();
    }
  } catch (error) {
    return endCommand(error, 'migrate', flags, world, settings, { dry_run: flags.dryRun, steps: [] });
  }
}

function optionsOf(
  flags: MigrateFlags,
  open: () => Promise<Connection>,
  world: World,
  bot: string | null,
): MigrateOptions {
  const say = safeWriter(world.stderr);
  return {
    down: flags.down,
    signal: world.signal,
    async open() {
      const connection = await open();
      return { db: await connection.kysely(), close: () => connection.close() };
    },
    // For who sits before it: elsewhere the steps are told once, at the end.
    ...(world.stderr.isTTY ? { tellEveryMs } : {}),
    tell: (line) => world.stderr.isTTY && say(`telesweep migrate: ${ofBot(bot)}${line}\n`),
  };
}
