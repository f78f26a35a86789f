import { Option } from 'commander';
import { type SharedFlags, sharedOf, withShared } from './flags.ts';
import { type Door, subcommand } from './subcommand.ts';

export function addMigrate({ program, world, exit }: Door): void {
  const command = subcommand(program, 'migrate', 'make or complete the tables, or show what that would do')
    .option('--dry-run', 'list the steps and change nothing')
    .option('--down', "take telesweep's own tables and columns away again; a bot's rows stay")
    .addOption(new Option('--sql', 'print the statements, for psql, and change nothing').conflicts(['json', 'dryRun']));
  withShared(command, 'the steps').action(async (flags: SharedFlags & { dryRun?: true; down?: true; sql?: true }) => {
    const { runMigrate } = await import('../operator/migrate/run-migrate.ts');
    const { dryRun = false, down = false, sql = false } = flags;
    exit(await runMigrate({ ...sharedOf(flags), dryRun, down, sql }, world));
  });
}
