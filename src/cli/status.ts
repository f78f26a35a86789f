import type { Job } from '../job/job.ts';
import { jobsOption, type SharedFlags, sharedOf, withShared } from './flags.ts';
import { type Door, type Examples, subcommand } from './subcommand.ts';

const summary = 'tell how the jobs stand: last and next runs, backlog, forecast';

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

export function addStatus({ program, world, jobs, exit }: Door): void {
  const command = subcommand(program, 'status', summary, examples, notes).addOption(jobsOption(jobs));
  withShared(command).action(async ({ job: asked = jobs, ...flags }: SharedFlags & { job?: readonly Job[] }) => {
    const { runStatus } = await import('../operator/status/run-status.ts');
    exit(await runStatus({ ...sharedOf(flags), jobs, asked }, world));
  });
}
