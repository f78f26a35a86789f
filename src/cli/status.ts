import type { Job } from '../job/job.ts';
import { isInstallation } from '../settings/installation.ts';
import { goTheWay, withBots } from './bots.ts';
import { type BotFlag, jobsOption, type SharedFlags } from './flags.ts';
import { type Door, type Examples, subcommand } from './subcommand.ts';

const summary = 'tell how the jobs stand: last and next runs, backlog, forecast';

const examples: Examples = [
  ['telesweep status', 'how all jobs stand'],
  ['telesweep status --env-file /etc/telesweep/bots', 'every bot of a directory, worst first'],
  ['telesweep status --all', 'every schema of this database that a job has run in'],
  ['telesweep status --job delete-due --job delete-broadcasts', 'a check for a monitor: 1 where one is not well'],
  [`telesweep status --json | jq '.jobs[] | {job, backlog}'`, 'for a program'],
];

const notes = `
How a job stands; the exit code is 1 for the first four:
  failing  its last pass ended in an error, two in a row were cut off, or one
           hangs
  late     two of its times have passed, and a minute, since it last ran; one
           that never ran, when something has been due for that long
  stuck    two passes in a row said that they were done, and left the same work
  losing   messages will pass 48 hours before their turn
  paused   Telegram asked for a pause
  idle     it was never used
  well     none of these
`;

export function addStatus({ program, world, jobs, exit }: Door): void {
  const command = subcommand(program, 'status', summary, examples, notes)
    .addOption(jobsOption(jobs))
    .option('--all', 'every schema of the database that a job has run in, by the times of\nthe settings at hand');
  withBots(command).action(
    async ({ job: asked = jobs, all, ...flags }: SharedFlags & BotFlag & { job?: readonly Job[]; all?: true }) => {
      if (all && isInstallation(flags.envFile ?? null))
        command.error(
          'error: --all is for the bots of one database, and --env-file names a directory: it tells of all of them',
        );
      const code = await goTheWay(command, flags, world, {
        async one(shared) {
          if (all) {
            const { runStatusOfSchemas } = await import('../operator/status/run-status-of-schemas.ts');
            return runStatusOfSchemas({ ...shared, jobs, asked }, world);
          }
          const { runStatus } = await import('../operator/status/run-status.ts');
          return runStatus({ ...shared, jobs, asked }, world);
        },
        async each(directory, shared) {
          const { runStatusOfBots } = await import('../operator/status/run-status-of-bots.ts');
          return runStatusOfBots(directory, { ...shared, jobs, asked }, world);
        },
      });
      exit(code);
    },
  );
}
