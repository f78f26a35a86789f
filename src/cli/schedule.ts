import { Argument } from 'commander';
import type { Job } from '../job/job.ts';
import type { ScheduleFormat } from '../operator/schedule/run-schedule.ts';
import { jobsOption, type SharedFlags, sharedOf, withShared } from './flags.ts';
import { type Door, type Examples, subcommand } from './subcommand.ts';

const formats: readonly ScheduleFormat[] = ['crontab', 'kubernetes', 'systemd', 'prometheus'];

const examples: Examples = [
  [
    'telesweep schedule crontab >telesweep.cron',
    'a crontab with all jobs and alerts; `crontab telesweep.cron` installs it',
  ],
  ['telesweep schedule systemd --output /etc/systemd/system', 'a service and a timer for each job'],
  [
    'telesweep schedule kubernetes --image IMAGE | kubectl apply -f -',
    'a namespace, the settings, the tables, and a CronJob for each job',
  ],
  ['telesweep schedule prometheus --job delete-due', 'alerts for the jobs that are in use'],
];

interface ScheduleArguments extends SharedFlags {
  job?: readonly Job[];
  image?: string;
  namespace?: string;
  output?: string;
}

export function addSchedule({ program, world, jobs, exit }: Door): void {
  const command = subcommand(program, 'schedule', 'print what runs the jobs at their times', examples)
    .addArgument(new Argument('<format>', 'what to print').choices(formats))
    .addOption(jobsOption(jobs))
    .option('--image <IMAGE>', 'container image, for kubernetes, which wants it')
    .option('--namespace <NAME>', 'namespace, for kubernetes (default: telesweep)')
    .option('--output <DIR>', 'write files into DIR, which stands, and print their names');
  withShared(command, 'the files', 'where the jobs find their settings').action(
    async (format: ScheduleFormat, flags: ScheduleArguments) => {
      const { runSchedule } = await import('../operator/schedule/run-schedule.ts');
      const { alert } = await import('../operator/schedule/alert.ts');
      const { job: asked = jobs, image = null, namespace = null, output = null } = flags;
      const beside = flags.job === undefined ? [alert] : [];
      exit(await runSchedule({ ...sharedOf(flags), format, jobs: asked, beside, image, namespace, output }, world));
    },
  );
}
