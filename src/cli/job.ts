import { Option } from 'commander';
import type { Job } from '../job/job.ts';
import type { LogFormat, LogLevel } from '../output/log.ts';
import type { Share } from '../pass/many/share.ts';
import { usualParallel } from '../pass/many/share.ts';
import { runPass } from '../pass/pass.ts';
import type { PassOptions } from '../pass/report.ts';
import { isInstallation } from '../settings/installation.ts';
import { type BotFlag, botOption, forDirectory, type SharedFlags, sharedOf, withShared } from './flags.ts';
import { type Door, subcommand } from './subcommand.ts';
import { parseLimit, parseRuntime, parseShareFlag } from './values.ts';

const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

const logFormats: readonly LogFormat[] = ['auto', 'pretty', 'json'];

interface JobFlags extends SharedFlags, BotFlag {
  dryRun?: true;
  maxRuntime?: number;
  limit?: number;
  logLevel: LogLevel;
  logFormat: LogFormat;
  quiet?: true;
  force?: true;
  stay?: number;
  parallel?: number;
  shard?: Share;
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
    .option('--quiet', 'print nothing when all is well')
    .option('--parallel <N>', `with a directory: bots at work at once (default: ${usualParallel})`, parseLimit)
    .option('--shard <I/N>', 'with a directory: the bots of this share, I from 0', parseShareFlag)
    .addOption(botOption().conflicts(['parallel', 'shard']));
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
    const { bot, parallel, shard } = flags;
    const { envFile: directory } = options;
    if (!isInstallation(directory)) {
      const wrong = Object.entries({ parallel, shard, bot }).find(([, value]) => value !== undefined);
      if (wrong !== undefined) command.error(forDirectory(`--${wrong[0]}`, directory));
      exit(await runPass(job, options, world));
      return;
    }
    const { runMany, runPassOf } = await import('../pass/many/run-many.ts');
    if (bot !== undefined) exit(await runPassOf(bot, directory, job, options, world));
    else {
      const many = { directory, parallel: parallel ?? usualParallel, share: shard ?? null };
      exit(await runMany(job, options, many, world));
    }
  });
}
