import { Option } from 'commander';
import type { Job } from '../job/job.ts';
import type { LogFormat, LogLevel } from '../output/log.ts';
import { runPass } from '../pass/pass.ts';
import type { PassOptions } from '../pass/report.ts';
import { type SharedFlags, sharedOf, withShared } from './flags.ts';
import { type Door, subcommand } from './subcommand.ts';
import { parseLimit, parseRuntime } from './values.ts';

const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

const logFormats: readonly LogFormat[] = ['auto', 'pretty', 'json'];

interface JobFlags extends SharedFlags {
  dryRun?: true;
  maxRuntime?: number;
  limit?: number;
  logLevel: LogLevel;
  logFormat: LogFormat;
  quiet?: true;
  force?: true;
  stay?: number;
}

export function addJob({ program, world, exit }: Door, job: Job): void {
  const command = subcommand(program, job.name, job.summary)
    .option('--dry-run', 'show what a pass would do and change nothing')
    .option('--max-runtime <DURATION>', 'start nothing new after this time, such as 55m', parseRuntime)
    .option('--limit <N>', 'items at most', parseLimit)
    .addOption(new Option('--log-level <LEVEL>', 'least level of the log').choices(logLevels).default('info'))
    .addOption(
      new Option('--log-format <FORMAT>', 'auto: readable on a terminal, JSON elsewhere')
        .choices(logFormats)
        .default('auto'),
    )
    .option('--quiet', 'print nothing when all is well');
  if (job.force !== undefined) command.option('--force', job.force);
  if (job.stay !== undefined) command.option('--stay <DURATION>', job.stay, parseRuntime);
  withShared(command, 'the summary').action(async (flags: JobFlags) => {
    const options: PassOptions = {
      ...sharedOf(flags),
      dryRun: flags.dryRun === true,
      maxRuntimeMs: flags.maxRuntime ?? null,
      limit: flags.limit ?? null,
      logLevel: flags.logLevel,
      logFormat: flags.logFormat,
      quiet: flags.quiet === true,
      force: flags.force === true,
      stayMs: flags.stay ?? 0,
    };
    exit(await runPass(job, options, world));
  });
}
