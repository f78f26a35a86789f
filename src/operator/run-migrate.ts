import { exitCodeOfError, exitCodes } from '../exit-code.ts';
import { redact } from '../redact.ts';
import { safeWriter } from '../report/output.ts';
import { readSettings } from '../settings.ts';
import { connect } from '../store/connect.ts';
import type { World } from '../world.ts';
import { type MigrationStep, migrate } from './migrate.ts';

export interface MigrateFlags {
  dryRun: boolean;
  down: boolean;
  json: boolean;
  envFile: string | null;
}

/** `telesweep migrate`. Never throws. @returns the exit code */
export async function runMigrate(flags: MigrateFlags, world: World): Promise<number> {
  const print = safeWriter(world.stdout);
  let secrets: readonly string[] = [];
  try {
    const settings = readSettings({ env: world.env, envFile: flags.envFile, requires: ['DATABASE_URL'] });
    secrets = settings.secrets;
    // An index on a large table takes its time.
    const connection = await connect(settings.database, { statementTimeoutMs: null, signal: world.signal });
    try {
      const steps = await migrate(await connection.kysely(), { dryRun: flags.dryRun, down: flags.down });
      print(redact(flags.json ? json(steps, flags) : text(steps, flags), secrets));
    } finally {
      connection.close();
    }
    return exitCodes.ok;
  } catch (error) {
    const message = redact(error instanceof Error ? error.message : String(error), secrets);
    const complain = safeWriter(world.stderr);
    for (const line of message.split('\n')) complain(`telesweep migrate: ${line}\n`);
    if (flags.json) print(`${JSON.stringify({ dry_run: flags.dryRun, steps: [], error: message })}\n`);
    return exitCodeOfError(error);
  }
}

function json(steps: readonly MigrationStep[], flags: MigrateFlags): string {
  const told = steps.map(({ migration, what }) => ({ migration, step: what }));
  return `${JSON.stringify({ dry_run: flags.dryRun, steps: told })}\n`;
}

function text(steps: readonly MigrationStep[], flags: MigrateFlags): string {
  if (steps.length === 0) return 'The database is up to date: nothing to do.\n';
  const lines = steps.map((step) => `  ${step.what}`);
  const head = flags.dryRun ? 'telesweep migrate would do this (nothing was changed):' : 'Done:';
  return `${[head, ...lines].join('\n')}\n`;
}
