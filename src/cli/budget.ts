import { InvalidArgumentError } from 'commander';
import { type SharedFlags, sharedOf, withShared } from './flags.ts';
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

  withShared(subcommand(budget, 'show', 'show when each bot may call Telegram', showExamples)).action(
    async (flags: SharedFlags) => {
      const { runBudgetShow } = await import('../operator/budget/run-budget.ts');
      exit(await runBudgetShow(sharedOf(flags), world));
    },
  );

  withShared(
    subcommand(budget, 'clear', 'end pauses and reservations, so that the next pass calls', clearExamples, clearNotes)
      .option('--bot <ID>', 'of this bot alone: the digits that its token begins with', parseBotId)
      .option('--yes', 'do not ask; needed where there is no terminal'),
  ).action(async (flags: SharedFlags & { bot?: string; yes?: true }) => {
    const { runBudgetClear } = await import('../operator/budget/run-budget.ts');
    const { bot = null, yes = false } = flags;
    exit(await runBudgetClear({ ...sharedOf(flags), bot, yes }, world));
  });
}

function parseBotId(text: string): string {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('expected the digits that its token begins with.');
  return text;
}
