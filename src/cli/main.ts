import { Command, CommanderError } from 'commander';
import type { Job } from '../job/job.ts';
import { jobs as everyJob } from '../jobs/index.ts';
import { complain, lostOutput, safeWriter } from '../output/output.ts';
import { exitCodes } from '../process/exit-code.ts';
import { withPriority } from '../process/journal.ts';
import { version } from '../process/version.ts';
import type { World } from '../process/world.ts';
import { addJob } from './job.ts';
import { type Door, exitCodeHelp } from './subcommand.ts';

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
    return jobs.some(({ name }) => name === world.argv[0]) ? exitCode : await withOutput(exitCode, world);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : usageFailed(error, world);
    const { describeDefect } = await import('../process/defect.ts');
    safeWriter(world.stderr)(withPriority(world.stderr, 'error', `telesweep: ${describeDefect(error)}\n`));
    return exitCodes.defect;
  }
}

/** Of an operator's command what it prints is the work: a crontab or guides cut off by a full disk are no success. */
async function withOutput(exitCode: number, world: World): Promise<number> {
  const lost = await lostOutput(world.stdout);
  if (lost === null) return exitCode;
  complain(world.stderr, world.argv[0] ?? '', `what it printed is not whole: stdout could not be written (${lost})`);
  return exitCode === exitCodes.ok ? exitCodes.failed : exitCode;
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
  const err = safeWriter(world.stderr);
  const program = new Command('telesweep')
    .description('Sweeps up after Telegram bots that keep their state in PostgreSQL: one pass of one job, then exit.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => safeWriter(world.stdout)(text),
      // Usage errors and what belongs to them: nothing else is written there.
      writeErr: (text) => err(withPriority(world.stderr, 'error', text)),
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
  const { addOperatorCommands } = await import('./operator.ts');
  for (const job of jobs) addJob(door, job);
  addOperatorCommands(door);
  return program;
}
