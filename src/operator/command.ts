import { complain, safeWriter } from '../output/output.ts';
import { errorText } from '../process/error-text.ts';
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
  let secrets: readonly string[] | null = null;
  try {
    const settings = readSettings({ env: world.env, envFile: flags.envFile, requires: ['DATABASE_URL', ...requires] });
    secrets = settings.secrets;
    const connection = await connect(settings.database, { statementTimeoutMs, signal: world.signal });
    try {
      return await work({ settings, connection, print: (text) => write(redact(text, settings.secrets)) });
    } finally {
      connection.close();
    }
  } catch (error) {
    return endCommand(error, name, flags, world, secrets);
  }
}

/** Says what ended a command, on stderr and under `--json` on stdout, there beside what is `told`. @returns the exit code */
export function endCommand(
  error: unknown,
  name: string,
  flags: Pick<CommandFlags, 'json'>,
  world: World,
  secrets: readonly string[] | null = null,
  told: object = { ok: false },
): number {
  const message = errorText(error, secrets);
  complain(world.stderr, name, message);
  if (flags.json) safeWriter(world.stdout)(`${JSON.stringify({ ...told, error: message })}\n`);
  return world.signal.aborted ? exitCodes.interrupted : exitCodeOfError(error);
}
