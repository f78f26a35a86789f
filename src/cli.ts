import { Command, CommanderError, Option } from 'commander';
import { exitCodeHelp, subcommand } from './cli/subcommand.ts';
import { parseLimit, parseRuntime } from './cli/values.ts';
import { exitCodes } from './exit-code.ts';
import type { Job } from './job.ts';
import { jobs } from './jobs/index.ts';
import { runPass } from './pass.ts';
import type { PassOptions } from './pass-report.ts';
import type { LogLevel } from './report/log.ts';
import { safeWriter } from './report/output.ts';
import { version } from './version.ts';
import type { World } from './world.ts';

const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/**
 * Reads the command line and runs its command. Never throws and never ends the process.
 * @returns the exit code
 */
export async function main(world: World): Promise<number> {
  let exitCode: number = exitCodes.ok;
  try {
    const program = await buildProgram(world, (code) => {
      exitCode = code;
    });
    await program.parseAsync([...world.argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : usageFailed(error, world);
    safeWriter(world.stderr)(`telesweep: ${error instanceof Error ? error.message : String(error)}\n`);
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

async function buildProgram(world: World, exit: (code: number) => void): Promise<Command> {
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

  // A pass does without the other commands: 2 ms.
  const named = jobs.find(({ name }) => name === world.argv[0]);
  if (named !== undefined) {
    addJob(program, named, world, exit);
    return program;
  }
  const { addOperatorCommands } = await import('./cli/operator.ts');
  for (const job of jobs) addJob(program, job, world, exit);
  addOperatorCommands(program, world, exit);
  addMigrate(program, world, exit);
  return program;
}

interface JobFlags {
  dryRun?: true;
  json?: true;
  maxRuntime?: number;
  limit?: number;
  envFile?: string;
  logLevel: LogLevel;
  quiet?: true;
  force?: true;
  stay?: number;
}

function addJob(program: Command, job: Job, world: World, exit: (code: number) => void): void {
  const command = subcommand(program, job.name, job.summary)
    .option('--dry-run', 'show what a pass would do and change nothing')
    .option('--json', 'print the summary as one JSON object on stdout')
    .option('--max-runtime <DURATION>', 'start nothing new after this time, such as 55m', parseRuntime)
    .option('--limit <N>', 'items at most', parseLimit)
    .option('--env-file <FILE>', 'read settings from FILE; the environment comes first')
    .addOption(new Option('--log-level <LEVEL>', 'least level of the log').choices(logLevels).default('info'))
    .option('--quiet', 'print nothing when all is well');
  if (job.name === 'post-guide') command.option('--force', 'post the next guide now, outside the slots');
  if (job.name === 'delete-due') {
    command.option('--stay <DURATION>', 'go on with what becomes due until then, such as 55s', parseRuntime);
  }
  command.action(async (flags: JobFlags) => {
    const options: PassOptions = {
      dryRun: flags.dryRun === true,
      json: flags.json === true,
      maxRuntimeMs: flags.maxRuntime ?? null,
      limit: flags.limit ?? null,
      envFile: flags.envFile ?? null,
      logLevel: flags.logLevel,
      quiet: flags.quiet === true,
      force: flags.force === true,
      stayMs: flags.stay ?? 0,
    };
    exit(await runPass(job, options, world));
  });
}

function addMigrate(program: Command, world: World, exit: (code: number) => void): void {
  subcommand(program, 'migrate', 'make or complete the tables, or show what that would do')
    .option('--dry-run', 'list the steps and change nothing')
    .option('--down', "take telesweep's own tables and columns away again; a bot's rows stay")
    .addOption(new Option('--sql', 'print the statements, for psql, and change nothing').conflicts(['json', 'dryRun']))
    .option('--json', 'print the steps as one JSON object on stdout')
    .option('--env-file <FILE>', 'read settings from FILE; the environment comes first')
    .action(async (flags: { dryRun?: true; down?: true; sql?: true; json?: true; envFile?: string }) => {
      const { runMigrate } = await import('./operator/run-migrate.ts');
      const { dryRun = false, down = false, sql = false, json = false, envFile = null } = flags;
      exit(await runMigrate({ dryRun, down, sql, json, envFile }, world));
    });
}
