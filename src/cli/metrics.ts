import { envFileHelp, type SharedFlags } from './flags.ts';
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

export function addMetrics({ program, world, jobs, exit }: Door): void {
  subcommand(program, 'metrics', 'print metrics for Prometheus, or write them to files', examples, notes)
    .option('--output [FILE]', 'write FILE, or files in METRICS_TEXTFILE_DIR')
    .option('--env-file <FILE>', envFileHelp)
    .action(async ({ envFile, output }: Pick<SharedFlags, 'envFile'> & { output?: string | true }) => {
      const { runMetrics } = await import('../operator/metrics/run-metrics.ts');
      exit(await runMetrics({ envFile: envFile ?? null, output: output ?? false, jobs }, world));
    });
}
