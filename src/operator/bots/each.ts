import { safeWriter } from '../../output/output.ts';
import { UnavailableError } from '../../process/errors.ts';
import { worstOf } from '../../process/exit-code.ts';
import { collecting, signalsOf, type World, worldWith } from '../../process/world.ts';
import { findBot, placeOf, readInstallation } from '../../settings/installation.ts';
import { type CommandFlags, endCommand } from '../command.ts';

/** Bots asked at once. */
const parallel = 4;

/** The one bot of a directory that `--bot` names. Never throws. @returns the exit code */
export async function runForBot<F extends CommandFlags>(
  name: string,
  directory: string,
  command: string,
  flags: F,
  world: World,
  run: (flags: F) => Promise<number>,
): Promise<number> {
  try {
    return await run({ ...flags, ...findBot(directory, name) });
  } catch (error) {
    return endCommand(error, command, flags, world);
  }
}

/**
 * Does something for each bot of a directory, a few at a time.
 * @param work never throws, so that no bot costs another one anything
 * @returns the results in order of the bots' names
 * @throws SettingsError where the directory cannot be read, UnavailableError where a signal left bots unasked
 */
export async function forEachBot<F extends CommandFlags, T>(
  directory: string,
  flags: F,
  world: World,
  work: (flags: F, world: World, name: string) => Promise<T>,
): Promise<T[]> {
  const installation = readInstallation(directory);
  const { bots } = installation;
  const results: T[] = [];
  const withSignal = signalsOf(world.signal);
  let next = 0;
  const takeTurns = async (): Promise<void> => {
    for (let at = next++; at < bots.length && !world.signal.aborted; at = next++) {
      const bot = bots[at];
      if (bot === undefined) return;
      const own = { ...flags, envFile: bot.envFile, bot: placeOf(bot, installation) };
      results[at] = await withSignal((signal) => work(own, worldWith(world, { signal }), bot.name));
    }
  };
  await Promise.all(Array.from({ length: parallel }, takeTurns));
  if (Object.keys(results).length < bots.length)
    throw new UnavailableError('stopped by a signal before all bots were asked');
  return results;
}

/** What a command came to for one bot. */
export interface Told {
  bot: string;
  exitCode: number;
  /** What it printed. */
  text: string;
}

/** Runs a command as for one bot, for each of a directory, and keeps what it prints on stdout. @throws as `forEachBot` */
export function hearEach<F extends CommandFlags>(
  directory: string,
  flags: F,
  world: World,
  run: (flags: F, world: World) => Promise<number>,
): Promise<Told[]> {
  return forEachBot(directory, flags, world, async (own, ofBot, bot) => {
    const stdout = collecting(world.stdout);
    const exitCode = await run(own, worldWith(ofBot, { stdout }));
    return { bot, exitCode, text: stdout.text() };
  });
}

/**
 * Runs a command over a directory and prints what it says of each bot: under `--json` one object of all, else each text under the
 * bot's name. Never throws.
 * @returns the worst exit code
 */
export async function runForEach<F extends CommandFlags>(
  command: string,
  directory: string,
  flags: F,
  world: World,
  run: (flags: F, world: World) => Promise<number>,
  underName: (told: Told) => string = indentedUnderName,
): Promise<number> {
  try {
    const told = await hearEach(directory, flags, world, run);
    const print = safeWriter(world.stdout);
    if (flags.json)
      print(entriesAsJson(told.map(({ text, ...entry }) => ({ ...entry, told: text === '' ? {} : JSON.parse(text) }))));
    else print(told.map(underName).filter(Boolean).join('\n'));
    return worstOf(told.map(({ exitCode }) => exitCode));
  } catch (error) {
    return endCommand(error, command, flags, world, null, { bots: [] });
  }
}

/** What a command tells under `--json` of the bots of a directory. */
export function entriesAsJson(entries: readonly { bot: string; exitCode: number; told: object }[]): string {
  const bots = entries.map(({ bot, exitCode, told }) => ({ bot, exit_code: exitCode, ...told }));
  return `${JSON.stringify({ bots })}\n`;
}

function indentedUnderName({ bot, text }: Told): string {
  return text === '' ? '' : `${bot}\n${text.replace(/^(?=.)/gm, '  ')}`;
}
