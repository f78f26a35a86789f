import { complain, safeWriter } from '../output/output.ts';
import { errorText } from '../process/error-text.ts';
import { SettingsError } from '../process/errors.ts';
import { exitCodeOfError, exitCodes } from '../process/exit-code.ts';
import { redact } from '../process/redact.ts';
import type { World } from '../process/world.ts';
import { type BotPlace, readSettings, type Settings } from '../settings/settings.ts';
import { type Connection, connect } from '../store/connect.ts';

/** The flags of every operator command. */
export interface CommandFlags {
  json: boolean;
  envFile: string | null;
  /** Where the env file is one of a directory. */
  bot?: BotPlace | undefined;
}

export interface CommandContext {
  settings: Settings;
  connection: Connection;
  /** Writes to stdout, without secrets. */
  print(text: string): void;
}

/** Millions of rows are counted in less; a longer silence means a server that hangs, and a check must not hang with it. */
export const statementTimeoutMs = 60_000;

/** What a question to the database came to. */
export type Answer<T> = { value: T } | Failure;

/** What ended a command: its exit code, and the words without secrets. */
export interface Failure {
  exitCode: number;
  error: string;
  /** The name of the bot that it concerns, where it has one. */
  bot: string | null;
}

/** As far as the settings are known: null where they are not. */
type Known = Pick<Settings, 'name' | 'secrets'> | null;

/**
 * Works on the database of one bot: settings, connection, and what an error becomes. Never throws.
 * @param requires settings beside DATABASE_URL
 */
export async function ask<T>(
  flags: Pick<CommandFlags, 'envFile' | 'bot'>,
  world: World,
  requires: readonly string[],
  work: (context: Omit<CommandContext, 'print'>) => Promise<T>,
): Promise<Answer<T>> {
  let known: Known = null;
  try {
    const { envFile, bot } = flags;
    const settings = readSettings({ env: world.env, envFile, ...bot, requires: ['DATABASE_URL', ...requires] });
    known = settings;
    const connection = await connect(settings.database, { statementTimeoutMs, signal: world.signal });
    try {
      return { value: await work({ settings, connection }) };
    } finally {
      connection.close();
    }
  } catch (error) {
    return failureOf(error, flags, world, known);
  }
}

/**
 * Runs a command that works on the database. Never throws.
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
  const answer = await ask(flags, world, requires, ({ settings, connection }) =>
    work({
      settings,
      connection,
      print: (text) => write(redact(flags.json ? ofBotAsJson(text, settings) : text, settings.secrets)),
    }),
  );
  return 'value' in answer ? answer.value : tellFailure(answer, name, flags, world);
}

function failureOf(error: unknown, { bot }: Pick<CommandFlags, 'bot'>, world: World, known: Known): Failure {
  const exitCode = world.signal.aborted ? exitCodes.interrupted : exitCodeOfError(error);
  const named = known?.name ?? (error instanceof SettingsError ? error.bot : null) ?? bot?.name ?? null;
  return { exitCode, error: errorText(error, known?.secrets ?? null), bot: named };
}

/** Says what ended a command, on stderr and under `--json` on stdout, there beside what is `told`. @returns the exit code */
export function endCommand(
  error: unknown,
  name: string,
  flags: Pick<CommandFlags, 'json' | 'bot'>,
  world: World,
  known: Known = null,
  told: object = { ok: false },
): number {
  return tellFailure(failureOf(error, flags, world, known), name, flags, world, told);
}

/** The one object of `--json`, with the bot's name first where it has one. @param text the object as JSON */
export function ofBotAsJson(text: string, { name }: Pick<Settings, 'name'>): string {
  return name === null ? text : text.replace(/^\{(?="(?!bot"))/, () => `{"bot":${JSON.stringify(name)},`);
}

/** The same of what `ask` came to. */
export function tellFailure(
  { exitCode, error, bot }: Failure,
  name: string,
  { json }: Pick<CommandFlags, 'json'>,
  world: World,
  told: object = { ok: false },
): number {
  complain(world.stderr, name, error, bot);
  if (json) safeWriter(world.stdout)(`${JSON.stringify({ ...(bot !== null && { bot }), ...told, error })}\n`);
  return exitCode;
}
