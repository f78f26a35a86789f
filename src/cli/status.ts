import type { Command } from 'commander';
import type { JobName } from '../job.ts';
import type { World } from '../world.ts';
import { everyJob, jobOption } from './jobs.ts';
import { type Examples, subcommand } from './subcommand.ts';

const examples: Examples = [
  ['telesweep status', 'how all jobs stand'],
  ['telesweep status --job delete-due --job delete-broadcasts', 'a check for a monitor: 1 where one is overdue'],
  [`telesweep status --json | jq '.jobs[] | {job, backlog}'`, 'for a program'],
];

const notes = `
A job is overdue when two of its times have passed, and a minute, since it last
ran, whatever came of that run; one that never ran, when something has been due
for that long. A pass under way is not overdue, unless the one before it was cut
off.
`;

export function addStatus(program: Command, world: World, exit: (code: number) => void): void {
  subcommand(program, 'status', 'tell how the jobs stand: last and next runs, backlog, forecast', examples, notes)
    .addOption(jobOption())
    .option('--json', 'print one JSON object on stdout')
    .option('--env-file <FILE>', 'read settings from FILE; the environment comes first')
    .action(async (flags: { job?: JobName[]; json?: true; envFile?: string }) => {
      const { runStatus } = await import('../operator/run-status.ts');
      const { job: jobs = everyJob, json = false, envFile = null } = flags;
      exit(await runStatus({ jobs, json, envFile }, world));
    });
}
