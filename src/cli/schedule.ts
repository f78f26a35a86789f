import { Argument, type Command } from 'commander';
import type { ScheduleFormat } from '../operator/run-schedule.ts';
import type { World } from '../world.ts';
import { type Examples, subcommand } from './subcommand.ts';

const formats: readonly ScheduleFormat[] = ['crontab', 'kubernetes', 'systemd'];

const examples: Examples = [
  ['telesweep schedule crontab >telesweep.cron', 'a crontab with all jobs; `crontab telesweep.cron` installs it'],
  ['telesweep schedule systemd --output /etc/systemd/system', 'a service and a timer for each job'],
  ['telesweep schedule kubernetes | kubectl apply -f -', 'a CronJob for each job'],
];

interface ScheduleArguments {
  job?: string[];
  envFile?: string;
  image?: string;
  namespace?: string;
  output?: string;
  json?: true;
}

export function addSchedule(program: Command, world: World, exit: (code: number) => void): void {
  subcommand(program, 'schedule', 'print what runs the jobs at their times', examples)
    .addArgument(new Argument('<format>', 'what to print').choices(formats))
    .option('--job <NAME>', 'this job alone; may be given again', (name, names: string[] = []) => [...names, name])
    .option('--env-file <FILE>', 'where the jobs find their settings')
    .option('--image <IMAGE>', 'container image, for kubernetes')
    .option('--namespace <NAME>', 'namespace, for kubernetes (default: telesweep)')
    .option('--output <DIR>', 'write files into DIR and print their names')
    .option('--json', 'print the files as one JSON object on stdout')
    .action(async (format: ScheduleFormat, flags: ScheduleArguments) => {
      const { runSchedule } = await import('../operator/run-schedule.ts');
      const { job = [], envFile = null, image = null, namespace = null, output = null, json = false } = flags;
      exit(await runSchedule({ format, jobs: job, envFile, image, namespace, output, json }, world));
    });
}
