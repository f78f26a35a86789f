/** Flags that several commands share. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Job } from '../job/job.ts';

/** As commander hands them over. */
export interface SharedFlags {
  json?: boolean;
  envFile?: string;
}

/** What a bot of a directory is picked by. */
export interface BotFlag {
  bot?: string;
}

/** `--bot`, of every command that takes a directory of bots. */
export function botOption(): Option {
  return new Option('--bot <NAME>', 'with a directory: this bot alone');
}

/** Why a flag for many bots is refused. */
export function forDirectory(flag: string, envFile: string | null): string {
  const given = envFile === null ? 'none is given' : `${JSON.stringify(envFile)} is none`;
  return `error: ${flag} is for a directory of bots as --env-file, and ${given}`;
}

export const envFileHelp =
  'read settings from FILE, or from each NAME.env of a\ndirectory of bots; the environment comes first';

/** The last two flags of every command. @param shown what stands on stdout with `--json`, as one object */
export function withShared(command: Command, shown = 'the result', envFile = envFileHelp): Command {
  return command.option('--json', `print ${shown} as one JSON object on stdout`).option('--env-file <FILE>', envFile);
}

export function sharedOf({ json = false, envFile }: SharedFlags): { json: boolean; envFile: string | null } {
  return { json, envFile: envFile ?? null };
}

/** `--job`, which may be given again. */
export function jobsOption(jobs: readonly Job[]): Option {
  return new Option('--job <JOB>', 'this job alone; may be given again').argParser(
    (name: string, before: Job[] | undefined) => {
      const job = jobs.find((known) => known.name === name);
      if (job === undefined) throw new InvalidArgumentError(`expected ${jobs.map((known) => known.name).join(', ')}.`);
      return [...new Set([...(before ?? []), job])];
    },
  );
}
