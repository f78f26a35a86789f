import { Command, CommanderError, Option } from 'commander';
import { type SharedFlags, sharedOf, withShared } from './cli/flags.ts';
import { type Door, exitCodeHelp, subcommand } from './cli/subcommand.ts';
import { parseLimit, parseRuntime } from './cli/values.ts';
import { exitCodes } from './exit-code.ts';
import type { Job } from './job.ts';
import { jobs as everyJob } from './jobs/index.ts';
import { runPass } from './pass.ts';
import type { PassOptions } from './pass-report.ts';
import type { LogLevel } from './report/log.ts';
import { safeWriter } from './report/output.ts';
import { version } from './version.ts';
import type { World } from './world.ts';

const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/**
 * Reads the command line and runs its command. Never throws and never ends the process.
 * @param jobs those that there are
 * @returns the exit code
 */
export async function main(world: World, jobs: readonly Job[] = everyJob): Promise<number> {
  let exitCode: number = exitCodes.ok;
  try {
    const program = await buildProgram(world, jobs, (code) => {
      exitCode = code;
    });
    await program.parseAsync([...world.argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : usageFailed(error, world);
    const { describeDefect } = await import('./defect.ts');
    safeWriter(world.stderr)(`telesweep: ${describeDefect(error)}\n`);
    return exitCodes.defect;
  }
}

/** Commander has said on stderr what is wrong; whoever asked for JSON gets it there as well. */
function usageFailed(error: CommanderError, world: World): number {
  if (world.argv.includes('--json')) {
    const text = error.message.replace(/^error: /, '');
    safeWriter(world.stdout)(`${JSON.stringify({ outcome: 'failed', stop_reason: 'error', error: text })}\n`);
  }
  return exitCodes.usage;
}

async function buildProgram(world: World, jobs: readonly Job[], exit: Door['exit']): Promise<Command> {
  const out = safeWriter(world.stdout);
  const err = safeWriter(world.stderr);
  const program = new Command('telesweep')
    .description('Sweeps up after Telegram bots that keep their state in PostgreSQL: one pass of one job, then exit.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: out,
      writeErr: err,
      getOutHelpWidth: () => world.stdout.columns ?? 80,
      getErrHelpWidth: () => world.stderr.columns ?? 80,
      outputError: (text, write) => write(text),
    })
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('(telesweep --help tells the commands, telesweep COMMAND --help its flags)')
    .addHelpText('after', exitCodeHelp);

  const door: Door = { program, world, jobs, exit };
  // A pass does without the other commands: 2 ms.
  const named = jobs.find(({ name }) => name === world.argv[0]);
  if (named !== undefined) {
    addJob(door, named);
    return program;
  }
  const { addOperatorCommands } = await import('./cli/operator.ts');
  for (const job of jobs) addJob(door, job);
  addOperatorCommands(door);
  addMigrate(door);
  return program;
}

interface JobFlags extends SharedFlags {
  dryRun?: true;
  maxRuntime?: number;
  limit?: number;
  logLevel: LogLevel;
  quiet?: true;
  force?: true;
  stay?: number;
}

function addJob({ program, world, exit }: Door, job: Job): void {
  const command = subcommand(program, job.name, job.summary)
    .option('--dry-run', 'show what a pass would do and change nothing')
    .option('--max-runtime <DURATION>', 'start nothing new after this time, such as 55m', parseRuntime)
    .option('--limit <N>', 'items at most', parseLimit)
    .addOption(new Option('--log-level <LEVEL>', 'least level of the log').choices(logLevels).default('info'))
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
      quiet: flags.quiet === true,
      force: flags.force === true,
      stayMs: flags.stay ?? 0,
    };
    exit(await runPass(job, options, world));
  });
}

function addMigrate({ program, world, exit }: Door): void {
  const command = subcommand(program, 'migrate', 'make or complete the tables, or show what that would do')
    .option('--dry-run', 'list the steps and change nothing')
    .option('--down', "take telesweep's own tables and columns away again; a bot's rows stay")
    .addOption(new Option('--sql', 'print the statements, for psql, and change nothing').conflicts(['json', 'dryRun']));
  withShared(command, 'the steps').action(async (flags: SharedFlags & { dryRun?: true; down?: true; sql?: true }) => {
    const { runMigrate } = await import('./operator/run-migrate.ts');
    const { dryRun = false, down = false, sql = false } = flags;
    exit(await runMigrate({ ...sharedOf(flags), dryRun, down, sql }, world));
  });
}
