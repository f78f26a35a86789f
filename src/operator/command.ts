import { complain, safeWriter } from '../output/output.ts';
import { errorText } from '../process/error-text.ts';
import { SettingsError } from '../process/errors.ts';
import { exitCodeOfError, exitCodes } from '../process/exit-code.ts';
import { redact } from '../process/redact.ts';
import type { World } from '../process/world.ts';
import { readSettings, type Settings } from '../settings/settings.ts';
import { type Connection, connect } from '../store/connect.ts';

/** The flags of every operator command. */
export interface CommandFlags {
  json: boolean;
  envFile: string | null;
}

export interface CommandContext {
  settings: Settings;
  connection: Connection;
  /** Writes to stdout, without secrets. */
  print(text: string): void;
}

/** Millions of rows are counted in less; a longer silence means a server that hangs, and a check must not hang with it. */
export const statementTimeoutMs = 60_000;

/**
 * Runs a command that works on the database: settings, connection, and what an error becomes. Never throws.
 * @param requires settings beside DATABASE_URL
 * @param work returns the exit code
 */
export async function runCommand(
  name: string,
  flags: CommandFlags,
  world: World,
  requires: readonly string[],
  work: (context: CommandContext) => Promise<number>,
): Promise<number> {
  const write = safeWriter(world.stdout);
  let settings: Settings | null = null;
  try {
    const known = readSettings({ env: world.env, envFile: flags.envFile, requires: ['DATABASE_URL', ...requires] });
    settings = known;
    const connection = await connect(known.database, { statementTimeoutMs, signal: world.signal });
    try {
      return await work({ settings: known, connection, print: (text) => write(redact(text, known.secrets)) });
    } finally {
      connection.close();
    }
  } catch (error) {
    return endCommand(error, name, flags, world, settings);
  }
}

/**
 * Says what ended a command, on stderr and under `--json` on stdout, there beside what is `told`.
 * @param settings null where they are not known yet
 * @returns the exit code
 */
export function endCommand(
  error: unknown,
  name: string,
  flags: Pick<CommandFlags, 'json'>,
  world: World,
  settings: Pick<Settings, 'name' | 'secrets'> | null = null,
  told: object = { ok: false },
): number {
  const message = errorText(error, settings?.secrets ?? null);
  complain(world.stderr, name, message, settings?.name ?? (error instanceof SettingsError ? error.bot : null));
  if (flags.json) safeWriter(world.stdout)(`${JSON.stringify({ ...told, error: message })}\n`);
  return world.signal.aborted ? exitCodes.interrupted : exitCodeOfError(error);
}
