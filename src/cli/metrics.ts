import { goTheWay } from './bots.ts';
import { type BotFlag, botOption, envFileHelp, type SharedFlags } from './flags.ts';
import { type Door, type Examples, subcommand } from './subcommand.ts';

const examples: Examples = [
  ['telesweep metrics', 'to look at'],
  ['telesweep metrics --output', 'every five minutes by cron: files in METRICS_TEXTFILE_DIR'],
  ['telesweep metrics --output /srv/textfile/telesweep.prom', 'all of them in one file'],
];

const notes = `
What the database tells of every job, without a pass. In METRICS_TEXTFILE_DIR
the file of each job is the one that its passes write; telesweep_health.prom is
written by this command alone. A file of your own goes into another folder: of
two that tell the same, node_exporter drops one and logs errors.
`;

interface MetricsArguments extends Pick<SharedFlags, 'envFile'>, BotFlag {
  output?: string | true;
}

export function addMetrics({ program, world, jobs, exit }: Door): void {
  const command = subcommand(
    program,
    'metrics',
    'print metrics for Prometheus, or write them to files',
    examples,
    notes,
  )
    .option('--output [FILE]', 'write FILE, or files in METRICS_TEXTFILE_DIR')
    .addOption(botOption())
    .option('--env-file <FILE>', envFileHelp)
    .action(async ({ output: given, ...flags }: MetricsArguments) => {
      const output = given ?? false;
      const code = await goTheWay(command, flags, world, {
        async one({ envFile, bot }) {
          const { runMetrics } = await import('../operator/metrics/run-metrics.ts');
          return runMetrics({ envFile, bot, output, jobs }, world);
        },
        async each(directory, { envFile }) {
          const { runMetricsOfBots } = await import('../operator/metrics/run-metrics-of-bots.ts');
          return runMetricsOfBots(directory, { envFile, output, jobs }, world);
        },
      });
      exit(code);
    });
}
