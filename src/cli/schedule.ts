import { Argument } from 'commander';
import type { Job } from '../job/job.ts';
import type { ScheduleFormat } from '../operator/schedule/request.ts';
import { jobsOption, type SharedFlags, sharedOf, withShared } from './flags.ts';
import { type Door, type Examples, subcommand } from './subcommand.ts';
import { parseLimit } from './values.ts';

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
  [
    'telesweep schedule kubernetes --image IMAGE --bots DIR --shards 3',
    'CronJobs for all bots of a directory, in three pods each',
  ],
  ['telesweep schedule prometheus --job delete-due', 'alerts for the jobs that are in use'],
];

interface ScheduleArguments extends SharedFlags {
  job?: readonly Job[];
  image?: string;
  namespace?: string;
  bots?: string;
  bot?: string;
  parallel?: number;
  shards?: number;
  output?: string;
}

export function addSchedule({ program, world, jobs, exit }: Door): void {
  const command = subcommand(program, 'schedule', 'print what runs the jobs at their times', examples)
    .addArgument(new Argument('<format>', 'what to print').choices(formats))
    .addOption(jobsOption(jobs))
    .option('--image <IMAGE>', 'container image, for kubernetes, which wants it')
    .option('--namespace <NAME>', 'namespace, for kubernetes (default: telesweep)')
    .option('--bots <DIR>', 'all bots of a directory, for kubernetes; for the others, --env-file DIR')
    .option('--shards <N>', 'pods that share the bots of --bots (default: 1)', parseLimit)
    .option('--parallel <N>', 'bots of a directory at a time', parseLimit)
    .option('--bot <NAME>', 'one bot of the directory that --env-file names')
    .option('--output <DIR>', 'write files into DIR, which stands, and print their names');
  withShared(command, 'the files', 'where the jobs find their settings').action(
    async (format: ScheduleFormat, flags: ScheduleArguments) => {
      const { runSchedule } = await import('../operator/schedule/run-schedule.ts');
      const { alert } = await import('../operator/schedule/alert.ts');
      const { job: asked = jobs, image = null, namespace = null, output = null } = flags;
      const { bots = null, bot = null, parallel = null, shards = null } = flags;
      const beside = flags.job === undefined ? [alert] : [];
      const kubernetes = { image, namespace, bots, shards };
      exit(
        await runSchedule(
          { ...sharedOf(flags), ...kubernetes, format, jobs: asked, beside, bot, parallel, output },
          world,
        ),
      );
    },
  );
}
