import { Option } from 'commander';
import { goTheWay, withBots } from './bots.ts';
import type { BotFlag, SharedFlags } from './flags.ts';
import { type Door, subcommand } from './subcommand.ts';

interface MigrateArguments extends SharedFlags, BotFlag {
  dryRun?: true;
  down?: true;
  sql?: true;
}

export function addMigrate({ program, world, exit }: Door): void {
  const command = subcommand(program, 'migrate', 'make or complete the tables, or show what that would do')
    .option('--dry-run', 'list the steps and change nothing')
    .option('--down', "take telesweep's own tables and columns away again; a bot's rows stay")
    .addOption(new Option('--sql', 'print the statements, for psql, and change nothing').conflicts(['json', 'dryRun']));
  withBots(command, 'the steps').action(async (flags: MigrateArguments) => {
    const { dryRun = false, down = false, sql = false } = flags;
    const code = await goTheWay(command, flags, world, {
      async one(shared) {
        const { runMigrate } = await import('../operator/migrate/run-migrate.ts');
        return runMigrate({ ...shared, dryRun, down, sql }, world);
      },
      async each(directory, shared) {
        const { runForEach } = await import('../operator/bots/each.ts');
        const { runMigrate } = await import('../operator/migrate/run-migrate.ts');
        const all = { ...shared, dryRun, down, sql };
        // A name alone would be no SQL.
        const head = sql ? [({ bot, text }: { bot: string; text: string }) => `-- Bot ${bot}\n${text}`] : [];
        return runForEach('migrate', directory, all, world, runMigrate, ...head);
      },
    });
    exit(code);
  });
}
