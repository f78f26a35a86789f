import { Option } from 'commander';
import type { CommandFlags } from '../operator/command.ts';
import { type Stretch, stretches } from '../operator/stats/periods.ts';
import type { World } from '../process/world.ts';
import { goTheWay, withBots } from './bots.ts';
import type { BotFlag, SharedFlags } from './flags.ts';
import { type Door, type Examples, subcommand } from './subcommand.ts';
import { parseSince, parseTimeOfDay } from './values.ts';

const examples: Examples = [
  ['telesweep stats', 'the last 30 days, each beside the day before'],
  ['telesweep stats --by week --html stats.html', 'a page with charts'],
  ['telesweep stats --by month --csv >stats.csv', 'for a spreadsheet'],
  ['telesweep stats --send', 'for cron: the last full week, to STATS_CHAT_ID'],
];

const notes = `
What was done and what stands is counted by day, in TIMEZONE; weeks begin on
Monday. A figure with * is incomplete, and why stands below. A report is sent at
most once for each day, week or month; --send sends none that was sent, or may
have been.
`;

interface StatsArguments extends SharedFlags, BotFlag {
  since?: number;
  by?: Stretch;
  csv?: true;
  html?: string;
  send?: true;
  dryRun?: true;
  quiet?: true;
  at?: string;
}

export function addStats({ program, world, exit }: Door): void {
  const command = subcommand(
    program,
    'stats',
    'tell what was done and how things grew, by day, week or month',
    examples,
    notes,
  )
    .addOption(
      new Option('--since <DURATION>', 'from so long ago on (default: 30d; by week 84d, by month 365d)').argParser(
        parseSince,
      ),
    )
    .addOption(
      new Option('--by <STRETCH>', 'how long each stretch is (default: day; with --send week)').choices(stretches),
    )
    .option('--csv', 'print a line for each figure of each stretch')
    .addOption(new Option('--html <FILE>', 'write a page with charts').conflicts('csv'))
    .addOption(new Option('--send', 'send the last full stretch to STATS_CHAT_ID').conflicts(['since', 'csv', 'html']))
    .option('--dry-run', 'with --send: print what it would send, and send nothing')
    .option('--at <HH:MM>', 'with --send: not before this time of the day, in TIMEZONE', parseTimeOfDay)
    .option('--quiet', 'with --send: print nothing where all is well');
  withBots(command).action(async (flags: StatsArguments) => {
    const { since = null, by, csv = false, html = null, send = false, dryRun = false, json = false } = flags;
    const { at = null, quiet = false } = flags;
    if (dryRun && !send) command.error('error: --dry-run is for --send alone; stats itself changes nothing');
    if ((at !== null || quiet) && !send) command.error('error: --at and --quiet are for --send alone');
    if (csv && json) command.error('error: --csv and --json are two forms of the same; give one');
    const run = async (shared: CommandFlags, ofBot: World, ofMany: boolean): Promise<number> => {
      if (send) {
        const { runSend } = await import('../operator/stats/run-send.ts');
        return runSend({ ...shared, by: by ?? 'week', dryRun, at, quiet, ofMany }, ofBot);
      }
      const { runStats } = await import('../operator/stats/run-stats.ts');
      return runStats({ ...shared, sinceMs: since, by: by ?? 'day', csv, html }, ofBot);
    };
    const code = await goTheWay(command, flags, world, {
      one: (shared) => run(shared, world, false),
      async each(directory, shared) {
        if (html !== null || csv)
          command.error(
            'error: --html and --csv tell of one bot, and --env-file names a directory: name it with --bot NAME',
          );
        const { runForEach } = await import('../operator/bots/each.ts');
        return runForEach('stats', directory, shared, world, (own, ofBot) => run(own, ofBot, true));
      },
    });
    exit(code);
  });
}
