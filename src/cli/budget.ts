import { InvalidArgumentError } from 'commander';
import { Wrong } from '../settings/format.ts';
import { botName } from '../settings/formats.ts';
import { isInstallation } from '../settings/installation.ts';
import { goTheWay, type Ways, withBots } from './bots.ts';
import { type BotFlag, type SharedFlags, withShared } from './flags.ts';
import { type Door, type Examples, subcommand } from './subcommand.ts';

const showExamples: Examples = [
  ['telesweep budget show', 'when each bot may call, and which pause Telegram asked for'],
  ['telesweep budget show --json | jq ".bots[].paused_until"', 'for a program'],
];
const clearExamples: Examples = [
  ['telesweep budget clear', 'end every pause; asks first'],
  ['telesweep budget clear --bot 123456789 --yes', 'that of one bot, from a script'],
];

const clearNotes = `
For a pause that something between here and Telegram invented. One that Telegram
itself asked for comes back with the next call, and may be longer.
`;

/** `budget show | clear`. */
export function addBudget({ program, world, exit }: Door): void {
  const budget = subcommand(program, 'budget', 'show when each bot may call Telegram, or end a pause');

  const show = subcommand(budget, 'show', 'show when each bot may call Telegram', showExamples);
  withBots(show).action(async (flags: SharedFlags & BotFlag) => {
    const { runBudgetShow } = await import('../operator/budget/run-budget.ts');
    exit(await goTheWay(show, flags, world, { one: (shared) => runBudgetShow(shared, world), each: null }));
  });

  const clear = subcommand(
    budget,
    'clear',
    'end pauses and reservations, so that the next pass calls',
    clearExamples,
    clearNotes,
  )
    .option(
      '--bot <ID>',
      'of this bot alone: the digits that its token begins with;\nwith a directory also its NAME',
      pick,
    )
    .option('--yes', 'do not ask; needed where there is no terminal');
  withShared(clear).action(async ({ bot: picked, ...flags }: SharedFlags & { bot?: Picked; yes?: true }) => {
    const { runBudgetClear } = await import('../operator/budget/run-budget.ts');
    const { id = null, name } = inDirectory(picked ?? {}, flags.envFile ?? null);
    const one: Ways['one'] = (shared) => runBudgetClear({ ...shared, botId: id, yes: flags.yes === true }, world);
    exit(await goTheWay(clear, name === undefined ? flags : { ...flags, bot: name }, world, { one, each: null }));
  });
}

interface Picked {
  /** A bot id. */
  id?: string;
  /** A bot of a directory. */
  name?: string;
}

/** A bot of a directory may be named by digits as well, and one must be named there. */
function inDirectory(picked: Picked, envFile: string | null): Picked {
  const { id, name } = picked;
  return id !== undefined && name === undefined && isInstallation(envFile) ? { name: id } : picked;
}

/** Both may be given. What is all digits is an id, because a token begins with one. */
function pick(text: string, before?: Picked): Picked {
  if (/^\d{1,18}$/.test(text)) return { ...before, id: text };
  if (botName.parse(text) instanceof Wrong) {
    throw new InvalidArgumentError(
      'expected the digits that its token begins with, or the name of a bot of a directory.',
    );
  }
  return { ...before, name: text };
}
