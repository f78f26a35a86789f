import type { Command } from 'commander';
import type { Job } from '../job/job.ts';
import { wrap } from '../output/wrap.ts';
import { exitCodeMeanings, worstFirst } from '../process/exit-code.ts';
import type { World } from '../process/world.ts';

/** What a command is added to, and what it works with. */
export interface Door {
  program: Command;
  world: World;
  /** Every job, in the order of `--help`. */
  jobs: readonly Job[];
  exit(code: number): void;
}

/** Command lines with what each is for, for the end of a command's `--help`. */
export type Examples = readonly (readonly [line: string, purpose: string])[];

/**
 * Adds a command with what every command shares.
 * @param notes stand between the examples and the exit codes
 */
export function subcommand(
  program: Command,
  name: string,
  summary: string,
  examples: Examples = [],
  notes = '',
): Command {
  return program
    .command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .addHelpText('after', () => exampleHelp(examples) + notes + exitCodeHelp())
    .allowExcessArguments(false);
}

function exampleHelp(examples: Examples): string {
  if (examples.length === 0) return '';
  const lines = examples.map(([line, purpose]) => `  ${line}\n      ${purpose}`);
  return `\nExamples:\n${lines.join('\n')}\n`;
}

/** For a screen of 80 columns. */
export function exitCodeHelp(): string {
  const lines = Object.entries(exitCodeMeanings).map(
    ([code, meaning]) => `${code.padStart(4)}  ${wrap(meaning, 74).join('\n      ')}\n`,
  );
  return `\nExit codes:\n${lines.join('')}Of several bots the worst counts: ${worstFirst.join(', ')}, in this order.\n`;
}
